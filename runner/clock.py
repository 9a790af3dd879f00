"""The time by this machine, and how the journal writes a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""The time now, in UTC."""


def wall_clock() -> datetime:
    """Tell the time of this machine."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Write a moment as the journal does: RFC 3339, UTC, microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
