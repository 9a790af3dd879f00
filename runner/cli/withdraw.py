"""``shisa withdraw``: take an approval back before the step starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.cli.note import worded
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Take your approval of a step back, as long as the step has not started."
EXAMPLE = '  shisa withdraw 261123-4f2a1c restore --reason "the backup is older than I thought"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("--reason", metavar="WHY", required=True)
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Journal the withdrawal; the request ends with it, and the step has to be asked for again."""
    from runner.engine.ports import wall_clock
    from runner.review.decide import withdraw
    from runner.review.requests import requests_of

    reason = worded(arguments.reason, "the reason")
    at = desk(arguments)
    who = person(arguments, at.config)
    records = one_run(at.journal, arguments.run)
    name = records[0].run
    asked = requests_of(records, at.config.config, wall_clock())
    mine = [one for one in asked if one.request.step == arguments.step]
    if not mine:
        steps = ", ".join(dict.fromkeys(one.request.step for one in asked))
        raise UsageError(
            f"step {arguments.step} of run {name} asked for no approval", hint=f"steps that did: {steps or 'none'}"
        )
    withdraw(at.journal, mine[-1], person=who.person, reason=reason)
    say(f"{arguments.step} of {name}: approval withdrawn by {who.person}; the step is not started without a new one")
    return 0
