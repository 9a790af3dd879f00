"""No table of value is unlogged."""

import dataclasses
from collections.abc import Iterable

from checks.base import Check, Finding, Verdict, check, param


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One unlogged table."""

    name: str
    estimated_rows: int


@check("acme-unlogged-tables", since=14, group="structure", looks_at="unlogged tables", row=Row, empty_ok=True)
class AcmeUnloggedTables(Check[list[Row]]):
    """No table of value is unlogged.

    ## Why it matters

    PostgreSQL empties unlogged tables when it recovers from a crash, and a standby has none of their rows.

    ## When it blocks

    For each unlogged table that is not listed in `allow`.

    ## What to do

    `ALTER TABLE … SET LOGGED`, or list it.

    ## What it cannot see

    Tables of other databases.
    """

    allow: tuple[str, ...] = param("Tables that may be lost, as schema.name.", default=())

    def judge(self, facts: list[Row]) -> Iterable[Finding]:
        """Block what is not allowed."""
        for row in facts:
            if row.name not in self.allow:
                message = f"{row.name} is unlogged: its rows are gone after a crash of the server."
                yield Finding(row.name, Verdict.BLOCK, message, {"estimated_rows": row.estimated_rows})
