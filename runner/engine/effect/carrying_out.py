"""Carry an effect out: it works in a thread of its own, this thread polls guards, journals, prompts and hears signals.

Ctrl-C tells what runs and asks; a second one, SIGTERM and SIGHUP end the effect, as a guard that objects does: libpq's
cancel request first, then a look whether the backend still works, then its end; a child program goes with its whole
process group. What cannot be ended is left with an unknown outcome, never waited for without end.
"""

from __future__ import annotations

import dataclasses
import signal
import time
from typing import TYPE_CHECKING, Literal

import msgspec

from runner.engine.effect.desk import Desk, Work
from runner.engine.effect.during import Watch
from runner.engine.effect.stopping import in_words
from runner.errors import JournalError, RunEndedError, RunTakenError, ShisaError
from runner.journal.events import Outcome, StepEnded, StepIntended

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from runner.engine.effect.stopping import Signals
    from runner.engine.session import Session
    from runner.steps.base import Effect, Perform

NEVER_AN_OUTCOME = (JournalError, RunTakenError, RunEndedError)
"""What a step's outcome cannot be: then nothing more is written of the run."""
_TICK = 0.05
"""Seconds that this thread waits for a call of the effect before it looks at the clock."""
_PATIENCE = 30.0
"""Seconds in which an effect that was ended must come back."""
_AGAIN = 1.0
"""Seconds until whatever it began meanwhile is ended, too."""


@dataclasses.dataclass(frozen=True, slots=True)
class Carried:
    """How an effect ended, and why it did not end by itself."""

    ended: StepEnded
    breach: str | None = None
    """The sentence of the guard that objected."""
    stopped: str | None = None
    """The words of the signal that ended it."""


def carry_out(
    session: Session, effect: Effect, perform: Perform, signals: Signals, intended: Sequence[StepIntended]
) -> Carried:
    """Carry an effect out to its end, or to the end that a guard, the operator or a noted signal puts to it.

    ``intended`` has the intent as soon as the effect made one. Raises what the effect raises.
    """
    return _Carrying(session, effect.path, signals, intended).out(effect, perform)


def broken_off(intended: Sequence[StepIntended], error: BaseException) -> StepEnded:
    """Say how an effect ended that raised something.

    What had begun is unknown, until its xid or a person settles it.
    """
    first = (str(error).strip().splitlines() or [""])[0]
    message, detail = f"{type(error).__name__}: {first}", dict[str, str]()
    if isinstance(error, KeyboardInterrupt):
        message = in_words(signal.SIGINT)
    elif isinstance(error, ShisaError):
        message, detail = error.message, error.detail
    if intended:
        return StepEnded(outcome="unknown", message=message, detail=detail)
    outcome: Outcome = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
    return StepEnded(outcome=outcome, message=f"not begun: {message}", detail=detail)


class _Carrying:
    def __init__(self, session: Session, path: str, signals: Signals, intended: Sequence[StepIntended]) -> None:
        self._session, self._path, self._signals, self._intended = session, path, signals, intended
        self._desk, self._work = Desk(), Work()
        self._watch = Watch(session, path, signals)
        self._begun = time.monotonic()
        self._breach: str | None = None
        self._stopped: str | None = None

    def out(self, effect: Effect, perform: Perform) -> Carried:
        own = self._own(effect)
        running = self._desk.start(lambda: perform(own), self._session.worker)
        try:
            came_back = self._until_done(running)
        except BaseException:
            self._work.end()
            self._serve(running, time.monotonic() + _PATIENCE)
            raise
        if not came_back:
            return Carried(self._lost(), self._breach, self._stopped)
        error = running.exception()
        if error is None or isinstance(error, NEVER_AN_OUTCOME) or (self._breach is None and self._stopped is None):
            return self._judged(running.result())
        return self._judged(broken_off(self._intended, error))

    def _own(self, effect: Effect) -> Effect:
        desk, work = self._desk, self._work

        def confirm() -> Literal["done", "stop"]:
            with self._signals.raised():
                return effect.confirm()

        return dataclasses.replace(
            effect,
            look_again=lambda: desk.call(effect.look_again),
            intend=lambda xid, kept=None: desk.work(lambda: effect.intend(xid, kept)),
            attach=lambda content: desk.call(lambda: effect.attach(content)),
            capture=lambda name, value: desk.work(lambda: effect.capture(name, value)),
            tell=lambda text: desk.call(lambda: effect.tell(text)),
            progress=lambda text: desk.call(lambda: effect.progress(text)),
            measure=lambda check, given: desk.call(lambda: effect.measure(check, given)),
            confirm=lambda: desk.call(confirm),
            agreed=lambda: desk.call(effect.agreed),
            connect=lambda *, purpose="": work.keep(effect.connect(purpose=purpose), purpose),
            started=work.started,
            stopping=work.ending.is_set,
            sleep=work.sleep,
        )

    def _until_done(self, running: Future[StepEnded]) -> bool:
        """Serve the effect until it has ended; False where it was ended and does not come back."""
        while not running.done():
            self._desk.serve(_TICK)
            self._hear()
            if self._stopped is None and self._breach is None:
                self._breach = self._watch.breach()
            if self._stopped is not None or self._breach is not None:
                return self._end(running)
        return True

    def _hear(self) -> None:
        heard = self._signals.take()
        if heard == signal.SIGINT and not self._wants_to_stop():
            return
        if heard is not None:
            self._stopped = in_words(heard)

    def _wants_to_stop(self) -> bool:
        took = round(time.monotonic() - self._begun)
        with self._signals.raised():
            try:
                return self._session.operator.break_off(self._path, took, self._work.running())
            except (KeyboardInterrupt, EOFError):
                return True

    def _end(self, running: Future[StepEnded]) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while not running.done() and time.monotonic() < deadline:
            self._work.end()
            self._serve(running, min(deadline, time.monotonic() + _AGAIN))
        return running.done()

    def _serve(self, running: Future[StepEnded], until: float) -> None:
        while not running.done() and time.monotonic() < until:
            self._desk.serve(_TICK)

    def _judged(self, ended: StepEnded) -> Carried:
        if (self._breach is None and self._stopped is None) or ended.outcome == "done":
            return Carried(ended, self._breach, self._stopped)
        outcome = "cancelled" if ended.outcome == "failed" else ended.outcome
        why = self._stopped or "stopped by a guard"
        message = ended.message if why in ended.message else f"{why}; {ended.message}"
        return Carried(msgspec.structs.replace(ended, outcome=outcome, message=message), self._breach, self._stopped)

    def _lost(self) -> StepEnded:
        why = self._stopped or "stopped by a guard"
        left = ", ".join(self._work.running()) or "what it had begun"
        return StepEnded(outcome="unknown", message=f"{why}; it could not be ended, and may still run: {left}")
