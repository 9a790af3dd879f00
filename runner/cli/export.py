"""``shisa export``: a waiting step as text, for a reviewer who shares no journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, desk, say
from runner.cli.lookup import add_run, one_run
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Write the step that waits as text for somebody who shares no journal: by mail, by chat, by file."
EXAMPLE = "  shisa export last --out request.txt     then `shisa import last decision.txt`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP", nargs="?", help="the step, where several wait")
    parser.add_argument("--out", metavar="FILE", type=Path, help="a file to write (default: stdout, to be pasted)")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the request."""
    from runner.cli.sources import write_text
    from runner.engine.fold.state import fold
    from runner.engine.ports import wall_clock
    from runner.review.exchange import export_request
    from runner.review.requests import requests_of

    at = desk(arguments, readonly=True)
    records = one_run(at.journal, arguments.run)
    state = fold(records)
    asked = requests_of(records, at.config.config, wall_clock())
    waits = [one.request.step for one in asked if one.state in {"waiting", "approved"}]
    waits += [path for path, step in state.steps.items() if step.question is not None and step.answer is None]
    step = arguments.step or (waits[-1] if waits else None)
    if step is None:
        raise UsageError(f"run {state.run} waits for nobody", hint=f"`shisa show {state.run}` tells where it stands")
    write_text(export_request(at.journal.records(), state.run, step, at.journal.head()), arguments.out)
    told = arguments.out or "this text"
    asks = "review" if step in {one.request.step for one in asked} else "answer"
    say(
        f"send {told} to whoever decides {step}; they run: shisa {asks} --request FILE --out decision.txt\n"
        f"  next: shisa import {state.run} decision.txt"
    )
    return 0
