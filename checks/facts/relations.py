"""The tables that a step or a person names, found as the step's own session would, with all that inherit from them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence

from checks.base import Ask, Finding, Verdict

RELATIONS = "Tables, as schema.name; the step's where it has some."
"""What the parameter ``relations`` is, in every check that has it."""

_TREE = """
WITH RECURSIVE named AS (
    SELECT w.name, pg_catalog.to_regclass(w.name)::pg_catalog.oid AS relation
    FROM pg_catalog.json_array_elements_text(:'names'::pg_catalog.json) AS w (name)
), tree AS (
    SELECT n.name, n.relation FROM named n
    UNION
    SELECT t.name, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
)
SELECT t.name AS asked, t.relation::pg_catalog.int8 AS relation,
       CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%I.%I', n.nspname, c.relname) END AS object,
       c.relkind::pg_catalog.text AS kind, t.relation = pg_catalog.to_regclass(t.name) AS root
FROM tree t
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"""


@dataclasses.dataclass(frozen=True, slots=True)
class TreeRow:
    """One relation of a tree as the query gives it; a name of nothing has only the name."""

    asked: str
    relation: int | None
    object: str | None
    kind: str | None
    root: bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class Relation:
    """One relation of a tree."""

    asked: str
    """The name that led to it."""
    relation: int
    object: str
    kind: str
    """``relkind`` of pg_class."""
    root: bool = True
    """Whether it is the one that the name stands for, and not one that inherits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Trees:
    """What was found for the names, and the names of nothing."""

    relations: tuple[Relation, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def oids(self) -> str:
        """The relations as a JSON array, for a query."""
        return json.dumps([each.relation for each in self.relations])

    def names(self) -> dict[int, str]:
        """Relation → name."""
        return {each.relation: each.object for each in self.relations}


def trees(ask: Ask, names: Sequence[str]) -> Trees:
    """Find the relations of these names by the session's own search_path, and their descendants."""
    if not names:
        return Trees()
    rows = ask.named(_TREE, TreeRow, names=json.dumps(list(names)))
    found: dict[int, Relation] = {}
    for row in rows:
        if row.relation is not None and row.object is not None:
            found[row.relation] = Relation(row.asked, row.relation, row.object, row.kind or "", root=bool(row.root))
    return Trees(tuple(found.values()), tuple(row.asked for row in rows if row.object is None))


def missing(found: Trees) -> Iterator[Finding]:
    """Say of each name that nothing is called so."""
    for name in found.absent:
        yield Finding(name, Verdict.UNKNOWN, f"There is no table {name} to look at.")
