"""The part of a database that a check looks at: schemas that a person named, or all but PostgreSQL's own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from checks.base import Ask, Finding, Verdict

_SCHEMAS = """
SELECT n.nspname::text AS schema, coalesce(c.tables, 0) AS tables, coalesce(c.sequences, 0) AS sequences,
       coalesce(c.indexes, 0) AS indexes, coalesce(p.functions, 0) AS functions
FROM pg_namespace n
LEFT JOIN (SELECT relnamespace, count(*) FILTER (WHERE relkind IN ('r', 'p', 'f')) AS tables,
                  count(*) FILTER (WHERE relkind = 'S') AS sequences,
                  count(*) FILTER (WHERE relkind IN ('i', 'I')) AS indexes
           FROM pg_class GROUP BY relnamespace) AS c ON c.relnamespace = n.oid
LEFT JOIN (SELECT pronamespace, count(*) AS functions FROM pg_proc GROUP BY pronamespace) AS p ON p.pronamespace = n.oid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""

_NAMED = """
SELECT w.name, CASE WHEN c.oid IS NOT NULL THEN format('%I.%I', n.nspname, c.relname) END AS object
FROM json_array_elements_text(:'names'::json) AS w (name)
LEFT JOIN pg_class c ON c.oid = to_regclass(w.name)
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"""

SCHEMAS = "Schemas to look at; all but PostgreSQL's own where empty."
"""What the parameter ``schemas`` is, in every check that has it."""


class InSchema(Protocol):
    """A row that tells in which schema its object is."""

    @property
    def schema(self) -> str:
        """The schema's name, unquoted."""


Row = TypeVar("Row", bound=InSchema)


@dataclasses.dataclass(frozen=True, slots=True)
class SchemaRow:
    """One schema, and how much there is in it."""

    schema: str
    tables: int
    sequences: int
    indexes: int
    functions: int


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """The schemas looked at, and those asked for that are not there."""

    schemas: tuple[SchemaRow, ...]
    absent: tuple[str, ...] = ()

    def within(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """Keep the rows of these schemas."""
        names = {each.schema for each in self.schemas}
        return tuple(row for row in rows if row.schema in names)

    def count(self, *kinds: str) -> int:
        """How many objects of these kinds (``tables``, ``sequences`` …) there are."""
        return sum(getattr(each, kind) for each in self.schemas for kind in kinds)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen(Generic[Row]):
    """The rows of a query inside the scope, and among how many objects they were looked for."""

    rows: tuple[Row, ...] = ()
    objects: int = 0
    absent: tuple[str, ...] = ()

    @property
    def looked_at(self) -> int:
        """The objects; a schema that is not there has been looked for too, and is told by its own finding."""
        return self.objects or len(self.absent)


def scope(ask: Ask, schemas: Sequence[str]) -> Scope:
    """Learn what there is in the schemas that are named, or in all where none is."""
    found = ask.rows(_SCHEMAS, SchemaRow)
    chosen = tuple(row for row in found if not schemas or row.schema in schemas)
    here = {row.schema for row in chosen}
    return Scope(chosen, tuple(name for name in schemas if name not in here))


def seen(ask: Ask, query: str, into: type[Row], schemas: Sequence[str], *kinds: str) -> Seen[Row]:
    """Run a check's one query, keep what is in scope, and count the objects of these kinds."""
    part = scope(ask, schemas)
    return Seen(part.within(ask.rows(query, into)), part.count(*kinds), part.absent)


def not_there(absent: Iterable[str], what: str = "schema") -> Iterator[Finding]:
    """Say of each name asked for that nothing is called so: whoever named it meant something else."""
    for name in absent:
        hint = "; name it with its schema" if what == "table" and "." not in name else ""
        yield Finding(name, Verdict.UNKNOWN, f"There is no {what} {name} to look at{hint}.")


@dataclasses.dataclass(frozen=True, slots=True)
class NamedRow:
    """A name that was asked for, and the table of that name."""

    name: str
    object: str | None


def resolved(ask: Ask, names: Sequence[str]) -> dict[str, str | None]:
    """Find the tables of these names: name → table as PostgreSQL prints it, None where there is none."""
    if not names:
        return {}
    return {row.name: row.object for row in ask.rows(_NAMED, NamedRow, names=json.dumps(list(names)))}
