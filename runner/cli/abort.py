"""``shisa abort``: end a run that shall not go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import Desk, add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.cli.note import worded
from runner.errors import OutcomeUnknownError, UsageError

if TYPE_CHECKING:
    import argparse

    from runner.engine.fold.state import State
    from runner.journal.record import Record
    from runner.review.identity import Identity

HELP = "End a run for good, as its operator; what its steps did stays as it is, and open requests end with it."
EXAMPLE = '  shisa abort 261123-4f2a1c --reason "the tenant wants the old data after all"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("--reason", metavar="WHY", required=True)
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Close the run as aborted, signed where the operator has a key."""
    from runner.engine.begin.closing import closing
    from runner.engine.fold.state import fold
    from runner.engine.ports import wall_clock

    reason = worded(arguments.reason, "the reason")
    at = desk(arguments)
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    _refuse(state, who)
    body = closing(
        run=state.run,
        state="aborted",
        reason=reason,
        person=who.person,
        key=who.key,
        head=at.journal.head(),
        now=wall_clock(),
    )
    closed = at.journal.append(body, run=state.run, step=None, person=who.person)
    _tell_of_races(at, state, closed)
    say(f"run {state.run} is aborted{'' if who.key else ', unsigned'}: {reason}")
    return 0


def _refuse(state: State, who: Identity) -> None:
    run = state.run
    state.require_open()
    if who.person != state.operator:
        raise UsageError(
            f"run {run} belongs to {state.operator}, not to {who.person}", hint="only its operator ends a run"
        )
    if state.opened.signature is not None and who.key is None:
        raise UsageError(
            f"run {run} was opened with a signature, so its end is signed, too", hint="give --key, or load an agent"
        )
    unknown = [path for path, step in state.steps.items() if step.outcome == "unknown"]
    if unknown:
        raise OutcomeUnknownError(
            f"run {run} cannot end while nobody knows whether {unknown[0]} happened",
            hint=f"look at the target, then `shisa resolve {run} {unknown[0]} done|not-done --reason WHY`",
        )


def _tell_of_races(at: Desk, state: State, closed: Record) -> None:
    """Say so where the run's own program began a step between the look and the end."""
    from runner.journal.events import StepIntended

    for record in at.journal.records(run=state.run, after=state.last_seq):
        if record.seq < closed.seq and isinstance(record.body, StepIntended):
            raise OutcomeUnknownError(
                f"run {state.run} is aborted, but its program began {record.step} at the same moment",
                hint="stop that program, and look at the target whether the step happened",
            )
