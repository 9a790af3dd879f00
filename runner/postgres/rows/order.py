"""In which order tables take rows, so that what a row refers to is there before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def referenced_first(tables: Sequence[int], references: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], bool]:
    """Order tables so that each comes behind those it refers to; and tell whether that was possible for all.

    ``references`` are pairs (who refers, to whom). Tables that refer to each other in a circle come as they were.
    """
    waits = {table: set[int]() for table in tables}
    for who, whom in references:
        if who != whom and who in waits and whom in waits:
            waits[who].add(whom)
    ordered: list[int] = []
    while ready := [table for table in tables if table in waits and not waits[table] & waits.keys()]:
        ordered += ready
        for table in ready:
            del waits[table]
    return (*ordered, *waits), not waits
