"""``shisa withdraw``: take an approval back before the step starts, or is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, person, say
from runner.cli.lookup import add_run
from runner.cli.note import worded
from runner.cli.sources import add_exchange, of_a_stranger, source_of
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Take your approval of a step back, as long as the step may still start by it, or be tried again."
EXAMPLE = '  shisa withdraw 261123-4f2a1c restore --reason "the backup is older than I thought"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser, optional=True)
    parser.add_argument("step", metavar="STEP", nargs="?")
    parser.add_argument("--reason", metavar="WHY", required=True)
    add_exchange(parser)
    add_config(parser)
    add_person(parser)


@of_a_stranger
def run(arguments: argparse.Namespace) -> int:
    """Journal the withdrawal; the request ends with it, and the step has to be asked for again."""
    from runner.engine.ports import wall_clock
    from runner.review.decide import refuse_withdrawal, signed_withdrawal
    from runner.review.requests import requests_of

    reason = worded(arguments.reason, "the reason")
    source = source_of(arguments)
    who = person(arguments, source.config)
    asked = requests_of((one for one in source.records() if one.run == source.run), source.config.config, wall_clock())
    step = arguments.step or (asked[-1].request.step if asked else None)
    mine = [one for one in asked if one.request.step == step]
    if not mine:
        steps = ", ".join(dict.fromkeys(one.request.step for one in asked))
        raise UsageError(
            f"step {step} of run {source.run} asked for no approval", hint=f"steps that did: {steps or 'none'}"
        )
    if source.journal is not None:  # a request's text may be older than the approval; `import` looks
        refuse_withdrawal(mine[-1], who.person, wall_clock())
    body = signed_withdrawal(
        mine[-1].request, person=who.person, key=who.key, reason=reason, head=source.head(), now=wall_clock()
    )
    left = source.hand_in(body, mine[-1].request.step, who.person)
    told = f"{mine[-1].request.step} of {source.run}: approval withdrawn by {who.person}"
    say(f"{told}; the step is not started without a new one{left}")
    return 0
