"""``foreign-default``: a column that draws from a sequence which belongs to another table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, seen


@dataclasses.dataclass(frozen=True, slots=True)
class DefaultRow:
    """One column whose default draws from a sequence."""

    schema: str
    object: str
    draws_from: str
    owned_by: str | None
    """The column that the sequence belongs to; None where it belongs to nobody."""
    own: bool
    related: bool
    """Whether the owner is the same column of a table that this one inherits from."""
    idle: str | None
    """Another sequence that belongs to this column."""


@check("foreign-default", since=14, group="sequences and keys", looks_at="tables", steady=True)
class ForeignDefault(Check[Seen[DefaultRow]]):
    """No column draws from a sequence that belongs to another table.

    ## Why it matters

    `CREATE TABLE new (LIKE old INCLUDING ALL)` leaves the new table drawing from the old one's sequence. Dropping the
    old table with CASCADE then takes the new one's default away with no more than a NOTICE, and the next inserts fail
    for want of an id or store NULL. The usual way to repair a sequence, `pg_get_serial_sequence`, gives NULL for such a
    column, so repair scripts pass it by.

    ## When it blocks

    Never. It warns where the sequence belongs (OWNED BY) to a column of another table that this one does not inherit
    from, and where the column owns a sequence but draws from another. Drawing from a parent's sequence is what
    inheritance does, and passes; so does a sequence that nobody owns.

    ## What to do

    Give the table a sequence of its own, above the ids in use, and set the default to it; or take the ownership away
    (`ALTER SEQUENCE … OWNED BY NONE`) where sharing is meant.

    ## What it cannot see

    Draws through functions and triggers (`hidden-nextval`). A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[DefaultRow]:
        """Learn the defaults and the owners."""
        return seen(ask, self.query, DefaultRow, self.schemas, "tables")

    def looked_at(self, facts: Seen[DefaultRow]) -> int:
        """Count the tables."""
        return facts.looked_at

    def judge(self, facts: Seen[DefaultRow]) -> Iterator[Finding]:
        """Warn where owner and drawer are strangers."""
        yield from not_there(facts.absent)
        for row in facts.rows:
            measured = {"draws_from": row.draws_from, "owned_by": row.owned_by, "owns": row.idle}
            if row.owned_by is not None and not row.own and not row.related:
                message = (
                    f"{row.object} draws from {row.draws_from}, which belongs to {row.owned_by}: dropping that with "
                    f"CASCADE takes this default away, and setting the sequence back for that table makes this one "
                    "hand out ids that are in use."
                )
                yield Finding(row.object, Verdict.WARN, message, measured, {"owned_by": row.object})
            elif row.idle is not None:
                message = (
                    f"{row.object} owns {row.idle} but draws from {row.draws_from}: whatever raises or repairs the "
                    "sequence by its owner sets the one that nobody draws from."
                )
                yield Finding(row.object, Verdict.WARN, message, measured, {"draws_from": row.idle})
