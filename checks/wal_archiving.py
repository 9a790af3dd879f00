"""``wal-archiving``: WAL is being archived, so that the moment before the step can be restored."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_monitor
from checks.facts.figures import span, whole_seconds
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """The state of the archiver."""

    mode: str
    """``off``, ``on`` or ``always``."""
    configured: bool
    standby: bool
    archived: int
    failed: int
    failing: bool
    """Whether the last attempt failed."""
    last_archived: str | None
    last_failed: str | None
    archived_age_s: int | None
    failed_age_s: int | None
    waiting: int
    """Segments that are complete and not archived."""
    oldest_s: int | None = None
    """How long the first of them has waited."""


@check("wal-archiving", since=14, group="target and backup", looks_at="archivers", limits=["waiting", "oldest_s"])
class WalArchiving(Check[list[Row]]):
    """WAL is being archived.

    ## Why it matters

    Point-in-time recovery ends at the last segment that was archived. Where archiving has been failing since Tuesday,
    Tuesday is what one can go back to; and the segments pile up until the disk is full and the server stops.

    ## When it blocks

    Archiving is off or has no command, the last attempt failed, more than `max_waiting` complete segments wait, or one
    of them longer than `max_age`: a command that hangs never fails. It is unknown where nothing was archived yet, and
    on a standby that does not archive itself.

    ## What to do

    Look for the archive command's error in the server's log, mend it, and ask again: PostgreSQL tries by itself.

    ## What it cannot see

    Whether what was archived can be read: a command that writes to /dev/null and exits with 0 is a success. Backups and
    their age. It needs pg_monitor; without it, it is unknown.
    """

    max_waiting: int = param("Complete segments that may wait.", default=15, minimum=0, unit="segments")
    max_age: timedelta = param("How long a complete segment may wait.", default=timedelta(minutes=10))

    def gather(self, ask: Ask) -> list[Row]:
        """Ask for the archiver's state."""
        require_monitor(ask)
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Say how it goes."""
        (row,) = facts
        if row.standby and row.mode != "always":
            verdict, why = Verdict.UNKNOWN, "This is a standby that archives nothing itself; ask its primary."
        elif row.mode == "off" or not row.configured:
            verdict, why = Verdict.BLOCK, "No WAL is archived: there is no way back to the moment before the step."
        elif row.failing:
            since = (
                "nothing was archived yet"
                if row.archived_age_s is None
                else f"the last one that worked is {row.last_archived}"
            )
            ago = span(row.failed_age_s or 0)
            why = f"Archiving {row.last_failed} failed {ago} ago, and {since}: recovery ends there."
            verdict = Verdict.BLOCK
        elif row.waiting > self.max_waiting:
            why = f"{counted(row.waiting, 'segment')} of WAL wait for archiving: recovery ends before, the disk fills."
            verdict = Verdict.BLOCK
        elif row.oldest_s is not None and row.oldest_s > whole_seconds(self.max_age):
            why = f"A complete segment of WAL has waited {span(row.oldest_s)}: the archiver hangs, recovery ends there."
            verdict = Verdict.BLOCK
        elif row.archived_age_s is None:
            verdict, why = (
                Verdict.UNKNOWN,
                "Nothing was archived since the counters began, so nobody knows whether it works.",
            )
        else:
            why = f"{row.last_archived} was archived {span(row.archived_age_s)} ago."
            verdict = Verdict.PASS
        told = {"mode", "archived", "failed", "last_archived", "last_failed", "archived_age_s", "failed_age_s"}
        told |= {"waiting", "oldest_s"}
        known = dataclasses.asdict(row).items()
        measured = {key: value for key, value in known if key in told and value is not None}
        bound = {"waiting": self.max_waiting, "oldest_s": whole_seconds(self.max_age)}
        yield Finding("archiver", verdict, why, measured, bound)
