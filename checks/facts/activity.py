"""Sessions of the server: whether the role may see them, and how they are called in findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Protocol, TypeVar

from checks.base import Ask, CannotAskError

_RECOVERY = "SELECT pg_is_in_recovery() AS standby"
_MAY_SEE = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all"


@dataclasses.dataclass(frozen=True, slots=True)
class _MayRow:
    sees_all: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _RecoveryRow:
    standby: bool


class Session(Protocol):
    """A row that tells whose session it is."""

    @property
    def user(self) -> str | None:
        """The role that logged in; None for a process of the server."""

    @property
    def application(self) -> str:
        """What the client calls itself."""

    @property
    def age_s(self) -> int:
        """How long it has been so, in seconds."""


Row = TypeVar("Row", bound=Session)


def require_monitor(ask: Ask) -> None:
    """Raise CannotAskError where the server hides the sessions of others from this role."""
    (found,) = ask.rows(_MAY_SEE, _MayRow)
    if not found.sees_all:
        raise CannotAskError("this role sees no more than its own sessions; grant it pg_monitor")


def require_primary(ask: Ask, reason: str) -> None:
    """Raise CannotAskError with this reason where the server is a standby."""
    (server,) = ask.rows(_RECOVERY, _RecoveryRow)
    if server.standby:
        raise CannotAskError(reason)


def owner(row: Session) -> str:
    """Name a session by what stays the same when it comes again: role and application."""
    return f"{row.user or 'the server'}/{row.application}" if row.application else row.user or "the server"


def oldest_first(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group sessions by role and application; in each group the oldest stands first."""
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda each: -each.age_s):
        groups.setdefault(owner(row), []).append(row)
    return groups
