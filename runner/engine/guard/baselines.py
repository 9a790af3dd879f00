"""A run's baselines: attachments of the journal, found through the evidence of the guards that captured them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from checks.base import CannotAskError
from runner.baseline import Kept
from runner.errors import JournalError
from runner.journal.events import GuardsAsked

if TYPE_CHECKING:
    from runner.engine.session import Session


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
            for evidence in record.body.evidence if isinstance(record.body, GuardsAsked) else ():
                known = evidence.get("baseline", {})
                ours = (known.get("mode"), known.get("about"), evidence["target"]) == ("capture", about, target)
                if ours:
                    return self._read(record.step or "", evidence["taken_at"], known["sha256"])
        raise CannotAskError("no earlier guard of this run has captured a baseline of this check on this target")

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
