"""``cascade-reach``: everything outside an object that goes along when it is dropped or emptied with CASCADE."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.dropped import Dropped, dropped
from checks.facts.scope import not_there
from checks.facts.wording import counted, listed

_ROWS = frozenset({"table", "foreign table"})


@dataclasses.dataclass(frozen=True, slots=True)
class RootRow:
    """One name, and the object that it stands for, if there is one."""

    name: str
    catalogue: str
    root: int | None
    object: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class TakenRow:
    """One object outside of what is dropped or emptied."""

    kind: str
    object: str
    required: bool
    """Whether the column of a default is NOT NULL."""
    rows_estimate: int | None
    """-1 where the table was never analyzed."""
    parts: int


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What is dropped or emptied, and what goes along."""

    roots: tuple[str, ...] = ()
    taken: tuple[TakenRow, ...] = ()
    absent: tuple[str, ...] = ()
    problem: str = ""
    """Why nothing could be followed; empty where it could."""
    no_cascade: bool = False
    """Whether the step's statements have no CASCADE, so that PostgreSQL itself refuses to reach further."""


@check("cascade-reach", since=14, group="effect", looks_at="objects", limits=["rows_estimate"])
class CascadeReach(Check[Facts]):
    """Nothing outside an object goes along when it is dropped or emptied with CASCADE.

    ## Why it matters

    `DROP TABLE parent CASCADE` drops the views on it, the foreign keys to it, the tables that inherit from it with all
    their rows, and the *default* of every column that draws from its sequence: the next insert into such a table fails
    or stores NULL, and all that was said is a NOTICE. `TRUNCATE … CASCADE` empties every table that refers to it.

    ## When it blocks

    Something outside goes along. In a step, what its statements drop or empty with CASCADE is followed (DROP of tables,
    views, sequences, indexes and schemas; TRUNCATE); otherwise what is named here. What belongs to the object (its
    indexes, keys, triggers, its own sequence, what is in a dropped schema, the partitions of an emptied table) is
    inside. Tables that inherit, and partitions of a dropped table, hold rows of their own and are outside.

    It is unknown for a CASCADE that is not followed: DROP of types, functions, columns, constraints, extensions, roles.

    ## What to do

    Drop or change what depends on it first, by name, so that the statement needs no CASCADE; give tables that draw from
    its sequence one of their own. Accept what is meant to go, by name.

    ## What it cannot see

    Functions and procedures that name the object in their text, applications, other databases, and subscribers. Objects
    that other transactions have not committed yet. A name that is nothing's is unknown, unless the step says IF EXISTS.
    """

    tables: tuple[str, ...] = param(
        "Tables, views, sequences or indexes, as schema.name; those of the step where nothing is named.", default=()
    )
    schemas: tuple[str, ...] = param("Schemas that are dropped.", default=())
    action: str = param(
        "What is done to what is named: dropped or emptied.", default="drop", choices=("drop", "truncate")
    )

    def gather(self, ask: Ask) -> Facts:
        """Find the objects as the step's own session would, and follow what hangs on them."""
        if self.tables or self.schemas:
            found = [Dropped(self.action, self.schemas, self.tables)]
        elif ask.step is None or not ask.step.statements:
            return Facts(problem="nothing is named, and there is no statement of a step; name tables or schemas")
        else:
            found = [each for each in map(dropped, ask.step.statements) if each is not None]
        if any(not each.action for each in found):
            return Facts(problem="a statement has a CASCADE that is not followed; name what it reaches by tables")
        if not found:
            return Facts(no_cascade=True)
        parts = [self._follow(ask, each) for each in found]
        return Facts(
            tuple(dict.fromkeys(name for part in parts for name in part.roots)),
            tuple(dict.fromkeys(row for part in parts for row in part.taken)),
            tuple(name for part in parts for name in part.absent),
        )

    def looked_at(self, facts: Facts) -> int:
        """Count the objects that are dropped or emptied."""
        return len(facts.roots) + len(facts.absent) or int(bool(facts.problem) or facts.no_cascade)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block for each object that goes along."""
        yield from not_there(facts.absent, "object")
        roots = listed(facts.roots)
        if facts.problem:
            yield Finding("cascade", Verdict.UNKNOWN, f"Nobody can tell what CASCADE would take: {facts.problem}.")
        elif facts.no_cascade:
            message = "No statement of the step has a CASCADE: PostgreSQL refuses what would reach further."
            yield Finding("cascade", Verdict.PASS, message)
        elif not facts.taken and facts.roots:
            message = f"Nothing outside of {roots} goes along."
            yield Finding(roots, Verdict.PASS, message, {"outside": 0}, {"outside": 0})
        for row in facts.taken:
            measured = {"kind": row.kind, "rows_estimate": row.rows_estimate, "because_of": list(facts.roots)}
            message = f"CASCADE on {roots} {_told(row)}"
            yield Finding(row.object, Verdict.BLOCK, message, measured, {"outside": 0})

    def _follow(self, ask: Ask, found: Dropped) -> Facts:
        names = {"relations": json.dumps(list(found.relations)), "schemas": json.dumps(list(found.schemas))}
        rows = ask.named(self.queries["roots"], RootRow, **names)
        there = [row for row in rows if row.root is not None]
        absent = () if found.if_exists else tuple(row.name for row in rows if row.root is None)
        roots = json.dumps([[row.catalogue, row.root] for row in there])
        taken = ask.rows(self.queries[found.action], TakenRow, roots=roots) if there else []
        return Facts(tuple(row.object or row.name for row in there), tuple(taken), absent)


def _told(row: TakenRow) -> str:  # noqa: PLR0911 - one return a kind
    name = row.object
    if row.kind == "emptied":
        return f"empties {name}{_rows(row)}."
    if row.kind == "default":
        fate = "fails" if row.required else "stores NULL"
        return f"takes the default of {name} away: every INSERT that gives no value {fate} from then on."
    if row.kind == "foreign key":
        return f"drops the foreign key {name}: rows that refer to nothing are taken from then on."
    if row.kind in _ROWS:
        return f"drops the {row.kind} {name} with its rows{_rows(row)}."
    if row.kind == "column":
        return f"drops the column {name} with its values."
    if row.kind.startswith("publication"):
        return f"ends the replication of the {row.kind} {name}."
    return f"drops the {row.kind} {name}: whatever uses it fails from then on."


def _rows(row: TakenRow) -> str:
    if row.rows_estimate is None:
        return ""
    return " (never analyzed)" if row.rows_estimate < 0 else f" (about {counted(row.rows_estimate, 'row')})"
