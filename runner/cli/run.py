"""``shisa run``: step through a runbook."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.common import Desk, add_config, add_format, add_person, desk, person, say
from runner.cli.plan import add_params, target_map

if TYPE_CHECKING:
    import argparse

    from runner.engine.begin.seat import Seat
    from runner.engine.people.windows import Window
    from runner.engine.ports import Observer, Operator
    from runner.engine.session import Session
    from runner.engine.stepping import Ending
    from runner.journal.record import Record
    from runner.review.identity import Identity
    from runner.runbook.model import Param
    from runner.runbook.plan import Plan

HELP = "Step through a runbook: guards measure before each step, a second person signs what is destructive."
EXAMPLE = "  shisa run runbooks/clone-environment.yaml -p backup=env_a.dump --target live=staging"

_NEXT = {
    "completed": "shisa report {run}",
    "blocked": "shisa resume {run} measures again; shisa abort {run} ends it",
    "aborted": "shisa show {run} tells who ended it",
    "taken": "nothing here: another program goes on with it",
    "stopped": "shisa resume {run} goes on from here; shisa abort {run} ends it",
    "failed": "shisa show {run} tells what happened; shisa resume {run} tries the step again; "
    "shisa rollback {run} takes back what is done",
    "rejected": "shisa resume {run} asks for approval again; shisa abort {run} ends it",
    "waiting": "shisa status tells who must act, shisa export {run} writes it for somebody who shares no journal; "
    "shisa resume {run} goes on when they have",
    "unknown": "look at the target, then shisa resolve {run} STEP done|not-done --reason WHY",
    "rolled-back": "shisa report {run}",
    "rollback-failed": "look at the target; shisa rollback {run} goes on from the step that failed, "
    "shisa resolve {run} STEP done --reason WHY where you have taken it back by hand",
}
"""State in which the program lets go of a run → what the operator does next."""
_UNTOLD = {"taken", "aborted"}
"""States in which the program wrote no line of its own any more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runbook", metavar="RUNBOOK", type=Path)
    add_params(parser)
    parser.add_argument(
        "--break-glass",
        action="store_true",
        help="open it although nobody could approve a step; nothing is skipped yet",
    )
    add_window(parser)
    add_talk(parser)
    add_config(parser)
    add_person(parser)


def add_window(parser: argparse.ArgumentParser) -> None:
    """Add ``--not-before`` and ``--not-after``."""
    parser.add_argument(
        "--not-before", metavar="TIME", help="ask for a window: from when steps may start, 02:00 or 2026-11-24T02:00Z"
    )
    parser.add_argument("--not-after", metavar="TIME", help="until when steps may start")


def window_of(arguments: argparse.Namespace) -> Window | None:
    """Read the window that the command line names, and say which one was understood.

    Raises UsageError.
    """
    from runner.engine.people.windows import parse_window, told
    from runner.engine.ports import wall_clock

    now = wall_clock()
    window = parse_window(arguments.not_before, arguments.not_after, now)
    if window is not None:
        say(f"window: {told(window, now)}")
    return window


def add_talk(parser: argparse.ArgumentParser) -> None:
    """Add what says how the run talks: ``--detach``, ``--answers``, ``--format``."""
    parser.add_argument("--detach", action="store_true", help="leave the run when it waits for a person (exit 6)")
    parser.add_argument(
        "--answers", metavar="FILE", type=Path, help="answers by step, for tests and rehearsals; never approvals"
    )
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Open a run and step through it; the exit code tells how it was left (DESIGN §5)."""
    from runner.config.plugins import use_plugins
    from runner.engine.begin.opening import open_run

    at = desk(arguments, runbook=arguments.runbook)
    who = person(arguments, at.config)
    use_plugins(at.config.config)
    plan = planned(arguments)
    targets = target_map(arguments, plan)
    refuse_errors(plan, at)
    need_answers(arguments)
    seat = seat_of(arguments, at, who, window_of(arguments))
    session = open_run(seat, plan, targets, break_glass=arguments.break_glass)
    return left(session, arguments)


def left(session: Session, arguments: argparse.Namespace, *, back: bool = False) -> int:
    """Step through an open run, or take it back, and say how it was left and what to do next."""
    from runner.engine.stepping import step_through

    with _telling(session):
        ending = step_through(session, back=back)
    code = 0 if back and ending.state == "rolled-back" else ending.exit_code
    if arguments.format == "json":
        summary = {"event": "run.summary", "run": session.run, "state": ending.state, "exit_code": code}
        sys.stdout.write(json.dumps(summary) + "\n")
    else:
        say(_last_words(session, ending))
    return code


@contextlib.contextmanager
def _telling(session: Session) -> Iterator[None]:
    """Tell people what they are waited for, as long as the run goes on here."""
    from runner.notify.companion import Companion, needed

    if not needed(session.config.config):
        yield
        return
    companion = Companion(session.config, session.run, session.person, session.clock)
    session.observers = (*session.observers, companion.observe)
    with companion:
        yield
    for each in companion.untold:
        say(f"NOT NOTIFIED {each}; `shisa notify` tries again")


def seat_of(arguments: argparse.Namespace, at: Desk, who: Identity, window: Window | None) -> Seat:
    """Sit the person down at the journal, as the command line says."""
    from runner.engine.begin.seat import Seat
    from runner.engine.ports import wall_clock

    operator, observers = talk(arguments)
    return Seat(
        journal=at.journal,
        config=at.config,
        person=who.person,
        key=who.key,
        operator=operator,
        clock=wall_clock,
        observers=observers,
        unattended=arguments.answers is not None,
        detach=arguments.detach,
        window=window,
    )


def talk(arguments: argparse.Namespace) -> tuple[Operator, tuple[Observer, ...]]:
    """Choose who answers, a person or a file, and who is told: the terminal, or JSON lines on stdout.

    Where there is neither a file nor a terminal nobody answers, and the first question stops the run.
    """
    from runner.engine.ports import Answers
    from runner.terminal.console import console
    from runner.terminal.operator import TerminalOperator
    from runner.terminal.prompts import Prompter, at_terminal

    terminal = TerminalOperator(console("stderr"), Prompter())
    observers: tuple[Observer, ...] = (_write if arguments.format == "json" else terminal.observe,)
    if arguments.answers is not None:
        return Answers(_answers(arguments.answers), say), observers
    return (terminal if at_terminal() else Answers({}, say)), observers


def need_answers(arguments: argparse.Namespace) -> None:
    """Make sure that somebody can answer; a piped answer never counts.

    Raises UsageError without a terminal, unless a file answers or ``--detach`` says that the run may be left.
    """
    from runner.terminal.prompts import demand_terminal

    if arguments.answers is None and not arguments.detach:
        demand_terminal()


def planned(arguments: argparse.Namespace) -> Plan:
    """Load the runbook and plan it; parameters that are missing are asked for at the terminal."""
    from runner.runbook.expand import plan_of
    from runner.runbook.load import load
    from runner.runbook.params import params_file, parse_pairs, resolve

    loaded = load(arguments.runbook)
    given = {**(params_file(arguments.params) if arguments.params else {}), **parse_pairs(arguments.param)}
    asked = prompt if sys.stdin.isatty() and sys.stdout.isatty() and arguments.answers is None else None
    return plan_of(loaded, resolve(loaded.runbook.params, given, prompt=asked))


def prompt(name: str, param: Param) -> str:
    """Ask for a parameter's value; a secret is not shown while it is typed."""
    from runner.terminal.prompts import Prompter

    question = f"{name} ({param.type}{': ' + param.description if param.description else ''}):"
    prompter = Prompter()
    return prompter.secret(question) if param.type == "secret" else prompter.text(question)


def refuse_errors(plan: Plan, at: Desk) -> None:
    """Refuse a runbook that ``shisa validate`` calls wrong: what CI refuses is not run by hand either.

    Whether people could satisfy its policies is judged as the run opens, for this operator and a glass to be broken.
    """
    from runner.cli.plan import errors_of
    from runner.errors import RunbookError

    problems = [one for one in errors_of(plan, at.config.config) if one["rule"] != "policy-unsatisfiable"]
    if problems:
        first = problems[0]
        raise RunbookError(
            f"{first['file']}:{first['line']}: {first['message']} [{first['rule']}]",
            hint=f"`shisa validate {first['file']}` lists all {len(problems)}; nothing was begun",
        )


def _answers(path: Path) -> dict[str, str]:
    from runner.errors import UsageError
    from runner.runbook.params import params_file

    answers: dict[str, Any] = params_file(path)
    for step, answer in answers.items():
        if not isinstance(answer, str):
            hint = "go, done, skip, stop, remedy, or the choice of a question"
            raise UsageError(f"{path}: the answer for {step} is {answer!r}", hint=hint)
    return answers


def _write(record: Record) -> None:
    from runner.journal.codec import envelope

    sys.stdout.write(json.dumps(envelope(record), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _last_words(session: Session, ending: Ending) -> str:
    """Name the state and what to do, and the reason where no line above tells it."""
    from runner.review.afterwards import post_review

    hint = "" if ending.hint is None else f"\n  hint: {ending.hint}"
    standing = "".join(f"\n  {line}" for line in ending.standing)
    next_ = _NEXT[ending.state].format(run=session.run)
    why = f": {ending.reason}" if ending.state in _UNTOLD else ""
    look = f"; a second person looks at the broken glass: shisa post-review {session.run}"
    looked = post_review(session.records, session.config.config)
    glass = look if looked is not None and looked.state == "open" else ""
    return f"run {session.run} is {ending.state}{why}{hint}{standing}\n  next: {next_}{glass}"
