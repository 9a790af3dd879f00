"""A statement of a dump with some of its schemas under other names: only where a name stands for a schema.

pg_dump writes every name with its schema, so a schema stands before a dot or behind the word SCHEMA; what looks the
same and is a table's alias (``env_a.id`` in a view) the grammar tells. Rows, comments and other texts stay as they are;
which of them mention a schema by its old name is told, for nobody can know what they are for.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Literal

from runner.sql.errors import SqlSyntaxError
from runner.sql.grammar import parse
from runner.sql.quoting import quote_identifier
from runner.sql.tokens import tokens
from runner.sql.tree import walk

_NAMES_AN_OBJECT = frozenset(
    f"reg{what}"
    for what in ("class", "proc", "procedure", "type", "oper", "operator", "config", "dictionary", "collation")
)
_WORD = re.compile(r"[^\W\d][\w$]*|[^\w\s]|\d[\w.]*")
_TABLE = re.compile(r"(?:CREATE|ALTER)\s+(?:UNLOGGED\s+|FOREIGN\s+)?TABLE\b", re.IGNORECASE)
_ALIAS_PARTS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Renamed:
    """A statement with its schemas renamed."""

    text: str
    mentions: tuple[str, ...]
    """The schemas that a literal or a body in it mentions by their old names."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    kind: Literal["name", "string", "mark"]
    start: int
    end: int
    value: str
    """A name as PostgreSQL folds it; a literal with its quotes."""


def rename_schemas(statement: str, names: Mapping[str, str]) -> Renamed:
    """Rename schemas in one statement; ``names`` are old name → new name.

    Raises SqlSyntaxError where only the grammar of a newer PostgreSQL could tell a schema from an alias.
    """
    pieces = list(_pieces(statement))
    found = [at for at in range(len(pieces)) if _is_schema(pieces, at, names)]
    if any(pieces[at].value in names and _followed(pieces, at) for at in found):
        aliases = _aliases(statement, names)
        found = [at for at in found if pieces[at].start not in aliases]
    changes = {at: quote_identifier(names[pieces[at].value]) for at in found}
    mentions: dict[str, None] = {}
    for at, piece in enumerate(pieces):
        if piece.kind == "string":
            if _cast(pieces, at) in _NAMES_AN_OBJECT:
                changes[at] = rename_in_literal(piece.value, names)
            else:
                mentions.update(dict.fromkeys(name for name in names if _mentions(piece.value, name)))
    return Renamed(_changed(statement, pieces, changes), tuple(mentions))


def rename_in_literal(literal: str, names: Mapping[str, str]) -> str:
    """Rename schemas in a literal that holds an object's name, as ``'env_a.seq'`` before ``::regclass``."""
    inner = literal[1:-1].replace("''", "'")
    pieces = list(_pieces(inner))
    found = [at for at in range(len(pieces)) if _is_schema(pieces, at, names)]
    renamed = _changed(inner, pieces, {at: quote_identifier(names[pieces[at].value]) for at in found})
    return "'" + renamed.replace("'", "''") + "'"


def _pieces(sql: str) -> Iterator[_Piece]:
    at = 0
    for token in tokens(sql):
        if token.kind in {"variable", "meta"}:  # psql's words; in a dump they are marks like any other
            continue
        yield from _plain(sql, at, token.start)
        at, text = token.end, sql[token.start : token.end]
        if token.kind == "identifier":
            yield _Piece("name", token.start, token.end, text[1:-1].replace('""', '"'))
        elif token.kind == "string":
            yield _Piece("string", token.start, token.end, text)
    yield from _plain(sql, at, len(sql))


def _plain(sql: str, start: int, end: int) -> Iterator[_Piece]:
    for match in _WORD.finditer(sql, start, end):
        text = match[0]
        kind: Literal["name", "mark"] = "name" if text[0].isalpha() or text[0] == "_" else "mark"
        yield _Piece(kind, match.start(), match.end(), text.lower() if kind == "name" else text)


def _is_schema(pieces: list[_Piece], at: int, names: Mapping[str, str]) -> bool:
    piece = pieces[at]
    if piece.kind != "name" or piece.value not in names or (at and pieces[at - 1].value == "."):
        return False
    return _followed(pieces, at) or (at > 0 and pieces[at - 1].kind == "name" and pieces[at - 1].value == "schema")


def _followed(pieces: list[_Piece], at: int) -> bool:
    return at + 1 < len(pieces) and pieces[at + 1].kind == "mark" and pieces[at + 1].value == "."


def _cast(pieces: list[_Piece], at: int) -> str | None:
    """Tell the type that a literal is cast to."""
    behind = pieces[at + 1 : at + 4]
    return behind[2].value if [each.value for each in behind[:2]] == [":", ":"] and len(behind) > _ALIAS_PARTS else None


def _aliases(statement: str, names: Mapping[str, str]) -> set[int]:
    """Find where a table's or a parameter's name looks like a schema: ``alias.column``."""
    try:
        (parsed,) = parse(statement)
    except SqlSyntaxError:
        if _TABLE.match(statement.lstrip()):
            return set()  # its expressions name columns without their table
        raise
    raw = statement.encode()
    found = set()
    for visit in walk(parsed.kind, parsed.tree):
        fields = visit.fields.get("fields", []) if visit.kind == "ColumnRef" else []
        first = fields[0].get("String", {}).get("sval") if fields else None
        if len(fields) == _ALIAS_PARTS and first in names:
            found.add(len(raw[: visit.fields.get("location", 0)].decode()))
    return found


def _mentions(literal: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", literal) is not None


def _changed(text: str, pieces: list[_Piece], changes: Mapping[int, str]) -> str:
    parts, end = [], 0
    for at in sorted(changes):
        parts += [text[end : pieces[at].start], changes[at]]
        end = pieces[at].end
    return "".join([*parts, text[end:]])
