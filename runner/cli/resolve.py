"""``shisa resolve``: settle a step whose outcome nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import Desk, add_config, add_person, desk, person, say
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
        help="you made sure that the program that ran the step is gone, and the target cannot be asked",
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
    _refuse_at_work(state, arguments.step, at, ended=arguments.program_ended)
    body = StepResolved(outcome=arguments.outcome, reason=reason)
    at.journal.append(body, run=state.run, step=arguments.step, person=who.person)
    happened = "happened" if arguments.outcome == "done" else "did not happen"
    say(f"{arguments.step} of {state.run} {happened}, says {who.person}\n  next: shisa resume {state.run}")
    return 0


def _refuse(state: State, step: str, who: str, *, ended: bool) -> None:
    run = state.run
    state.require_open()
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


def _refuse_at_work(state: State, step: str, at: Desk, *, ended: bool) -> None:
    """Refuse as long as anything of the step is seen at work: what it will have done, nobody has looked at yet."""
    from runner.engine.target.ghosts import in_words, look_around
    from runner.engine.target.holders import who_took_up
    from runner.journal.attachments import attachments_of
    from runner.steps.outliving import mark_of

    folder = attachments_of(at.config.config.journal, at.config.folder).folder
    if mark_of(folder, state.run, step).at_work():
        raise UsageError(
            f"the program of {step} is still at work on this machine", hint="wait for it or end it, then look once more"
        )
    name = state.step(step).target
    for place in look_around(at.config.config, [each for each in state.opened.targets if name in {None, each.name}]):
        for ghost in place.of(state.run):
            raise UsageError(
                f"{step} may still be under way: {in_words(place.target, ghost)}: {who_took_up(state.run, at.journal)}",
                hint="stop that program, or end its session there: "
                f"SELECT pg_terminate_backend({ghost.pid}); then look once more",
            )
        if place.unknown is not None and not ended:
            raise UsageError(
                f"nobody can tell whether {step} is still under way: {place.target}: {place.unknown}",
                hint="make sure that the program that ran it is gone, then say --program-ended",
            )
