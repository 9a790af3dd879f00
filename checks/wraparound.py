"""``wraparound``: the server is far from the end of its transaction ids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_primary

_OVERDUE = 2
_LAST = 2**31 - 1
"""Transactions that can be told apart; PostgreSQL stops taking writes about three million before."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One database, or one of the oldest tables."""

    kind: str
    object: str
    xids: int
    multixacts: int
    due_xids: int = _LAST
    due_multixacts: int = _LAST
    """The age at which autovacuum freezes it, whatever holds it back."""

    @property
    def overdue(self) -> bool:
        """Whether autovacuum should have frozen it long ago."""
        return self.xids > _OVERDUE * self.due_xids or self.multixacts > _OVERDUE * self.due_multixacts


@check(
    "wraparound", since=14, group="target and backup", looks_at="databases and tables", limits=["xids", "multixacts"]
)
class Wraparound(Check[list[Row]]):
    """No database is near the end of its transaction ids.

    ## Why it matters

    Near two billion transactions without freezing, PostgreSQL takes no more writes until VACUUM has been through every
    table: hours of outage. A step that writes much, or that holds VACUUM back, is the wrong thing to do shortly before.

    ## When it blocks

    A database, or one of the twenty oldest tables of this one, was last frozen as a whole `block_at` transactions or
    multixacts ago; it warns at `warn_at` (defaults as in check_postgres), and for what is twice as old as
    autovacuum_freeze_max_age (autovacuum_multixact_freeze_max_age): autovacuum is off, too slow, or held back.

    ## What to do

    Find what holds VACUUM back (`long-transactions`, `replication-slots`, `prepared-transactions`), then VACUUM the
    tables that it names, without FULL.

    ## What it cannot see

    Which tables of other databases are the oldest. A standby is unknown: it shows its primary's state with delay.
    """

    warn_at: int = param("Age that it warns at.", default=1_300_000_000, minimum=1, unit="transactions")
    block_at: int = param("Age that it blocks at.", default=1_400_000_000, minimum=1, unit="transactions")

    def gather(self, ask: Ask) -> list[Row]:
        """Ask for the ages."""
        require_primary(ask, "a standby freezes nothing itself; ask its primary")
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Compare ages."""
        for row in facts:
            worst = max(row.xids, row.multixacts)
            what = "transactions" if row.xids >= row.multixacts else "multixacts"
            verdict, told = Verdict.PASS, ""
            if worst >= self.warn_at:
                verdict = Verdict.BLOCK if worst >= self.block_at else Verdict.WARN
                told = ": at the end the server takes no more writes"
            elif row.overdue:
                verdict, told = Verdict.WARN, ": autovacuum was due long before, and is off, too slow or held back"
            share = f"{worst * 100 // _LAST} % of the way"
            message = f"The {row.kind} {row.object} was frozen {worst:,} {what} ago, {share}{told}."
            measured = {"xids": row.xids, "multixacts": row.multixacts}
            bound = {"warn_at": self.warn_at, "block_at": self.block_at}
            if row.overdue:
                bound |= {"due_xids": row.due_xids, "due_multixacts": row.due_multixacts}
            yield Finding(row.object, verdict, message, measured, bound)
