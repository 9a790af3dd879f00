"""One tree of errors; each has the exit code and the hint that the terminal shows.

ShisaError
├── UsageError                  2  wrong call, missing file
│   ├── ConfigError                shisa.yaml
│   ├── ArchiveError               a backup file that cannot be read
│   └── ConnectError               no connection before a run opened
├── RunbookError                1  an invalid runbook
├── GateClosedError             1  a guard or facts closed the gate
│   ├── TargetLockedError          another run is at work on the target
│   └── TargetLostError            another run may have been
├── StepFailedError             3
├── ApprovalError               4  rejected, expired, stale, or not countable
├── RunEndedError               5  somebody ended the run meanwhile
├── RunTakenError               5  another program goes on with the run
├── OutcomeUnknownError         7
└── JournalError                8  unwritable or tampered
"""

from __future__ import annotations

from typing import ClassVar


class ShisaError(Exception):
    """An error that the user is meant to read: one sentence, and a hint what to do."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def whole(self) -> str:
        """The sentence with its hint."""
        return f"{self.message} {self.hint or ''}".strip()

    @property
    def detail(self) -> dict[str, str]:
        """The hint as an outcome's ``detail`` keeps it; nothing where there is none."""
        return {} if self.hint is None else {"hint": self.hint}


class UsageError(ShisaError):
    """The program was called in a way that it cannot serve."""


class ConfigError(UsageError):
    """The configuration shisa.yaml is missing, malformed or contradicts itself."""


class ArchiveError(UsageError):
    """A backup file is missing, truncated, foreign or of an unknown version."""


class ConnectError(UsageError):
    """No connection to a target could be made."""


class RunbookError(ShisaError):
    """A runbook is invalid."""

    exit_code = 1


class GateClosedError(ShisaError):
    """A guard, or the facts behind an answer, closed the gate."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, guard: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.guard = guard
        """The check that closed it; None where that was something else."""


class TargetLockedError(GateClosedError):
    """Another run is at work on the target."""


class TargetLostError(GateClosedError):
    """The run's session on the target lost its lock, so another run may have been at work there."""


class StepFailedError(ShisaError):
    """The effect of a step failed, and is known to have failed."""

    exit_code = 3


class ApprovalError(ShisaError):
    """An approval was rejected, has expired, is stale or does not count."""

    exit_code = 4


class RunEndedError(ShisaError):
    """Somebody ended the run while this program worked on it."""

    exit_code = 5


class RunTakenError(ShisaError):
    """Another program took the run up, so this one must write nothing more of it."""

    exit_code = 5


class OutcomeUnknownError(ShisaError):
    """Nobody can tell whether the effect of a step happened."""

    exit_code = 7


class JournalError(ShisaError):
    """The journal cannot be written, or what stands in it was tampered with."""

    exit_code = 8
