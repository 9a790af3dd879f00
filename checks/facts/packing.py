"""Questions put together into statements that stay small: few relations locked, not much read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
RELATIONS = 50
"""Most relations that one statement may lock."""
_SIZE_MB = 400


def packed(
    items: Iterable[Item],
    *,
    relations: Callable[[Item], int],
    size_mb: Callable[[Item], int] = lambda _: 0,
    at_most: int = RELATIONS,
) -> list[list[Item]]:
    """Fill groups in order, each within both bounds; what is too much by itself stands alone."""
    groups: list[list[Item]] = []
    locks = size = 0
    for item in items:
        locks, size = locks + relations(item), size + size_mb(item)
        if not groups or locks > at_most or size > _SIZE_MB:
            groups.append([])
            locks, size = relations(item), size_mb(item)
        groups[-1].append(item)
    return groups
