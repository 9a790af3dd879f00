"""``long-transactions``: nobody has kept a transaction open for too long."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import oldest_first, require_monitor
from checks.facts.figures import span, whole_seconds
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class SessionRow:
    """One open transaction."""

    pid: int
    user: str | None
    application: str
    database: str | None
    here: bool
    state: str
    age_s: int
    xids: int | None
    """How many transactions began since its snapshot; None where it holds none."""


@dataclasses.dataclass(frozen=True, slots=True)
class HorizonRow:
    """One slot or standby that holds the horizon back."""

    kind: str
    name: str
    xids: int


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything that holds the horizon back."""

    sessions: tuple[SessionRow, ...] = ()
    horizons: tuple[HorizonRow, ...] = ()


@check("long-transactions", since=14, group="load", looks_at="transactions", empty_ok=True, limits=["age_s", "xids"])
class LongTransactions(Check[Facts]):
    """No transaction has been open for too long.

    ## Why it matters

    An open transaction keeps its locks, and its snapshot keeps every row version that was deleted since. A step that
    needs one of these locks waits behind it, and everybody else waits behind the step. CREATE INDEX CONCURRENTLY waits
    for every older snapshot of the database, whatever that looks at, and leaves an INVALID index when it gives up.

    ## When it blocks

    A transaction of another session in this database is older than `max_age`, or a replication slot, a standby with
    feedback or a prepared transaction keeps row versions older than `max_xids` transactions. The transactions of one
    role and application are one finding, told by the oldest. Autovacuum and this run's own sessions do not count.

    ## What to do

    Ask the owner to end it, or wait; `SELECT pg_terminate_backend(pid)` is the last resort. Drop a slot that nobody
    reads any more. How to settle a prepared transaction `prepared-transactions` tells, which judges its age too.

    ## What it cannot see

    Without pg_monitor (pg_read_all_stats) nothing: unknown. Transactions that begin after this look.
    """

    max_age: timedelta = param("Oldest transaction that is fine.", default=timedelta(minutes=5))
    max_xids: int = param(
        "Transactions that a slot, standby or prepared transaction may be behind.",
        default=10_000_000,
        minimum=0,
        unit="transactions",
    )
    everywhere: bool = param("Whether transactions in other databases of the server count too.", default=False)

    def gather(self, ask: Ask) -> Facts:
        """Learn the sessions, then the slots and standbys."""
        require_monitor(ask)
        sessions = ask.rows(self.queries["sessions"], SessionRow)
        return Facts(tuple(sessions), tuple(ask.rows(self.queries["horizons"], HorizonRow)))

    def looked_at(self, facts: Facts) -> int:
        """Count everything that holds the horizon back."""
        return len(facts.sessions) + len(facts.horizons)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare ages."""
        bound = whole_seconds(self.max_age)
        for name, rows in oldest_first(row for row in facts.sessions if row.here or self.everywhere).items():
            row = rows[0]
            old = row.age_s > bound
            does = f" and is {row.state}" if row.state.startswith("idle") else ""
            yield Finding(
                name,
                Verdict.BLOCK if old else Verdict.PASS,
                f"{name} (pid {row.pid}) has had a transaction open for {span(row.age_s)}{does}: "
                + ("whatever needs its locks or waits for its snapshot stops behind it." if old else "that is fine."),
                {"pid": row.pid, "age_s": row.age_s, "state": row.state, "xids": row.xids, "transactions": len(rows)},
                {"age_s": bound},
            )
        for each in facts.horizons:
            far = each.xids > self.max_xids
            yield Finding(
                f"{each.kind} {each.name}",
                Verdict.BLOCK if far else Verdict.PASS,
                f"The {each.kind} {each.name} keeps row versions of the last {counted(each.xids, 'transaction')}"
                + (": VACUUM can remove none of them, and tables grow." if far else "."),
                {"xids": each.xids},
                {"xids": self.max_xids},
            )
