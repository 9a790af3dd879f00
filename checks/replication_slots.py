"""``replication-slots``: no slot fills the disk, and none has lost what it was kept for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.figures import size, span

_MB = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One slot."""

    name: str
    type: str
    active: bool
    temporary: bool
    status: str | None
    """``reserved``, ``extended``, ``unreserved`` or ``lost``; None where nothing was reserved yet."""
    invalidated: str | None
    kept_bytes: int | None
    inactive_s: int | None
    left_bytes: int | None = None
    """WAL that may still be written before the slot is lost; None where nothing bounds it."""
    copied: bool = False
    """Whether a standby keeps it in step with its primary's, for a failover."""


@check("replication-slots", since=14, group="target and backup", looks_at="slots", empty_ok=True, limits=["kept_bytes"])
class ReplicationSlots(Check[list[Row]]):
    """No replication slot fills the disk or has been lost.

    ## Why it matters

    A slot keeps WAL until its reader has fetched it. A reader that went away for good fills the disk, and a full disk
    stops the server; where max_slot_wal_keep_size ends that, the reader must be built anew.

    ## When it blocks

    A slot's WAL is lost or about to be (wal_status lost or unreserved, or invalidated), or it is inactive and keeps
    more than `max_kept`. It warns for an active slot that keeps more, and for every other inactive one. A slot that a
    standby copies from its primary (PostgreSQL 17 and newer) has no reader, and warns only where it keeps more.

    ## What to do

    Bring the reader back, or drop the slot that nobody reads any more: `SELECT pg_drop_replication_slot('name')`. A
    lost slot must be made anew, and its reader with it.

    ## What it cannot see

    Who reads from a slot, and how much disk there is (`disk-headroom`). How long a slot is inactive, before
    PostgreSQL 17. What keeps WAL besides slots (wal_keep_size, archiving).
    """

    max_kept: int = param("WAL that a slot may keep.", default=1024, minimum=0, unit="MB")

    def gather(self, ask: Ask) -> list[Row]:
        """List the slots."""
        return ask.rows(self.query, Row)

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Say what each costs, and whether it is still good."""
        for row in facts:
            verdict, why = self._said(row)
            measured = {"kept_bytes": row.kept_bytes, "active": row.active, "wal_status": row.status}
            told = {"invalidated": row.invalidated, "inactive_s": row.inactive_s, "left_bytes": row.left_bytes}
            measured |= {key: value for key, value in told.items() if value is not None}
            yield Finding(
                row.name, verdict, f"The slot {row.name} {why}", measured, {"kept_bytes": self.max_kept * _MB}
            )

    def _said(self, row: Row) -> tuple[Verdict, str]:
        if row.invalidated is not None or row.status == "lost":
            reason = f" ({row.invalidated})" if row.invalidated else ""
            return Verdict.BLOCK, f"is lost{reason}: its reader cannot go on and must be built anew."
        if row.kept_bytes is None:
            return Verdict.UNKNOWN, "has reserved no WAL yet, so nobody can tell what its reader will need."
        if row.status == "unreserved":
            return Verdict.BLOCK, "will be lost at the next checkpoint: its reader is too far behind."
        kept = size(row.kept_bytes)
        much = row.kept_bytes > self.max_kept * _MB
        if row.active or row.copied:
            behind = "its reader is slower than the writers" if row.active else "the standby's copy is behind"
            told = f": {behind}." if much else " and is being read." if row.active else ", a copy of the primary's."
            return Verdict.WARN if much else Verdict.PASS, f"keeps {kept} of WAL{told}"
        since = "" if row.inactive_s is None else f" for {span(row.inactive_s)}"
        if row.left_bytes is not None:
            told = f"is lost after another {size(max(0, row.left_bytes))}."
        else:
            told = "grows until the disk is full." if much else "grows as long as nobody reads it."
        return Verdict.BLOCK if much else Verdict.WARN, f"has no reader{since}, keeps {kept} of WAL, and {told}"
