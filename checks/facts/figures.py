"""How times and sizes stand in a sentence; evidence holds the exact numbers."""

from __future__ import annotations

from datetime import timedelta

_TIMES = ((86400, "d"), (3600, "h"), (60, "min"))
_SIZES = ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))
_TWICE = 2


def span(seconds: float) -> str:
    """Write ``45 s``, ``12 min`` or ``3 d``, cut to whole units that are at least two."""
    for size, unit in _TIMES:
        if seconds >= _TWICE * size:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 or not seconds else f"{seconds * 1000:.0f} ms"


def size(count: int) -> str:
    """Write ``4.0 GB`` or ``17 bytes``."""
    for unit_size, unit in _SIZES:
        if abs(count) >= unit_size:
            return f"{count / unit_size:.1f} {unit}"
    return f"{count} bytes"


def whole_seconds(value: timedelta) -> int:
    """A duration in seconds, rounded up, as evidence holds it."""
    return -int(-value.total_seconds() // 1)
