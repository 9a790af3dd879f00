"""``shisa export``: what waits for somebody as text, for whoever shares no journal."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, desk, say
from runner.cli.lookup import add_run, one_run
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Loaded
    from runner.engine.fold.state import State
    from runner.engine.fold.step_state import StepState
    from runner.journal.record import Record

HELP = (
    "Write what waits as text for somebody who shares no journal, by mail, by chat, by file: a step that asks for an "
    "approval, an answer or a waiver, or a broken glass that nobody has looked at."
)
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
    from runner.review.exchange import export_request

    at = desk(arguments, readonly=True)
    records = one_run(at.journal, arguments.run)
    state = fold(records)
    waits = _waits(state, records, at.config)
    step = arguments.step or next(reversed(waits), None)
    if step not in waits:
        which = f"step {step} of run {state.run}" if step else f"run {state.run}"
        raise UsageError(f"{which} waits for nobody", hint=f"`shisa show {state.run}` tells where it stands")
    write_text(export_request(at.journal.records(), state.run, step, at.journal.head()), arguments.out)
    say(
        f"send {arguments.out or 'this text'} to whoever decides {step or 'it'}; they run: "
        f"shisa {waits[step]} --request FILE --out decision.txt\n  next: shisa import {state.run} decision.txt"
    )
    return 0


def _finding(step: StepState) -> str:
    """Name what keeps a step's gate shut as it is typed; one of several is the waiver's choice."""
    from runner.engine.guard.waivable import closing_names

    asked = step.after or step.before
    names = () if asked is None else closing_names(asked.evidence)
    return shlex.quote(names[0]) if len(names) == 1 else "FINDING"


def _waits(state: State, records: list[Record], config: Loaded) -> dict[str | None, str]:
    """Tell what waits, the newest last, each with what a second person runs; None stands for the run as a whole."""
    from runner.engine.ports import wall_clock
    from runner.review.afterwards import post_review
    from runner.review.requests import requests_of
    from runner.review.rules_then import rules_then

    asked = requests_of(records, config.config, wall_clock())
    looked = post_review(records, config.config, rules_then(config))
    open_ = looked is not None and looked.state == "open"
    glass: dict[str | None, str] = {None: "post-review --note TEXT"} if open_ else {}
    steps = {}.items() if state.closed is not None else state.steps.items()
    return {
        **glass,
        **{path: f"waive {_finding(step)} --reason WHY --until TIME" for path, step in steps if step.closed_by_guards},
        **{one.request.step: "review" for one in asked if one.state in {"waiting", "approved"}},
        **{path: "answer" for path, step in steps if step.question is not None and step.answer is None},
    }
