"""``connection-headroom``: there are connections left, for the step and for everybody else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_monitor
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One limit."""

    scope: str
    """``server``, ``database`` or ``role``."""
    name: str
    used: int
    most: int


@check("connection-headroom", since=14, group="load", looks_at="limits", limits=["used_percent"])
class ConnectionHeadroom(Check[list[Row]]):
    """There are connections left.

    ## Why it matters

    Sessions pile up behind a lock within seconds. A server that was at 90 % before the step then refuses customers
    ("too many clients already") and the operator's own second connection too.

    ## When it blocks

    `block_percent` of the connections that ordinary roles may open are in use, or fewer than `need` are left; it warns
    from `warn_percent` on. The server's limit is max_connections without those reserved for superusers
    (and, since PostgreSQL 16, for pg_use_reserved_connections); CONNECTION LIMIT of the database and of the role
    that asks count too, where they are set.

    ## What to do

    End idle sessions, make the application's pool smaller, or wait for a quieter hour.

    ## What it cannot see

    Without pg_monitor (pg_read_all_stats) it cannot tell sessions of clients from the server's own: unknown. Clients
    that wait in front of a pooler.
    """

    warn_percent: int = param("Share in use that it warns at.", default=90, minimum=1, unit="percent")
    block_percent: int = param("Share in use that it blocks at.", default=95, minimum=1, unit="percent")
    need: int = param("Connections that the step itself needs.", default=3, minimum=0)

    def gather(self, ask: Ask) -> list[Row]:
        """Learn the limits and what is used of them."""
        require_monitor(ask)
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Compare shares."""
        for row in facts:
            percent = 100 if row.most <= 0 else row.used * 100 // row.most
            left = max(0, row.most - row.used)
            verdict = Verdict.PASS
            if percent >= self.block_percent or left < self.need:
                verdict = Verdict.BLOCK
            elif percent >= self.warn_percent:
                verdict = Verdict.WARN
            where = f"the {row.scope} {row.name}".strip()
            yield Finding(
                f"{row.scope} {row.name}".strip(),
                verdict,
                f"{row.used} of {counted(row.most, 'connection')} of {where} are in use, {left} are left"
                + (": when sessions pile up behind a lock, clients are refused." if verdict else "."),
                {"used": row.used, "most": row.most, "used_percent": percent, "left": left},
                {"warn_percent": self.warn_percent, "block_percent": self.block_percent, "left": self.need},
            )
