"""Guards while a step runs: the effect works in a thread of its own, this thread polls, journals and asks.

On a breach ``stop`` cancels the effect: libpq's cancel request first, then a look whether the backend still works,
then its end; a child program goes with its whole process group. ``ask`` asks the operator and takes no answer for
stop. ``pause`` holds a loop between two iterations until its guard is content again, or gives up.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from checks.duration import parse_duration
from runner.engine.asking import ask_all
from runner.engine.loops import loop_of
from runner.errors import GateClosedError, RunEndedError
from runner.journal.events import GuardSampled, StepEnded
from runner.postgres.ending import end_backend
from runner.runbook.model import GuardUse, step_of

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.evidence import Evidence
    from runner.steps.base import Effect, Perform

Result = TypeVar("Result")

_EVERY = "5s"
"""How often a guard is asked that does not say it."""
_PATIENCE = "1h"
"""How long a loop is paused by a guard that does not say when it gives up, also one that cannot look."""
_TICK = 0.05
"""Seconds that this thread waits for a call of the effect before it looks at the clock."""


def guards_during(session: Session, path: str) -> tuple[GuardUse, ...]:
    """Tell the guards that watch a step; an iteration is watched by those of its loop too."""
    found: tuple[GuardUse, ...] = ()
    for each in (path, loop_of(path)):
        entered = None if each is None else session.state.step(each).entered
        if entered is not None:
            found += step_of(entered.rendered).guards.during
    return found


def watch(
    session: Session, path: str, effect: Effect, perform: Perform, uses: Sequence[GuardUse]
) -> tuple[StepEnded, str | None]:
    """Run an effect while its guards are polled; gives its outcome, and the sentence of the guard that objected."""
    desk = _Desk()
    watched = _Watched()
    own = dataclasses.replace(
        effect,
        intend=lambda xid, kept=None: desk.call(lambda: effect.intend(xid, kept)),
        capture=lambda name, value: desk.call(lambda: effect.capture(name, value)),
        tell=lambda text: desk.call(lambda: effect.tell(text)),
        progress=lambda text: desk.call(lambda: effect.progress(text)),
        measure=lambda check, given: desk.call(lambda: effect.measure(check, given)),
        connect=lambda *, purpose="": watched.keep(effect.connect(purpose=purpose)),
        started=watched.children.append,
    )
    due = {number: 0.0 for number, use in enumerate(uses) if use.on_breach != "pause"}
    breach: str | None = None
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(perform, own)
        try:
            while not running.done():
                desk.serve(_TICK)
                for number in [each for each, at in due.items() if at <= time.monotonic()]:
                    use = uses[number]
                    due[number] = time.monotonic() + parse_duration(use.every or _EVERY).total_seconds()
                    if breach is None and (breach := _breach(session, path, use)):
                        watched.cancel()
        except BaseException:
            watched.cancel()
            desk.serve_until(running)
            raise
        desk.serve_until(running)
    ended = running.result()
    if breach is None or ended.outcome == "done":
        return ended, breach
    outcome = "cancelled" if ended.outcome == "failed" else ended.outcome
    return msgspec.structs.replace(ended, outcome=outcome, message=f"stopped by a guard; {ended.message}"), breach


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
                raise RunEndedError(session.state.closed.state)
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


def _breach(session: Session, path: str, use: GuardUse) -> str | None:
    """Ask one guard; the sentence for which the effect must stop, or None."""
    evidence = _sample(session, path, use)
    if not evidence.verdict.closes:
        return None
    if use.on_breach == "ask" and session.operator.carry_on(path, evidence.message):
        return None
    return evidence.message


def _sample(session: Session, path: str, use: GuardUse) -> Evidence:
    (evidence,) = ask_all(session, path, (use,), "during")
    session.append(GuardSampled(evidence=evidence.as_json()), path)
    return evidence


class _Desk:
    """Carries calls of the effect's thread to the thread that owns the journal and the terminal."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()

    def call(self, job: Callable[[], Result]) -> Result:
        """Have a job done by the other thread, and wait for its result or exception."""
        done: Future[Result] = Future()
        self._jobs.put((job, done))
        return done.result()

    def serve(self, seconds: float) -> None:
        """Do one job, if there is one within this time."""
        with contextlib.suppress(queue.Empty):
            job, done = self._jobs.get(timeout=seconds)
            try:
                done.set_result(job())
            except BaseException as error:  # noqa: BLE001 - it is raised where the job came from
                done.set_exception(error)

    def serve_until(self, running: Future[Any]) -> None:
        """Do jobs until the effect has ended."""
        while not running.done():
            self.serve(_TICK)


class _Watched:
    """What an effect has opened, so that all of it can be ended from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: list[Any] = []
        self.children: list[Any] = []

    def keep(self, connection: Any) -> Any:
        """Remember a connection that the effect opened."""
        with self._lock:
            self._connections.append(connection)
        return connection

    def cancel(self) -> None:
        """End what runs: cancel each backend, look, terminate; end each child's process group."""
        from runner.postgres.clients import end_group

        for child in self.children:
            end_group(child)
        for connection in self._open():
            end_backend(connection)

    def _open(self) -> Iterator[Any]:
        with self._lock:
            yield from [connection for connection in self._connections if not connection.closed]
