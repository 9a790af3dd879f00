"""Which rows of a table a person means, and whose they are: SQL over a row that may look into other tables.

For a live row the other tables are looked up as they are. For a row of a backup they are looked up in the backup, as
far as they are restored too: the lines of an order that is gone are still that order's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runner.sql.lookups import Expression, Lookup, expression
from runner.sql.variables import render

_FOUND = """
SELECT n.nspname::text, c.relname::text
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = pg_catalog.to_regclass(:'name')"""

Fetch = Callable[[str], list[tuple[Any, ...]]]


@dataclasses.dataclass(frozen=True, slots=True)
class Meant:
    """A condition, and what its word ``tenant_of`` stands for."""

    where: Expression | None = None
    """All rows where None."""
    tenant_of: Expression | None = None

    def written(self, instead: Mapping[str, str]) -> tuple[str, str]:
        """Write the condition, and what it needs in FROM beside the row; ``instead`` gives relations to look into."""
        where = "true" if self.where is None else self.where.looking_in(instead)
        if self.tenant_of is None:
            return where, ""
        return where, f" CROSS JOIN LATERAL (SELECT {self.tenant_of.looking_in(instead)} AS tenant_of) AS shisa"

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """The tables that are looked into."""
        return tuple(each for one in (self.where, self.tenant_of) if one is not None for each in one.lookups)


def meant(names: Iterable[str], where: Mapping[str, str], tenant_of: Mapping[str, str]) -> Meant:
    """Read what is written for a table under one of its names. Raises SqlError."""
    known = tuple(names)

    def read(texts: Mapping[str, str]) -> Expression | None:
        text = next((texts[name] for name in known if name in texts), "")
        return expression(text) if text else None

    return Meant(read(where), read(tenant_of))


def looked_into(fetch: Fetch, meant: Meant) -> dict[str, tuple[str, str]]:
    """Tell schema and name of each table that is looked into, by what the text calls it.

    ``fetch`` runs a query with the search_path under which the text will run.
    """
    found = {}
    for lookup in meant.lookups:
        rows = fetch(render(_FOUND, {"name": lookup.table}).text)
        if rows:
            found[lookup.table] = (str(rows[0][0]), str(rows[0][1]))
    return found
