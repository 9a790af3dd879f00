"""``shared-sequence``: which sequences several tables draw from, so that setting one back hits them all."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from operator import attrgetter

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, seen
from checks.facts.wording import listed


@dataclasses.dataclass(frozen=True, slots=True)
class DrawnRow:
    """One column that draws from a sequence."""

    schema: str
    object: str
    table_schema: str
    table: str
    column: str
    via: str


@check("shared-sequence", since=14, group="sequences and keys", looks_at="sequences", limits=["tables"], steady=True)
class SharedSequence(Check[Seen[DrawnRow]]):
    """No sequence is drawn from by tables of several schemas.

    ## Why it matters

    `CREATE TABLE … (LIKE … INCLUDING DEFAULTS)` and table inheritance copy the default, not the sequence. Whoever sets
    the sequence back for one table (a restore, a setval, `TRUNCATE … RESTART IDENTITY`) makes every other table of the
    list hand out ids that are in use. Where the tables belong to several environments or tenants, one tenant's
    operation stops the others.

    ## When it blocks

    Never: sharing is legitimate and often meant. It warns where the sequence and the tables that draw from it are of
    more than one schema. Sharing within one schema passes, and the evidence names the tables. A reviewer's signature
    bounds the number of tables.

    ## What to do

    Before anything that sets the sequence, guard with `sequence-drift`, which compares it with the ids of all these
    tables. To end the sharing, give each table a sequence of its own, above the ids in use.

    ## What it cannot see

    Tables that draw through functions and triggers (`hidden-nextval` names them), and applications that call nextval
    themselves. A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[DrawnRow]:
        """Learn who draws."""
        return seen(ask, self.query, DrawnRow, self.schemas, "sequences")

    def looked_at(self, facts: Seen[DrawnRow]) -> int:
        """Count the sequences."""
        return facts.looked_at

    def judge(self, facts: Seen[DrawnRow]) -> Iterator[Finding]:
        """Warn where schemas meet."""
        yield from not_there(facts.absent)
        for name, rows in itertools.groupby(facts.rows, attrgetter("object")):
            found = _shared(name, list(rows))
            if found is not None:
                yield found


def _shared(name: str, rows: list[DrawnRow]) -> Finding | None:
    tables = list(dict.fromkeys(row.table for row in rows))
    if len(tables) == 1:
        return None
    schemas = sorted({row.schema for row in rows} | {row.table_schema for row in rows})
    crosses = len(schemas) > 1
    across = f", across the schemas {listed(schemas)}" if crosses else ""
    return Finding(
        name,
        Verdict.WARN if crosses else Verdict.PASS,
        f"{len(tables)} tables draw from {name}{across}: setting it back for one of them makes all of them "
        f"({listed(tables)}) hand out ids that are in use.",
        {
            "tables": len(tables),
            "schemas": schemas,
            "drawn_by": [{"table": row.table, "column": row.column, "via": row.via} for row in rows],
        },
        {"schemas": 1},
    )
