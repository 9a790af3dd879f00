"""Guards while a step runs: what is polled, and what its objection means.

On a breach ``stop`` ends the effect. ``ask`` asks the operator and takes no answer for stop. ``pause`` holds a loop
between two iterations until its guard is content again, or gives up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from checks.duration import parse_duration
from runner.engine.fold.loops import loop_of
from runner.engine.guard.asking import ask_all
from runner.errors import GateClosedError
from runner.journal import turns
from runner.journal.events import GuardSampled
from runner.runbook.model import GuardUse, step_of

if TYPE_CHECKING:
    from runner.engine.effect.stopping import Signals
    from runner.engine.session import Session
    from runner.evidence import Evidence

_EVERY = "5s"
"""How often a guard is asked that does not say it."""
_PATIENCE = "1h"
"""How long a loop is paused by a guard that does not say when it gives up, also one that cannot look."""


def guards_during(session: Session, path: str) -> tuple[GuardUse, ...]:
    """Tell the guards that watch a step; an iteration is watched by those of its loop too."""
    found: tuple[GuardUse, ...] = ()
    for each in (path, loop_of(path)):
        entered = None if each is None else session.state.step(each).entered
        if entered is not None:
            found += step_of(entered.rendered).guards.during
    return found


def hold(session: Session, path: str, uses: Sequence[GuardUse]) -> None:
    """Hold a loop before an iteration while a ``pause`` guard objects, and say why each time the reason is another.

    Raises GateClosedError when a guard gave up; the loop can be resumed.
    """
    for use in uses:
        if use.on_breach != "pause":
            continue
        evidence = _sample(session, path, use)
        begun, patience, told = time.monotonic(), use.give_up_after or _PATIENCE, ""
        while evidence.verdict.closes:
            if time.monotonic() - begun > parse_duration(patience).total_seconds():
                raise GateClosedError(
                    f"{path}: {use.check} did not recover within {patience}: {evidence.message}",
                    hint="resume the run when it has; the iterations done stay done",
                )
            if evidence.message != told:
                session.operator.tell(f"paused before {path}, for {patience} at most: {evidence.message}")
                told = evidence.message
            time.sleep(parse_duration(use.every or _EVERY).total_seconds())
            session.refresh()
            if session.state.closed is not None:
                raise turns.ended(session.state.closed.state)
            evidence = _sample(session, path, _recovered(use))


def _recovered(use: GuardUse) -> GuardUse:
    """Give the guard that ends a pause: ``resume_at`` holds other parameters, or another value of the only one."""
    if use.resume_at is None:
        return use
    if isinstance(use.resume_at, dict):
        return msgspec.structs.replace(use, with_={**use.with_, **use.resume_at})
    if len(use.with_) != 1:
        raise GateClosedError(f"{use.check}: resume_at is one value, but `with` names {len(use.with_)} parameters")
    return msgspec.structs.replace(use, with_=dict.fromkeys(use.with_, use.resume_at))


class Watch:
    """The guards that watch one effect; each is asked at its own pace."""

    def __init__(self, session: Session, path: str, signals: Signals) -> None:
        self._session, self._path, self._signals = session, path, signals
        self._uses = [use for use in guards_during(session, path) if use.on_breach != "pause"]
        self._due = [0.0 for _ in self._uses]

    def breach(self) -> str | None:
        """Ask the guards that are due; the sentence for which the effect must stop, or None."""
        for number, use in enumerate(self._uses):
            if self._due[number] > time.monotonic():
                continue
            self._due[number] = time.monotonic() + parse_duration(use.every or _EVERY).total_seconds()
            evidence = _sample(self._session, self._path, use)
            if evidence.verdict.closes and not (use.on_breach == "ask" and self._go_on(evidence.message)):
                return evidence.message
        return None

    def _go_on(self, breach: str) -> bool:
        with self._signals.raised():
            try:
                return self._session.operator.carry_on(self._path, breach)
            except (KeyboardInterrupt, EOFError):
                return False


def _sample(session: Session, path: str, use: GuardUse) -> Evidence:
    (evidence,) = ask_all(session, path, (use,), "during")
    session.append(GuardSampled(evidence=evidence.as_json()), path)
    return evidence
