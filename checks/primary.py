"""``primary``: the target takes writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What the server says of its role."""

    database: str
    standby: bool
    read_only: bool | None
    """Whether sessions of this role begin read-only; None where it may not be seen."""
    receiving: bool
    paused: bool


@check("primary", since=14, group="target and backup", looks_at="databases", waivable=False)
class Primary(Check[list[Row]]):
    """The target is the primary and takes writes.

    ## Why it matters

    After a failover a name may lead to the old server for a while. On a standby every write fails, every guard measures
    the past, and sequences run up to 32 numbers ahead.

    ## When it blocks

    The server is in recovery: a standby, or one that is still being restored. It warns where sessions of this role
    begin read-only (default_transaction_read_only), for then a step's writes fail with SQLSTATE 25006.

    ## What to do

    Find the primary (`SELECT pg_is_in_recovery()` on each server, or `target_session_attrs=primary` in the connection)
    and point the target at it.

    ## What it cannot see

    An old primary that was cut off and still takes writes nobody will keep: compare the timeline with
    `target-identity`.
    """

    def gather(self, ask: Ask) -> list[Row]:
        """Ask the server."""
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Only a server out of recovery is a primary."""
        (row,) = facts
        measured = {"standby": row.standby, "read_only": row.read_only}
        bound = {"standby": False, "read_only": False}
        if row.standby:
            state = (
                "paused" if row.paused else "following its primary" if row.receiving else "without a primary to follow"
            )
            message = f"{row.database} is on a standby ({state}): no write is possible, and guards measure the past."
            yield Finding(row.database, Verdict.BLOCK, message, measured, bound)
        elif row.read_only is None:
            message = f"Nobody can tell whether sessions in {row.database} begin read-only."
            yield Finding(row.database, Verdict.UNKNOWN, message, measured, bound)
        elif row.read_only:
            message = f"Sessions in {row.database} begin read-only: a step's writes fail with SQLSTATE 25006."
            yield Finding(row.database, Verdict.WARN, message, measured, bound)
        else:
            yield Finding(row.database, Verdict.PASS, f"{row.database} is on the primary.", measured, bound)
