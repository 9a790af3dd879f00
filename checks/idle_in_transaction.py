"""``idle-in-transaction``: nobody holds a transaction open and does nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import oldest_first, require_monitor
from checks.facts.figures import span, whole_seconds
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One idle transaction."""

    pid: int
    user: str | None
    application: str
    here: bool
    state: str
    age_s: int
    locks: int
    """Tables and indexes that it has locked."""


@check("idle-in-transaction", since=14, group="load", looks_at="idle transactions", empty_ok=True, limits=["age_s"])
class IdleInTransaction(Check[list[Row]]):
    """No session sits idle inside a transaction.

    ## Why it matters

    A client that began a transaction and went away (a debugger, a lost laptop, a pool that forgot to commit) keeps its
    locks for ever. It never ends by itself, so a step that meets one of these locks waits until its lock_timeout, again
    and again.

    ## When it blocks

    A session of this database has been idle inside a transaction for longer than `max_idle`, counted from its last
    statement. Sessions of one role and application are one finding, told by the longest.

    ## What to do

    Have its owner commit or roll back; `SELECT pg_terminate_backend(pid)` is the last resort. Set
    idle_in_transaction_session_timeout for the role that does it again and again.

    ## What it cannot see

    Without pg_monitor (pg_read_all_stats) nothing: unknown. A session that is busy now and will be idle in a moment.
    """

    max_idle: timedelta = param("Longest rest inside a transaction that is fine.", default=timedelta(seconds=15))
    everywhere: bool = param("Whether sessions in other databases of the server count too.", default=False)

    def gather(self, ask: Ask) -> list[Row]:
        """Learn the sessions."""
        require_monitor(ask)
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Compare ages."""
        bound = whole_seconds(self.max_idle)
        for name, rows in oldest_first(row for row in facts if row.here or self.everywhere).items():
            row = rows[0]
            long = row.age_s > bound
            holds = counted(row.locks, "lock")
            yield Finding(
                name,
                Verdict.BLOCK if long else Verdict.PASS,
                f"{name} (pid {row.pid}) has been {row.state} for {span(row.age_s)} and holds {holds}"
                + (": what needs them waits for somebody who may never come back." if long else "; that is fine."),
                {"pid": row.pid, "age_s": row.age_s, "locks": row.locks, "sessions": len(rows)},
                {"age_s": bound},
            )
