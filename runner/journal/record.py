"""A journal line and the port through which every store is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal, Protocol

from runner.journal.chain import Line
from runner.journal.events import Event

Assurance = Literal["signed", "db+signed"]
"""Who vouches for an approval: the key that signed it, or the login at the team journal's database as well."""


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One line of the journal: the envelope of DESIGN §8 and its place in the hash chain."""

    seq: int
    at: str
    """RFC 3339 in UTC with microseconds, ``2026-11-23T21:02:31.000000Z``."""
    run: str
    step: str | None
    person: str
    body: Event
    text: str
    """The body's canonical bytes as they were hashed."""
    prev: str
    hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The newest line's number and hash; ``Head(0, "0" * 64)`` for an empty journal."""

    seq: int
    hash: str


class Journal(Protocol):
    """An append-only, hash-chained journal."""

    @property
    def assurance(self) -> Assurance:
        """Tell who vouches for an approval that is written into this journal."""

    def append(self, body: Event, *, run: str, step: str | None, person: str, seen: int | None = None) -> Record:
        """Make one event durable before returning.

        The program that carries a run out names the newest line that it has ``seen``. Where one of the run's lines
        behind that (``turns.fences``) says that the run was taken up, handed over or ended, or for an intent that an
        approval was taken back, nothing is written, and ``turns.refuse`` raises RunTakenError, RunEndedError or
        ApprovalError. The look and the line are one transaction, so that of two programs that take up one run at the
        same moment exactly one goes on.

        Raises JournalError when it cannot; nothing may be done after that.
        """

    def records(self, *, run: str | None = None, after: int = 0) -> Iterator[Record]:
        """Read lines in order, those of one run or all, with ``seq > after``."""

    def lines(self, *, run: str | None = None, after: int = 0) -> Iterator[Line]:
        """Read stored lines, undecoded: what ``shisa verify`` judges."""

    def attach(self, content: bytes) -> str:
        """Keep what is too large for a line durably, and tell its SHA-256, by which a line names it later.

        Raises JournalError when it cannot.
        """

    def attached(self, digest: str) -> bytes:
        """Read what was attached, after proving its digest; JournalError where it is missing or was changed."""

    def damage(self) -> tuple[str, ...]:
        """Say in sentences what is wrong with the store itself, apart from its lines."""

    def changed(self) -> bool:
        """Tell cheaply whether somebody else wrote since the last call."""

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until somebody else wrote, at most so many seconds; tell whether somebody did."""

    def probe(self) -> None:
        """Make sure that a line could be appended now, without appending one; JournalError where it could not."""

    def head(self) -> Head:
        """Tell the newest line's number and hash."""

    def close(self) -> None:
        """Let go of the store."""
