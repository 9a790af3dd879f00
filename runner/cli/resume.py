"""``shisa resume``: take up a run that waits, was stopped or was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person
from runner.cli.lookup import add_run, one_run
from runner.cli.run import add_talk, add_window, left, need_answers, talk, window_of

if TYPE_CHECKING:
    import argparse

    from runner.engine.session import Session
    from runner.engine.windows import Window

HELP = "Take up a run that waits, was stopped or was interrupted; guards and identity are asked again."
EXAMPLE = "  shisa resume 261123-4f2a1c"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_again(parser)
    add_window(parser)


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
    return left(taken_up(arguments, window_of(arguments)), arguments)


def taken_up(arguments: argparse.Namespace, window: Window | None = None) -> Session:
    """Take the run up in this process."""
    from runner.engine.opening import resume_run
    from runner.engine.ports import wall_clock
    from runner.engine.state import fold
    from runner.runbook.model import Param
    from runner.runbook.params import parse_pairs, resolve
    from runner.runbook.values import Secret

    at = desk(arguments)
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    if state.closed is None:
        need_answers(arguments)
    operator, observers = talk(arguments)
    given = parse_pairs(arguments.param)
    secrets = resolve({name: Param(type="secret") for name in given}, given)
    return resume_run(
        state.run,
        journal=at.journal,
        config=at.config,
        person=who.person,
        key=who.key,
        operator=operator,
        clock=wall_clock,
        secrets_given={name: value for name, value in secrets.items() if isinstance(value, Secret)},
        observers=observers,
        detach=arguments.detach,
        unattended=arguments.answers is not None,
        window=window,
    )
