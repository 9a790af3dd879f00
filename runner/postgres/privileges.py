"""Ask a target whether the role of the session may do what statements need."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.sql.needs import Need
from runner.sql.quoting import quote_literal

if TYPE_CHECKING:
    from runner.postgres.readonly import ReadOnlySession

_MAINTAIN_SINCE = 170000
_QUERY = """
SELECT asked.n, found.relkind::text,
       pg_catalog.has_schema_privilege(found.relnamespace, 'USAGE'),
       CASE WHEN asked.privilege = 'OWNER' OR found.relkind IN ('i', 'I')
            THEN pg_catalog.pg_has_role(found.relowner, 'USAGE')
            ELSE pg_catalog.has_table_privilege(found.oid, asked.privilege) END,
       pg_catalog.pg_get_userbyid(found.relowner)::text
  FROM (VALUES {asked}) AS asked (n, name, privilege)
  LEFT JOIN LATERAL (
       SELECT c.oid, c.relkind, c.relnamespace, c.relowner
         FROM pg_catalog.pg_class AS c
         JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
         CROSS JOIN LATERAL pg_catalog.parse_ident(asked.name) AS parts
        WHERE c.relname = parts[pg_catalog.array_upper(parts, 1)]
          AND CASE WHEN pg_catalog.array_upper(parts, 1) > 1
                   THEN s.nspname = parts[pg_catalog.array_upper(parts, 1) - 1]
                   ELSE s.nspname = ANY (pg_catalog.current_schemas(true)) END
        ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(true), s.nspname)
        LIMIT 1) AS found ON true
 ORDER BY asked.n"""


@dataclasses.dataclass(frozen=True, slots=True)
class Granted:
    """What the server says of one need."""

    need: Need
    kind: str | None
    """``pg_class.relkind``; None where the session's search_path leads to no such relation."""
    schema: bool
    privilege: bool
    owner: str


def granted(session: ReadOnlySession, needs: Sequence[Need]) -> list[Granted]:
    """Ask about all needs in one query, names resolved as the session would; raises CannotAskError."""
    if not needs:
        return []
    new = session.server_version >= _MAINTAIN_SINCE
    rows = [
        f"({n}, {quote_literal(name)}, {quote_literal('OWNER' if privilege == 'MAINTAIN' and not new else privilege)})"
        for n, (name, privilege) in enumerate(needs)
    ]
    with session.snapshot():
        table = session.fetch_foreign(_QUERY.format(asked=", ".join(rows)))
    return [
        Granted(needs[n], kind, bool(schema), bool(privilege), str(owner))
        for n, kind, schema, privilege, owner in table.rows
    ]
