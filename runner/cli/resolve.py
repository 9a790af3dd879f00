"""``shisa resolve``: settle a step whose outcome nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.cli.note import worded
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from runner.engine.fold.state import State

HELP = "Say whether a step happened whose outcome nobody knows, after looking at the target."
EXAMPLE = '  shisa resolve 261123-4f2a1c restore done --reason "all 100 rows are there, counted in psql"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("outcome", choices=("done", "not-done"), help="what you saw on the target")
    parser.add_argument("--reason", metavar="WHY", required=True, help="how you know")
    parser.add_argument(
        "--program-ended",
        action="store_true",
        help="you made sure that the program that ran the step is gone, and `shisa resume` cannot ask the target",
    )
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Journal what the operator saw; `shisa resume` goes on from there."""
    from runner.engine.fold.state import fold
    from runner.journal.events import StepResolved

    reason = worded(arguments.reason, "the reason")
    at = desk(arguments)
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    _refuse(state, arguments.step, who.person, ended=arguments.program_ended)
    body = StepResolved(outcome=arguments.outcome, reason=reason)
    at.journal.append(body, run=state.run, step=arguments.step, person=who.person)
    happened = "happened" if arguments.outcome == "done" else "did not happen"
    say(f"{arguments.step} of {state.run} {happened}, says {who.person}\n  next: shisa resume {state.run}")
    return 0


def _refuse(state: State, step: str, who: str, *, ended: bool) -> None:
    run = state.run
    if state.closed is not None:
        raise UsageError(f"run {run} has ended: {state.closed.state}", hint=f"`shisa show {run}` tells how")
    if who != state.operator:
        raise UsageError(
            f"run {run} belongs to {state.operator}, not to {who}", hint="only its operator settles a step"
        )
    unknown = [path for path, each in state.steps.items() if each.outcome == "unknown"]
    if state.rollback is not None and step in state.rollback and state.step(step).outcome == "failed":
        return  # somebody has taken it back by hand
    if step not in unknown:
        raise UsageError(
            f"the outcome of {step} of run {run} is not unknown: {state.step(step).outcome or 'it was not begun'}",
            hint=f"unknown are: {', '.join(unknown) or 'none'}",
        )
    if not ended and (state.paused is None or state.paused.state != "unknown"):
        raise UsageError(
            f"{step} of run {run} may still be under way, or PostgreSQL may know what became of it",
            hint=f"`shisa resume {run}` finds out; where it cannot, say --program-ended",
        )
