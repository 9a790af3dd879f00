"""``shisa resume``: take up a run that waits, was stopped or was interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.cli.common import add_config, add_person, desk, person
from runner.cli.lookup import add_run, one_run
from runner.cli.run import add_talk, add_window, left, need_answers, prompt, refuse_errors, seat_of, window_of

if TYPE_CHECKING:
    import argparse

    from runner.engine.people.windows import Window
    from runner.engine.session import Session

HELP = "Take up a run that waits, was stopped or was interrupted; guards and identity are asked again."
EXAMPLE = """\
  shisa resume 261123-4f2a1c
  shisa resume last"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_again(parser)
    add_window(parser)
    parser.add_argument(
        "--accept-changes",
        action="store_true",
        help="go on with the files, and each target's role and timeline, as they are now: the difference is shown, "
        "steps that were begun must be unchanged, approvals not used yet are void",
    )


def add_again(parser: argparse.ArgumentParser) -> None:
    """Add what a command needs that takes up a run: the run, its secrets, and how it talks."""
    add_run(parser)
    parser.add_argument(
        "-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="a secret of the run, given again"
    )
    add_talk(parser)
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Resume the run; the exit code tells how it was left."""
    return left(taken_up(arguments, window_of(arguments), accept=arguments.accept_changes), arguments)


def taken_up(arguments: argparse.Namespace, window: Window | None = None, *, accept: bool = False) -> Session:
    """Take the run up in this process; ``accept`` takes its files as they are now."""
    from runner.engine.begin.opening import resume_run
    from runner.engine.fold.state import fold
    from runner.runbook.model import Param
    from runner.runbook.params import parse_pairs, resolve
    from runner.runbook.values import Secret
    from runner.terminal.prompts import at_terminal

    at = desk(arguments)
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    if state.closed is None:
        need_answers(arguments)
    seat = seat_of(arguments, at, who, window)
    given = parse_pairs(arguments.param)
    asking = at_terminal() and arguments.answers is None
    names = [*given, *(_secrets(state.opened.params) if asking else ())]
    declared = {name: Param(type="secret", description="of the run, which the journal does not hold") for name in names}
    secrets = resolve(declared, given, prompt=prompt if asking else None)
    return resume_run(
        state.run,
        seat,
        secrets_given={name: value for name, value in secrets.items() if isinstance(value, Secret)},
        accept_changes=(lambda plan: refuse_errors(plan, at)) if accept else None,
    )


def _secrets(params: Mapping[str, Any]) -> list[str]:
    """Name the parameters of a run whose values the journal does not hold."""
    return [name for name, value in params.items() if isinstance(value, dict)]
