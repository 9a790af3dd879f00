"""Questions put together into statements that stay small: few relations locked, not much read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

Item = TypeVar("Item")
RELATIONS = 50
"""Most relations that one statement may lock."""
_SIZE_MB = 400


def packed(
    items: Iterable[Item],
    *,
    relations: Callable[[Item], Mapping[str, int]],
    size_mb: Callable[[Item], int] = lambda _: 0,
) -> list[list[Item]]:
    """Fill groups in order, each within both bounds; what is too much by itself stands alone.

    ``relations`` gives the tables that an item locks, each with how many relations it stands for.
    """
    groups: list[list[Item]] = []
    locked: dict[str, int] = {}
    size = 0
    for item in items:
        locked, size = {**locked, **relations(item)}, size + size_mb(item)
        if not groups or sum(locked.values()) > RELATIONS or size > _SIZE_MB:
            groups.append([])
            locked, size = dict(relations(item)), size_mb(item)
        groups[-1].append(item)
    return groups
