"""Which tables a step's statements reach, and how strongly they lock them, for the guards that look at both."""

from __future__ import annotations

from collections.abc import Sequence

from runner.sql.classify import classify
from runner.sql.errors import SqlError
from runner.sql.grammar import parse
from runner.sql.locks import UNKNOWN, strongest


def reach_of(statements: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The relations that are changed, or only read where nothing is changed, and the strongest lock.

    A text that cannot be read has the lock ``unknown``.
    """
    changed: list[str] = []
    read: list[str] = []
    locks: list[str | None] = []
    for text in statements:
        try:
            found = [classify(statement) for statement in parse(text)]
        except SqlError:
            locks.append(UNKNOWN)
            continue
        for seen in found:
            locks.append(seen.lock)
            changed += seen.writes if seen.dml else (seen.relations if seen.actions else ())
            read += seen.reads
            created = set(seen.creates) - set(seen.writes)
            changed = [name for name in changed if name not in created]
    return tuple(dict.fromkeys(changed or read)), strongest(locks)
