"""Maintenance windows, as ``Mon-Fri 22:00-05:00``: read, and laid over a moment. Pure."""

from __future__ import annotations

import dataclasses
import re
from datetime import date, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_WINDOW = re.compile(r"\s*(?:([A-Za-z,\- ]+?)\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """On these days of the week, from a minute of the day on, for so many minutes."""

    days: frozenset[int]
    start: int
    length: int

    def left(self, day: date, minute: int, closed: frozenset[date]) -> int | None:
        """Minutes until it ends, where it is open; a window belongs to the day on which it begins."""
        for begun, past in ((day, minute), (day - timedelta(days=1), minute + _DAY_MINUTES)):
            if begun.weekday() in self.days and begun not in closed and self.start <= past < self.start + self.length:
                return self.start + self.length - past
        return None


def read(text: str) -> Window:
    """Read one window. Raises ValueError."""
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no window: write Mon-Fri 22:00-05:00, Sat,Sun 00:00-24:00 or 01:00-04:00")
    start, end = _minute(found[2], found[3]), _minute(found[4], found[5])
    if start in {_DAY_MINUTES, end}:
        raise ValueError(f"{text!r} has no length")
    return Window(_days(found[1]), start, end - start if end > start else end + _DAY_MINUTES - start)


def _minute(hour: str, minute: str) -> int:
    at = int(hour) * 60 + int(minute)
    if int(minute) >= 60 or at > _DAY_MINUTES:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"{hour}:{minute} is no time of day")
    return at


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        begin = _day(first)
        end = _day(last) if dash else begin
        found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)


def _day(text: str) -> int:
    try:
        return _DAYS.index(text.lower()[:3])
    except ValueError:
        raise ValueError(f"{text!r} is no day of the week") from None
