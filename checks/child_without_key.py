"""``child-without-key``: a child table that does not keep the keys unique that its parent does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, seen


@dataclasses.dataclass(frozen=True, slots=True)
class KeyRow:
    """One unique key of a table, and one table that inherits from it."""

    schema: str
    object: str
    parent: str
    key: list[str]
    primary: bool
    kind: str
    kept: bool
    """Whether the child makes the same columns, or a part of them, unique."""


@check("child-without-key", since=14, group="sequences and keys", looks_at="tables", steady=True)
class ChildWithoutKey(Check[Seen[KeyRow]]):
    """Every child table keeps the keys unique that its parent keeps unique.

    ## Why it matters

    Indexes and key constraints are not inherited. A child made by `INHERITS` without its own PRIMARY KEY takes the same
    id twice, and every lookup by id reads the whole child. The parent's definition shows a primary key, so nobody looks
    for it.

    ## When it blocks

    Never. It warns for each child, direct or further down, that has no valid unique index on the columns of a plain
    unique index of its parent.

    ## What to do

    Look for keys that stand twice already (`duplicate-keys-in-tree`), then add the key:
    `CREATE UNIQUE INDEX CONCURRENTLY`, and `ALTER TABLE … ADD PRIMARY KEY USING INDEX`.

    ## What it cannot see

    Unique indexes on expressions or with a WHERE, and keys that should be unique across the whole tree: no index spans
    tables that inherit. A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[KeyRow]:
        """Learn the keys of the trees."""
        return seen(ask, self.query, KeyRow, self.schemas, "tables")

    def looked_at(self, facts: Seen[KeyRow]) -> int:
        """Count the tables."""
        return facts.looked_at

    def judge(self, facts: Seen[KeyRow]) -> Iterator[Finding]:
        """Warn where a child keeps a key of its parent not unique."""
        yield from not_there(facts.absent)
        for row in facts.rows:
            if row.kept:
                continue
            key = ", ".join(row.key)
            what = "primary key" if row.primary else "unique key"
            can = " (a foreign table can have none)" if row.kind == "f" else ""
            yield Finding(
                row.object,
                Verdict.WARN,
                f"{row.object} has no unique index on ({key}), the {what} of its parent {row.parent}{can}: it takes "
                "the same key twice without an error.",
                {"parent": row.parent, "key": row.key, "unique": False},
                {"unique": True},
            )
