"""Durations as PostgreSQL writes them: a whole or decimal number and a unit."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "us": timedelta(microseconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST = timedelta(days=36500)
"""A hundred years: whatever is reckoned with it is still a date."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)")


def parse_duration(text: str) -> timedelta:
    """Read ``5min`` or ``1.5 h`` (units of PostgreSQL's documentation, chapter 20.1.1).

    Raises ValueError for anything else; a bare number has no unit and is refused, and so is more than a hundred years.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        message = f"{text!r} is not a duration: write a number and one of us, ms, s, min, h, d (as in 5min)"
        raise ValueError(message)
    number, unit = float(found[1]), _UNITS[found[2]]
    if number > _LONGEST / unit:
        message = f"{text[:40]!r} is longer than {format_duration(_LONGEST)}"
        raise ValueError(message)
    return number * unit


def format_duration(value: timedelta) -> str:
    """Write a duration in the largest unit that leaves a whole number, so that it parses back."""
    micros = round(value / _UNITS["us"])
    for unit in ("d", "h", "min", "s", "ms"):
        size = round(_UNITS[unit] / _UNITS["us"])
        if micros and micros % size == 0:
            return f"{micros // size}{unit}"
    return f"{micros}us"
