"""The one statement of a dump that moves a sequence, and the names in it."""

from __future__ import annotations

import re

from checks.base import SequenceSet

STATEMENT = re.compile(r"SELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?\d{1,19}), (true|false)\);?\s*")
PART = r'(?:"((?:[^"]|"")+)"|([a-z_][a-z0-9_]*))'
QUALIFIED = re.compile(rf"{PART}\.{PART}")
BIGINT = range(-(1 << 63), 1 << 63)


def parse(definition: str, *, backslash_escapes: bool) -> SequenceSet | None:
    r"""Read ``SELECT pg_catalog.setval('base.seq', 100, true);``; None where it is anything else.

    ``backslash_escapes`` is true in a dump of a server with standard_conforming_strings off, where ``\\`` is one.
    """
    statement = STATEMENT.fullmatch(definition)
    if statement is None or int(statement[2]) not in BIGINT:
        return None
    literal = statement[1].replace("''", "'")
    names = qualified_name(literal.replace("\\\\", "\\") if backslash_escapes else literal)
    return None if names is None else SequenceSet(*names, int(statement[2]), statement[3] == "true")


def qualified_name(text: str) -> tuple[str, str] | None:
    """Take ``schema.name`` apart as pg_dump quotes it; None where it is not such a name."""
    match = QUALIFIED.fullmatch(text)
    if match is None:
        return None
    schema, name = (unquoted(match[i], match[i + 1]) for i in (1, 3))
    return schema, name


def unquoted(quoted: str | None, bare: str | None) -> str:
    """Return the name behind one part of a qualified name."""
    return quoted.replace('""', '"') if quoted is not None else (bare or "")
