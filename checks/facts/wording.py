"""How numbers and lists stand in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

_NAMES = 6


def listed(names: Sequence[str], limit: int = _NAMES) -> str:
    """Name the first few of many."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, one: str, many: str = "") -> str:
    """Write ``1 row`` or ``7 rows``."""
    return f"{number} {one if number == 1 else many or one + 's'}"
