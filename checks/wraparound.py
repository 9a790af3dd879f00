"""``wraparound``: the server is far from the end of its transaction ids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_primary

_LAST = 2**31 - 1
"""Transactions that can be told apart; PostgreSQL stops taking writes about three million before."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One database, or one of the oldest tables."""

    kind: str
    object: str
    xids: int
    multixacts: int


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
    multixacts ago; it warns at `warn_at` (defaults as in check_postgres).

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
        bound = {"warn_at": self.warn_at, "block_at": self.block_at}
        for row in facts:
            worst = max(row.xids, row.multixacts)
            what = "transactions" if row.xids >= row.multixacts else "multixacts"
            verdict = (
                Verdict.BLOCK if worst >= self.block_at else Verdict.WARN if worst >= self.warn_at else Verdict.PASS
            )
            message = (
                f"The {row.kind} {row.object} was frozen {worst} {what} ago, {worst * 100 // _LAST} % of the way"
                + (": at the end the server takes no more writes." if verdict else ".")
            )
            yield Finding(row.object, verdict, message, {"xids": row.xids, "multixacts": row.multixacts}, bound)
