"""What an effect is given, and what it gives back."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from checks.duration import parse_duration
from runner.journal.events import StepEnded, StepIntended
from runner.runbook.model import Step
from runner.steps.outliving import Mark

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.archive.fingerprint import Fingerprint
    from runner.evidence import Evidence
    from runner.postgres.transaction import Xid


class Intend(Protocol):
    """Makes the intent durable."""

    def __call__(self, xid: Xid | None, kept: str | None = None) -> StepIntended:
        """Return when the intent is on disk; ``kept`` is the digest of rows that were kept for a rollback."""


class Connect(Protocol):
    """Opens a connection to the step's target, in autocommit, with the step's application name."""

    def __call__(self, *, purpose: str = "") -> Connection[Any]:
        """Open one; ``purpose`` tells several of one step apart. Raises ConnectError and GateClosedError."""


@dataclasses.dataclass(frozen=True, slots=True)
class Undone:
    """The step that a rollback takes back, or that a cleanup tidies up after."""

    path: str
    step: Step
    """As it was rendered when it was done."""
    ended: StepEnded | None
    """What it left in its ``detail``; None where a person settled its outcome."""


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """One attempt at a step: its text, its target, and the callback that makes the intent durable."""

    run: str
    path: str
    step: Step
    """The step as it is rendered."""
    undoes: Undone | None
    """What this step takes back; None where it is no rollback and no cleanup."""
    statements: tuple[str, ...]
    """The texts to send, secrets put in; never shown, journaled or logged."""
    survives_rollback: bool
    """Whether part of the effect stays when its transaction is rolled back (setval, dblink, untrusted code)."""
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = dataclasses.field(repr=False)
    """Values of secrets by name, to put in at the send and to mask in whatever comes back."""
    folder: Path
    """The folder that relative paths start from."""
    application_name: str
    mark: Callable[[], Mark]
    """Gives what a program of this step holds for as long as it works."""
    look_again: Callable[[], None]
    """Proves that nothing got worse, where that was proven too long ago; for what takes its time before it locks.

    Raises GateClosedError and ApprovalError.
    """
    intend: Intend
    """Must be called once before anything is changed; it looks again, too."""
    attach: Callable[[bytes], str]
    """Keeps content with the journal, for later steps on any machine, and tells its digest. Raises JournalError."""
    archive: Callable[[Path], Fingerprint]
    """Proves that a backup holds the bytes that were shown, and tells which. Raises StepFailedError."""
    keep: Callable[[Iterable[bytes]], str]
    """Keeps content durably beside the journal and tells its digest. Raises JournalError."""
    kept: Callable[[], Iterator[bytes]]
    """Reads what the step kept when it was done, after proving its digest. Raises JournalError."""
    connect: Connect
    conninfo: str | None
    confirm: Callable[[], Literal["done", "stop"]]
    """Asks the operator whether a manual step is done."""
    agreed: Callable[[], str]
    """Proves that a question's answer and its facts agree; gives both in words. Raises GateClosedError."""
    measure: Callable[[str, Mapping[str, Any]], Evidence]
    """Asks a check now, and journals what it found as a sample."""
    started: Callable[[subprocess.Popen[Any]], None]
    """Must be told of every child process, so that it can be ended when a guard objects."""
    stopping: Callable[[], bool]
    """Whether the step is being ended: by a guard that objects, by the operator, by a signal."""
    sleep: Callable[[float], None]
    """Waits; raises KeyboardInterrupt where the step shall end meanwhile."""
    capture: Callable[[str, Any], None]
    """Journals a value for later steps."""
    tell: Callable[[str], None]
    """Shows a line of progress; not journaled."""
    progress: Callable[[str], None]
    """Shows how far the effect is, in place of what it showed last; not journaled."""

    @property
    def lock_timeout(self) -> str:
        """How long a statement in a transaction waits for a lock."""
        return self.step.lock_timeout or "2s"

    @property
    def seconds(self) -> float | None:
        """How long a program of the step may take; None where the step does not bound it."""
        return None if self.step.timeout is None else parse_duration(self.step.timeout).total_seconds()


Perform = Callable[[Effect], StepEnded]


def since(begun: float) -> int:
    """Tell the milliseconds since a moment on the clock ``time.monotonic``."""
    return round((time.monotonic() - begun) * 1000)
