"""``active-sessions``: only those are connected who are expected to be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fnmatch import fnmatchcase

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_monitor
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """The sessions of one role, application and address."""

    user: str
    application: str
    address: str
    sessions: int
    active: int
    pid: int

    @property
    def names(self) -> tuple[str, str, str]:
        """What a pattern may fit: role, role/application, role/application@address."""
        return self.user, f"{self.user}/{self.application}", f"{self.user}/{self.application}@{self.address}"


@check("active-sessions", since=14, group="load", looks_at="groups of sessions", empty_ok=True, limits=["sessions"])
class ActiveSessions(Check[list[Row]]):
    """Nobody is connected to the database who is not expected to be.

    ## Why it matters

    Before a switch-over, a clone or a restore the application is stopped, and one forgotten worker, cron job or
    colleague in psql goes on writing: into rows that are about to be replaced, or into the copy that nobody keeps.

    ## When it blocks

    A client session of this database fits none of the patterns in `expected`; without patterns every other session is
    unexpected. A pattern is `role`, `role/application` or `role/application@address`, with `*` and `?`. This run's own
    sessions do not count.

    ## What to do

    Stop what is not expected, or add it to `expected` where it does no harm.

    ## What it cannot see

    Without pg_monitor (pg_read_all_stats) nothing: unknown. Who stands behind a pooler. Who connects a moment later:
    to keep people out, use ALTER DATABASE … ALLOW_CONNECTIONS or pg_hba.conf.
    """

    expected: tuple[str, ...] = param("Patterns of the sessions that may be there.", default=())

    def gather(self, ask: Ask) -> list[Row]:
        """Learn the groups."""
        require_monitor(ask)
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Fit each group to the patterns."""
        for row in facts:
            fits = any(fnmatchcase(name, pattern) for name in row.names for pattern in self.expected)
            name = row.names[-1]
            yield Finding(
                name,
                Verdict.PASS if fits else Verdict.BLOCK,
                f"{counted(row.sessions, 'session')} of {name} (pid {row.pid}), {row.active} of them at work, "
                + ("expected." if fits else "that nobody expected: what they write now is lost or in the way."),
                {"sessions": row.sessions, "active": row.active, "pid": row.pid},
                {"expected": list(self.expected)},
            )
