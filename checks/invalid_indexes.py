"""``invalid-indexes``: indexes that writes pay for and that no query uses."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Remedy, Verdict, check, param
from checks.facts.activity import require_primary
from checks.facts.scope import SCHEMAS, not_there, scope

_LEFTOVER = re.compile(r"_cc(new|old)\d*$")
"""How REINDEX CONCURRENTLY names what it works on."""


@dataclasses.dataclass(frozen=True, slots=True)
class IndexRow:
    """One index that is not whole."""

    schema: str
    object: str
    name: str
    table: str
    index: int
    relation: int
    valid: bool
    ready: bool
    live: bool
    unique: bool
    partitioned: bool
    size_mb: int
    toast: bool = False
    """Whether it is the index of the table's TOAST table."""


@dataclasses.dataclass(frozen=True, slots=True)
class BuildRow:
    """One session that builds an index."""

    pid: int
    relation: int | None
    index: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    indexes: tuple[IndexRow, ...] = ()
    builds: tuple[BuildRow, ...] = ()
    objects: int = 0
    absent: tuple[str, ...] = ()


@check("invalid-indexes", since=14, group="structure", looks_at="indexes")
class InvalidIndexes(Check[Facts]):
    """No index is left half built.

    ## Why it matters

    A `CREATE INDEX CONCURRENTLY` that was cancelled, timed out or met a duplicate leaves an INVALID index: every write
    keeps it up, no query uses it, and the next attempt with IF NOT EXISTS takes it for done. A unique one refuses new
    duplicates although the old ones stay.

    ## When it blocks

    An index is not valid, not ready or not live, and no session builds it now. It warns where one does. It is unknown
    where a session builds some index on the same table, or one whose work the role may not see (it needs pg_monitor),
    and for what is not valid on a standby.

    ## What to do

    `REINDEX INDEX CONCURRENTLY`, or drop it with `DROP INDEX CONCURRENTLY` and create it again; what ends in `_ccnew`
    or `_ccold` is a leftover and is dropped; in pg_toast only a superuser may do that. An index of a partitioned table
    becomes valid when every partition's index is attached.

    ## What it cannot see

    Indexes that are valid and wrong: a changed collation, a broken operator class (amcheck finds these).
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Facts:
        """Learn the indexes that are not whole, and then who builds."""
        part = scope(ask, self.schemas)
        indexes = part.within(ask.rows(self.queries["indexes"], IndexRow))
        if indexes:
            require_primary(
                ask, f"{indexes[0].object} is not valid, and only the primary tells whether it is built now"
            )
        builds = ask.rows(self.queries["builds"], BuildRow) if indexes else []
        return Facts(indexes, tuple(builds), part.count("indexes"), part.absent)

    def looked_at(self, facts: Facts) -> int:
        """Count the indexes."""
        return facts.objects or len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block where nobody is at work."""
        yield from not_there(facts.absent)
        for row in facts.indexes:
            verdict, message = _judged(row, facts.builds)
            measured = {
                "table": row.table,
                "valid": row.valid,
                "ready": row.ready,
                "live": row.live,
                "unique": row.unique,
                "size_mb": row.size_mb,
            }
            bound = {"valid": True, "ready": True, "live": True}
            yield Finding(row.object, verdict, message, measured, bound, _remedy(row, verdict))


def _judged(row: IndexRow, builds: tuple[BuildRow, ...]) -> tuple[Verdict, str]:
    for build in builds:
        if build.index == row.index:
            return Verdict.WARN, f"Process {build.pid} is building {row.object} on {row.table} now; it is not used yet."
    for build in builds:
        if build.relation is None:
            return Verdict.UNKNOWN, (
                f"{row.object} on {row.table} is not valid, and this role may not see what process {build.pid} builds: "
                "nobody can tell a leftover from work in progress."
            )
        if build.relation == row.relation:
            return Verdict.UNKNOWN, (
                f"{row.object} on {row.table} is not valid, while process {build.pid} builds an index on the same "
                "table: nobody can tell a leftover from work in progress."
            )
    if row.partitioned:
        return Verdict.BLOCK, (
            f"{row.object} is not valid: not every partition of {row.table} has its part of it, so what it should keep "
            "unique or make fast is not."
        )
    if row.toast:
        return Verdict.BLOCK, (
            f"{row.object}, of the TOAST table of {row.table}, is not valid: what a REINDEX CONCURRENTLY left, which "
            f"every write of a long value keeps up ({row.size_mb} MB). Only a superuser may drop it."
        )
    costs = "every write keeps it up" if row.ready and row.live else "it takes its space"
    refuses = ", it refuses new duplicates although old ones may stand" if row.unique and row.ready else ""
    return (
        Verdict.BLOCK,
        f"{row.object} on {row.table} is not valid: {costs} ({row.size_mb} MB), no query uses it{refuses}.",
    )


def _remedy(row: IndexRow, verdict: Verdict) -> Remedy | None:
    if verdict is not Verdict.BLOCK or row.partitioned or row.toast or not row.live or _LEFTOVER.search(row.name):
        return None
    step = {
        "title": f"Build {row.object} again",
        "sql": f"REINDEX INDEX CONCURRENTLY {row.object}",
        "transaction": False,
        "verify": {"check": "invalid-indexes"},
    }
    return Remedy("REINDEX CONCURRENTLY builds it whole without keeping writers out.", {}, [step])
