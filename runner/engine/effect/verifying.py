"""``verify``: ask whether an effect is in place whose outcome nobody knows."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from checks.base import Verdict
from runner.engine.guard.asking import ask_all
from runner.engine.guard.looking import look
from runner.errors import ShisaError
from runner.postgres.clients import at_work
from runner.postgres.connect import short_name
from runner.runbook.model import GuardUse, Step, step_of

if TYPE_CHECKING:
    from runner.engine.session import Session

_SECONDS = 60
"""How long a program may take to look."""


def verified(session: Session, path: str) -> tuple[bool | None, str]:
    """Tell whether a step's effect is in place, and how that is known; None where it stays unknown.

    Nothing is concluded while a backend or the program of the step is still at work.
    """
    entered = session.state.step(path).entered
    step = None if entered is None else step_of(entered.rendered)
    works = session.mark(path).at_work() if step is not None and step.command is not None else False
    if works:
        return None, "the program of this step is still at work on this machine; wait for it, or end it, and resume"
    if entered is None or step is None or (step.verify is None and step.backup is None):
        return None, "look whether it happened, then `shisa resolve`"
    try:
        if _at_work(session, path, entered.target):
            return None, "a backend of this step is still at work on the target; wait for it, or end it, and resume"
        happened, said = _asked(session, path, entered.target, step)
    except ShisaError as error:
        return None, f"verify could not look: {error.message}"
    if happened is False and works is None:
        where = session.mark(path).machine() or "the machine that started it"
        return None, f"{said} so far, but its program may still work on {where}; look there, then `shisa resolve`"
    return happened, said


def _asked(session: Session, path: str, target: str | None, step: Step) -> tuple[bool | None, str]:
    if step.backup is not None and not os.path.lexists(made := session.folder / step.backup.to):
        return False, f"{made} is not there, and a backup is there whole or not at all"
    verify = step.verify
    if verify is None:
        return True, "the file is there, which it is only when it is whole"
    if isinstance(verify, str):
        return _by_query(session, path, target, verify)
    if "check" in verify:
        use = GuardUse(check=verify["check"], with_=verify.get("with", {}))
        (evidence,) = ask_all(session, path, (use,), "after")
        known = evidence.verdict is not Verdict.UNKNOWN
        return (not evidence.verdict.closes) if known else None, f"verify: {evidence.message}"
    return _by_program(verify["command"])


def _by_query(session: Session, path: str, target: str | None, query: str) -> tuple[bool | None, str]:
    table = look(session, path, target, query)
    value = table.rows[0][0] if len(table.rows) == 1 and len(table.columns) == 1 else None
    if not isinstance(value, bool):
        return None, "verify did not answer with one boolean"
    return value, f"verify says that it {'happened' if value else 'did not happen'}"


def _by_program(command: object) -> tuple[bool | None, str]:
    argv = command.get("argv") if isinstance(command, dict) else command
    if not isinstance(argv, (list, tuple)):
        return None, "verify names a program that needs a shell; a person has to look"
    try:
        ran = subprocess.run([str(word) for word in argv], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"verify could not look: {error}"
    if ran.returncode not in {0, 1}:
        return None, f"verify's program ended with {ran.returncode}; 0 says that it happened, 1 that it did not"
    return (
        ran.returncode == 0,
        f"verify's program says that it {'happened' if ran.returncode == 0 else 'did not happen'}",
    )


def _at_work(session: Session, path: str, target: str | None) -> bool:
    found = session.targets.of(target)
    if found is None:
        return False
    with found.connect("shisa/verify") as connection:
        return at_work(connection, short_name(f"shisa/{session.run}/{path}"))
