"""``prepared-transactions``: no prepared transaction has been forgotten."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_primary
from checks.facts.figures import span, whole_seconds


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One prepared transaction."""

    gid: str
    owner: str
    age_s: int
    xids: int


@check(
    "prepared-transactions",
    since=14,
    group="target and backup",
    looks_at="prepared transactions",
    empty_ok=True,
    limits=["age_s"],
)
class PreparedTransactions(Check[list[Row]]):
    """No prepared transaction has been forgotten.

    ## Why it matters

    A transaction that was prepared (two-phase commit) belongs to no session: it keeps its locks and holds back VACUUM
    over restarts and for months, until somebody settles it by name. No timeout ends it.

    ## When it blocks

    A prepared transaction of this database is older than `max_age`.

    ## What to do

    Ask the coordinator that owns it how it went, then `COMMIT PREPARED 'gid'` or `ROLLBACK PREPARED 'gid'`. Never
    guess: the other databases of that transaction have committed or have not.

    ## What it cannot see

    What the transaction did, and what the coordinator decided. A standby does not tell them apart from those of its
    primary: unknown.
    """

    max_age: timedelta = param("Oldest that is fine.", default=timedelta(minutes=5))

    def gather(self, ask: Ask) -> list[Row]:
        """List them."""
        require_primary(ask, "a standby lists no prepared transactions; ask its primary")
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Compare ages."""
        bound = whole_seconds(self.max_age)
        for row in facts:
            old = row.age_s > bound
            message = f"The prepared transaction {row.gid} of {row.owner} is {span(row.age_s)} old" + (
                ": its locks and the row versions it sees stay until somebody settles it." if old else "."
            )
            measured = {"age_s": row.age_s, "xids": row.xids, "owner": row.owner}
            yield Finding(row.gid, Verdict.BLOCK if old else Verdict.PASS, message, measured, {"age_s": bound})
