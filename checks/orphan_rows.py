"""``orphan-rows``: rows whose foreign key refers to nothing, though the constraint looks valid."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.packing import RELATIONS, packed
from checks.facts.scope import SCHEMAS, not_there, resolved, scope
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class KeyRow:
    """One foreign key of a table that holds rows."""

    schema: str
    object: str
    table: str
    refers_to: str
    only: str
    matching: str
    given: str
    missing: str
    full: bool
    validated: bool
    enforced: bool
    period: bool
    readable: bool
    size_mb: int
    relations: int

    def locks(self) -> dict[str, int]:
        """The tables that the question locks, with their partitions."""
        return {self.table: 1, self.refers_to: self.relations - 1}

    def question(self, at: int) -> str:
        """Count the rows that refer to nothing; with MATCH FULL also those that refer by half."""
        nothing = f"NOT EXISTS (SELECT FROM {self.only}{self.refers_to} AS p WHERE {self.matching})"
        where = f"{self.given} AND {nothing}"
        if self.full:
            where = f"({where}) OR NOT (({self.given}) OR ({self.missing}))"
        return f"SELECT {at} AS at, count(*) AS rows FROM ONLY {self.table} AS f WHERE {where}"  # noqa: S608


@dataclasses.dataclass(frozen=True, slots=True)
class CountRow:
    """How many rows of one table refer to nothing."""

    at: int
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One foreign key with what was counted."""

    object: str
    table: str
    refers_to: str
    validated: bool = True
    enforced: bool = True
    orphans: int | None = None
    unseen: str = ""
    """Why nothing was counted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    keys: tuple[Key, ...] = ()
    objects: int = 0
    absent: tuple[str, ...] = ()
    absent_tables: tuple[str, ...] = ()


@check("orphan-rows", since=14, group="structure", looks_at="tables", limits=["orphans"], steady=True)
class OrphanRows(Check[Facts]):
    """Every foreign key refers to a row that is there.

    ## Why it matters

    A load with triggers off (`pg_restore --disable-triggers`, session_replication_role = replica) checks no foreign
    key, and the constraint is marked valid all the same; VALIDATE does nothing to one that is. Such rows break the next
    dump and restore, vanish from joins, and belong to nobody.

    ## When it blocks

    A row of a table refers to a row that is not there, though the foreign key is marked valid. It warns where the key
    is NOT VALID or NOT ENFORCED. It is unknown for tables that take more than `scan_limit` together with those that
    they refer to, for keys that refer to more partitions than one statement may lock, for temporal keys (PERIOD), and
    where the role may not read either table or its rows are filtered.

    ## What to do

    Decide for each such row whether the one it refers to comes back or it goes; then look for the load that brought it.

    ## What it cannot see

    References that are no foreign keys. Rows of transactions that are not committed yet. A schema or table that is
    asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())
    tables: tuple[str, ...] = param(
        "Tables whose foreign keys are followed, as schema.name; all where empty.", default=()
    )
    scan_limit: int = param(
        "Largest tables that are read: the one with the key and the one it refers to.",
        default=400,
        minimum=0,
        unit="MB",
    )

    def gather(self, ask: Ask) -> Facts:
        """Learn the keys, and count in statements that stay small."""
        part = scope(ask, self.schemas)
        named = resolved(ask, self.tables)
        rows = [row for row in part.within(ask.rows(self.query, KeyRow)) if not named or row.table in named.values()]
        asked = [row for row in rows if not self._why(row)]
        found: dict[str, int] = {}
        for group in packed(asked, relations=KeyRow.locks, size_mb=lambda row: row.size_mb):
            union = "\nUNION ALL ".join(row.question(at) for at, row in enumerate(group))
            found |= {group[count.at].object: count.rows for count in ask.rows(union, CountRow)}
        keys = tuple(_key(row, found.get(row.object), self._why(row)) for row in rows)
        absent = tuple(name for name, table in named.items() if table is None)
        return Facts(keys, len(self.tables) or part.count("tables"), part.absent, absent)

    def looked_at(self, facts: Facts) -> int:
        """Count the tables whose keys were looked for."""
        return facts.objects or len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block where a valid key refers to nothing."""
        yield from not_there(facts.absent)
        yield from not_there(facts.absent_tables, "table")
        for key in facts.keys:
            verdict, message = _judged(key)
            measured = {
                "orphans": key.orphans,
                "refers_to": key.refers_to,
                "validated": key.validated,
                "enforced": key.enforced,
            }
            yield Finding(key.object, verdict, message, measured, {"orphans": 0})

    def _why(self, row: KeyRow) -> str:
        if not row.readable:
            return "this role may not read both tables"
        if row.period:
            return "it is a temporal key (PERIOD), which is not followed"
        if row.size_mb > self.scan_limit:
            return f"its tables take {row.size_mb} MB, more than the {self.scan_limit} MB that are read"
        if row.relations > RELATIONS:
            return f"its {row.relations} tables and partitions are more than one statement may lock ({RELATIONS})"
        return ""


def _key(row: KeyRow, orphans: int | None, why: str) -> Key:
    return Key(row.object, row.table, row.refers_to, row.validated, row.enforced, orphans, why)


def _judged(key: Key) -> tuple[Verdict, str]:
    if key.orphans is None:
        return Verdict.UNKNOWN, f"Nobody can tell whether {key.object} refers to rows that are there: {key.unseen}."
    if not key.orphans:
        return Verdict.PASS, f"Every row of {key.table} that {key.object} speaks of refers to one in {key.refers_to}."
    rows = counted(key.orphans, "row")
    refer = "refers" if key.orphans == 1 else "refer"
    broken = f"{rows} of {key.table} {refer} to nothing in {key.refers_to} ({key.object})"
    if not key.enforced:
        return Verdict.WARN, f"{broken}, which is declared NOT ENFORCED."
    if not key.validated:
        return Verdict.WARN, f"{broken}: the constraint is NOT VALID, and validating it fails."
    return Verdict.BLOCK, f"{broken}, though the constraint is marked valid: a restore of this database fails there."
