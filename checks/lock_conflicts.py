"""``lock-conflicts``: nobody stands in the way of the locks that the step will take."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import owner, require_monitor, require_primary
from checks.facts.figures import span
from checks.facts.lock_modes import MODES, conflict
from checks.facts.relations import RELATIONS, Trees, missing, trees
from checks.facts.tied import reaching
from checks.facts.wording import listed

_STRONGEST = MODES[-1]


@dataclasses.dataclass(frozen=True, slots=True)
class LockRow:
    """One lock of somebody else."""

    relation: int
    mode: str
    granted: bool
    pid: int | None
    user: str | None
    application: str
    state: str
    autovacuum: bool
    wraparound: bool
    gid: str | None
    """The prepared transaction that holds it."""
    age_ms: int | None
    index: bool = False
    """Whether it is on an index of the table."""

    @property
    def blocker(self) -> str:
        """Who it is, by what stays the same when it comes again."""
        return f"prepared transaction {self.gid}" if self.pid is None else owner(self)

    @property
    def age_s(self) -> int:
        """The age of its transaction."""
        return (self.age_ms or 0) // 1000


@dataclasses.dataclass(frozen=True, slots=True)
class BehindRow:
    """One table that the step locks without naming it."""

    relation: int
    object: str
    why: str
    lock: str | None = None
    """The lock that is taken on it, where it is not the step's strongest."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The tables, and everybody else's locks on them."""

    found: Trees = dataclasses.field(default_factory=Trees)
    behind: tuple[BehindRow, ...] = ()
    locks: tuple[LockRow, ...] = ()
    attached: tuple[int, ...] = ()
    """What becomes a partition, and is locked more strongly than what it becomes one of."""
    rebuilds: bool = False
    """Whether indexes are locked more strongly than their tables."""


@check("lock-conflicts", since=14, group="load", looks_at="tables", limits=["age_ms", "blockers"])
class LockConflicts(Check[Facts]):
    """No lock stands in the way of those that the step takes.

    ## Why it matters

    A step that waits for a lock makes everybody wait who comes behind it, readers too: an ALTER TABLE behind one idle
    SELECT stops the whole table until it gives up.

    ## When it blocks

    Another session holds or waits for a lock, on a table of the step or one that inherits from it, which conflicts with
    the strongest lock that the step takes, and its transaction is older than `max_wait`: it will not be gone before the
    step's lock_timeout. What is locked along counts too: the partitioned table of a partition that is dropped, the
    table of an index that is dropped or rebuilt, both sides of a foreign key that goes or changes its type, what a
    partition that comes or goes refers to, what CASCADE drops or empties. Prepared transactions and autovacuum against
    wraparound, which does not give way, block at any age. It warns for younger transactions and for ordinary
    autovacuum.

    ## What to do

    Wait for the blockers that it names, or ask their owners to end them. Keep a short lock_timeout and retry on 55P03
    and 40P01 all the same, for this look is only a moment.

    ## What it cannot see

    Without pg_monitor (pg_read_all_stats) it cannot tell whose locks they are, and on a standby it does not see those
    that a step would wait for: unknown. Row locks; locks that come after this look; tables that the step's triggers and
    functions reach. Outside a step it does not know the statement, and looks at the tables that are named alone.
    """

    relations: tuple[str, ...] = param(RELATIONS, default=())
    lock: str | None = param(
        "Lock that is wanted, as AccessExclusiveLock, the default where the step does not tell.",
        default=None,
        choices=(*MODES, "unknown"),
    )
    max_wait: timedelta = param(
        "Age up to which a transaction is expected to end by itself.", default=timedelta(seconds=2)
    )

    def gather(self, ask: Ask) -> Facts:
        """Find the tables, then everybody else's locks."""
        require_primary(ask, "a standby does not show the locks that a step waits for; ask its primary")
        require_monitor(ask)
        found = trees(ask, self.relations)
        if not found.relations:
            return Facts(found)
        reach = reaching(ask.step.statements if ask.step is not None else ())
        flags = {name: getattr(reach, name) for name in ("drops", "empties", "joins", "rebuilds")}
        names = json.dumps(reach.names)
        behind = ask.rows(self.queries["behind"], BehindRow, relations=found.oids, names=names, **flags)
        oids = json.dumps([*found.names(), *(row.relation for row in behind)])
        locks = ask.rows(self.queries["locks"], LockRow, relations=oids)
        attached = tuple(each.relation for each in found.relations if each.asked in reach.attached)
        return Facts(found, tuple(behind), tuple(locks), attached, reach.rebuilds)

    def looked_at(self, facts: Facts) -> int:
        """Count the tables."""
        return len(facts.found.relations)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Name who is in the way, by table and blocker."""
        yield from missing(facts.found)
        names = facts.found.names() | {row.relation: row.object for row in facts.behind}
        whys = {row.relation: f", {row.why}" for row in facts.behind}
        taken = {row.relation: row.lock for row in facts.behind if row.lock} | dict.fromkeys(facts.attached, _STRONGEST)
        groups: dict[tuple[int, str, str], list[LockRow]] = {}
        for row in facts.locks:
            wanted = taken.get(row.relation) or self._wanted(row, rebuilds=facts.rebuilds)
            if conflict(wanted, row.mode):
                groups.setdefault((row.relation, row.blocker, wanted), []).append(row)
        for (relation, blocker, wanted), rows in groups.items():
            yield self._in_the_way(names[relation], whys.get(relation, ""), blocker, rows, wanted)

    def _wanted(self, row: LockRow, *, rebuilds: bool) -> str:
        if self.lock not in MODES or (rebuilds and row.index):
            return _STRONGEST
        return self.lock

    def _in_the_way(self, table: str, why: str, blocker: str, rows: list[LockRow], wanted: str) -> Finding:
        oldest = max(rows, key=lambda row: row.age_ms or 0)
        bound = round(self.max_wait / timedelta(milliseconds=1))
        stays = any(row.pid is None or row.wraparound or row.age_ms is None for row in rows)
        yields = all(row.autovacuum for row in rows) and not stays
        lasting = stays or (not yields and (oldest.age_ms or 0) > bound)
        pid = f" (pid {oldest.pid})" if oldest.pid is not None else ""
        modes = listed(sorted({row.mode for row in rows}))
        has = "waits for" if not any(row.granted for row in rows) else "holds"
        told = "it gives way to a step that waits for it" if yields else f"its transaction is {span(oldest.age_s)} old"
        return Finding(
            f"{table}, {blocker}",
            Verdict.BLOCK if lasting else Verdict.WARN,
            f"{blocker}{pid} {has} {modes} on {table}{why}, in the way of {wanted}; {told}"
            + (": the step would wait behind it, and everybody else behind the step." if lasting else "."),
            {
                "table": table,
                "blockers": len({row.pid for row in rows}),
                "pid": oldest.pid,
                "modes": sorted({row.mode for row in rows}),
                "age_ms": oldest.age_ms,
            },
            {"age_ms": bound, "lock": wanted},
        )
