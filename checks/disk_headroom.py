"""``disk-headroom``: the data volume has room for what the step writes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, StepContext, Verdict, check, param
from checks.facts.backup_needs import chosen
from checks.facts.figures import size
from checks.facts.names import written
from checks.facts.relations import RELATIONS, Trees, missing, trees

_MB = 1 << 20
_AT_ONCE = 50
"""Relations in one statement."""


@dataclasses.dataclass(frozen=True, slots=True)
class SizeRow:
    """One table's size."""

    relation: int
    bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What there is, and what it may take."""

    free_bytes: int
    found: Trees = dataclasses.field(default_factory=Trees)
    sizes: tuple[SizeRow, ...] = ()
    restores: bool = False
    """Whether a restore writes rows that may be of no table here."""


@check("disk-headroom", since=14, group="target and backup", looks_at="volumes", limits=["needed_bytes"])
class DiskHeadroom(Check[Facts]):
    """The data volume has room for what the step writes.

    ## Why it matters

    A rewrite (ALTER TYPE, VACUUM FULL, CLUSTER), an index and a clone are written beside what is there, and into WAL
    once more. A volume that runs full stops the server for everybody, not the step alone.

    ## When it blocks

    After the step less than `reserve` would be free. What it needs is `needed`, or else an estimate: the tables of the
    step, with what inherits from them, their indexes and TOAST, written once as data and once as WAL. A command of the
    target in shisa.yaml tells the free bytes: `disk_free: [ssh, db1, df, --output=avail, -B1, /data]`.
    Without a command, and for a restore whose tables are not there yet and no `needed` is given, it is unknown.

    ## What to do

    Make room, or do the work in parts. Say in `needed` what you know better than the estimate.

    ## What it cannot see

    Other volumes (a separate pg_wal, tablespaces, temporary files), quotas, and what others write meanwhile. Bloat:
    a rewrite may need less than the estimate.
    """

    relations: tuple[str, ...] = param(RELATIONS, default=())
    needed: int | None = param("What the step writes, where that is known.", default=None, minimum=0, unit="MB")
    reserve: int = param("What must stay free.", default=1024, minimum=0, unit="MB")
    limit: timedelta = param("How long the command may take.", default=timedelta(seconds=30))

    def gather(self, ask: Ask) -> Facts:
        """Ask for the free bytes, then for the tables' sizes."""
        free = ask.disk_free(limit=self.limit)
        step = ask.step
        restores = step is not None and step.kind == "restore"
        if self.needed is not None:
            return Facts(free, restores=restores)
        names = self.relations or (_restored(ask, step) if step is not None and restores else ())
        found = trees(ask, names)
        oids = [each.relation for each in found.relations]
        sizes: list[SizeRow] = []
        for at in range(0, len(oids), _AT_ONCE):
            sizes += ask.rows(self.query, SizeRow, relations=json.dumps(oids[at : at + _AT_ONCE]))
        return Facts(free, found, tuple(sizes), restores)

    def looked_at(self, facts: Facts) -> int:
        """One volume."""
        return 1

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare what would be left with the reserve."""
        held = sum(row.bytes for row in facts.sizes)
        known = self.needed is not None
        need = self.needed * _MB if self.needed is not None else 2 * held
        left, bound = facts.free_bytes - need, self.reserve * _MB
        measured = {
            "free_bytes": facts.free_bytes,
            "needed_bytes": need,
            "left_bytes": left,
            "tables": len(facts.sizes),
        }
        if not known:
            yield from missing(facts.found)
        how = "as was said" if known else f"twice the {size(held)} of its tables" if held else "nothing that is named"
        told = f"{size(facts.free_bytes)} are free and the step needs {size(need)} ({how})"
        if not known and facts.restores and not facts.sizes:
            message = f"{told}: what the backup unpacks to is not known; say it in `needed`."
            yield Finding("volume", Verdict.UNKNOWN, message, measured, {"left_bytes": bound})
        elif left < bound:
            message = (
                f"{told}, which leaves {size(left)}: the volume would run full, and the server stop for everybody."
            )
            yield Finding("volume", Verdict.BLOCK, message, measured, {"left_bytes": bound})
        else:
            yield Finding(
                "volume", Verdict.PASS, f"{told}, which leaves {size(left)}.", measured, {"left_bytes": bound}
            )


def _restored(ask: Ask, step: StepContext) -> tuple[str, ...]:
    """The tables here that the backup has rows for, as a measure of what these rows take."""
    if step.backup is None:
        return ()
    entries = ask.archive(step.backup).entries
    taken = (each for each in entries if each.kind == "TABLE DATA" and chosen(each, step.selection))
    return tuple(written((each.schema, each.name)) for each in taken)
