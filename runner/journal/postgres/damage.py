"""Compare an installed team journal with the scripts that installed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runner.journal.postgres import CODE, script

if TYPE_CHECKING:
    from psycopg import Connection

_FUNCTION = re.compile(r"CREATE OR REPLACE FUNCTION shisa\.(\w+)\(.*?AS \$\$(.*?)\$\$;", re.DOTALL)
_TRIGGERS = {"append_only", "no_truncate", "chain", "durable"} | {
    f"attachment_{name}" for name in ("append_only", "no_truncate", "durable")
}


def damage_of(connection: Connection[Any]) -> tuple[str, ...]:
    """Say in sentences what was changed after the installation; whoever owns the journal could have done it."""
    return (*_functions(connection), *_triggers(connection), *_grants(connection), *_head(connection))


def _functions(connection: Connection[Any]) -> Iterator[str]:
    rows = connection.execute(script("damage_functions")).fetchall()
    found = {name: (source, owner, pinned, public) for name, source, owner, pinned, public in rows}
    expected = dict(pair for name in CODE for pair in _FUNCTION.findall(script(name)))
    for name, source in expected.items():
        if name not in found:
            yield f"The function {name} is not there any more."
            continue
        now, owner, pinned, public = found[name]
        if now != source or owner != "shisa_owner":
            yield f"The function {name} is not what shisa made it."
        if not pinned:
            yield f"The function {name} has lost its search_path, so that others can put their objects before ours."
        if public:
            yield f"Everybody may call the function {name}."
    for name in sorted(name for name in found if [row[0] for row in rows].count(name) > 1):
        yield f"The function {name} stands there more than once, with other parameters."
    for name in sorted(found.keys() - expected.keys()):
        yield f"The function {name} is none of shisa's."


def _triggers(connection: Connection[Any]) -> Iterator[str]:
    query = (
        "SELECT tgname::text, tgenabled = 'A' FROM pg_trigger WHERE NOT tgisinternal"
        " AND tgrelid IN (to_regclass('shisa.journal'), to_regclass('shisa.attachment'))"
    )
    found = dict(connection.execute(query).fetchall())
    for name in sorted(_TRIGGERS):
        if not found.get(name):
            yield f"The trigger {name} is {'switched off' if name in found else 'not there any more'}."


def _grants(connection: Connection[Any]) -> Iterator[str]:
    for grantee, table, right in connection.execute(script("damage_grants")).fetchall():
        yield f"{grantee} may {right} {table}, and nobody but the owner may."


def _head(connection: Connection[Any]) -> Iterator[str]:
    query = (
        "SELECT h.seq, coalesce(j.seq, 0) FROM shisa.head h"
        " LEFT JOIN (SELECT seq FROM shisa.journal ORDER BY seq DESC LIMIT 1) j ON true"
    )
    for kept, last in connection.execute(query).fetchall():
        if kept != last:
            yield f"The journal's head says line {kept}, and its last line is {last}."
