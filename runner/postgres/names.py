"""Names as PostgreSQL writes them."""

from __future__ import annotations

import re

from runner.errors import UsageError

_PART = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$]*)')


def split_name(name: str) -> tuple[str, str]:
    """Split ``schema.name`` into its parts, quotes taken off and bare parts folded to lower case.

    Raises UsageError where the name has no schema or is malformed.
    """
    parts, position = [], 0
    while True:
        found = _PART.match(name, position)
        if found is None:
            break
        parts.append(found[1].replace('""', '"') if found[1] is not None else found[2].lower())
        position = found.end()
        if position == len(name) or name[position] != ".":
            break
        position += 1
    if len(parts) != 2 or position != len(name):  # noqa: PLR2004 - schema and name
        raise UsageError(f"{name!r} is not a name with its schema", hint="write it as in public.orders_id_seq")
    return parts[0], parts[1]
