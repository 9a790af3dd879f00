"""Compare an installed team journal with the scripts that installed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runner.journal.postgres import CODE, script

if TYPE_CHECKING:
    from psycopg import Connection

_FUNCTION = re.compile(r"CREATE OR REPLACE FUNCTION shisa\.(\w+)\(.*?AS \$\$(.*?)\$\$;", re.DOTALL)
_BEFORE_CHANGE, _BEFORE_TRUNCATE, _BEFORE_INSERT, _AFTER_INSERT = 27, 34, 7, 5
"""Bits of pg_trigger.tgtype: 1 a row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate."""
_TRIGGERS = {
    "append_only": ("append_only", _BEFORE_CHANGE),
    "no_truncate": ("append_only", _BEFORE_TRUNCATE),
    "chain": ("chain", _BEFORE_INSERT),
    "durable": ("durable", _AFTER_INSERT),
    "attachment_append_only": ("append_only", _BEFORE_CHANGE),
    "attachment_no_truncate": ("append_only", _BEFORE_TRUNCATE),
    "attachment_durable": ("durable", _AFTER_INSERT),
}
"""Trigger → the function that it calls, and when."""


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
    rows = connection.execute(script("damage_triggers")).fetchall()
    found = {name: (always, (function, kind)) for name, always, function, kind in rows}
    for name, does in sorted(_TRIGGERS.items()):
        always, now = found.get(name, (True, None))
        if not always or now is None:
            yield f"The trigger {name} is {'not there any more' if now is None else 'switched off'}."
        elif now != does:
            yield f"The trigger {name} is not what shisa made it."


def _grants(connection: Connection[Any]) -> Iterator[str]:
    for grantee, table, right in connection.execute(script("damage_grants")).fetchall():
        yield f"{grantee} may {right} {table}, and nobody but the owner may."


def _head(connection: Connection[Any]) -> Iterator[str]:
    query = (
        "SELECT h.seq, coalesce(j.seq, 0), h.hash = coalesce(j.hash, h.hash) FROM shisa.head h"
        " LEFT JOIN (SELECT seq, hash FROM shisa.journal ORDER BY seq DESC LIMIT 1) j ON true"
    )
    rows = connection.execute(query).fetchall()
    if not rows:
        yield "The journal has lost its head, so nothing can be added to it."
    for kept, last, same in rows:
        if kept != last:
            yield f"The journal's head says line {kept}, and its last line is {last}."
        elif not same:
            yield f"The journal's head has another hash than line {last}, its last."
