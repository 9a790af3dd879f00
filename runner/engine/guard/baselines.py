"""A run's baselines: attachments of the journal, found through the evidence of the guards that captured them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from checks.base import CannotAskError
from runner.baseline import Kept
from runner.errors import JournalError
from runner.journal.events import GuardsAsked, StepEnded

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.journal.record import Record


class RunBaselines:
    """The baselines of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, content: bytes) -> str:
        """Keep content durably, before the journal names it. Raises CannotAskError."""
        try:
            return self._session.journal.attach(content)
        except JournalError as error:
            raise CannotAskError(f"the baseline could not be kept: {error.message}") from None

    def find(self, target: str, about: str) -> Kept:
        """Find the newest baseline by the run's journal. Raises CannotAskError."""
        for record in reversed(self._session.records):
            for known, where, at in self._captured(record):
                if (known.get("mode"), known.get("about"), where) == ("capture", about, target):
                    return self._read(record.step or "", at, known["sha256"])
        raise CannotAskError("nothing earlier in this run has captured a baseline of this check on this target")

    def _captured(self, record: Record) -> Iterator[tuple[dict[str, Any], str | None, str]]:
        """Give what a guard, or a step as its outcome, says of baselines; each with its target and when."""
        match record.body:
            case GuardsAsked(evidence=found):
                yield from ((one.get("baseline", {}), one["target"], one["taken_at"]) for one in found)
            case StepEnded(outcome="done", detail={"baseline": known}):
                entered = self._session.state.step(record.step or "").entered
                yield known, None if entered is None else entered.target, record.at

    def _read(self, step: str, at: str, sha256: str) -> Kept:
        try:
            return Kept(step, at, sha256, self._session.journal.attached(sha256))
        except JournalError as error:
            raise CannotAskError(f"the baseline of step {step} cannot be read: {error.message}") from None


class NoBaselines:
    """What a preflight asks with: a guard may look as if it captured, and nothing is kept or found."""

    def keep(self, content: bytes) -> str:
        """Tell the digest that the content would have."""
        return hashlib.sha256(content).hexdigest()

    def find(self, target: str, about: str) -> Kept:
        """Say that there is no run yet."""
        raise CannotAskError("a baseline is captured by the run, which has not begun")
