"""Calls of ``nextval`` in text: defaults, function bodies, rules. Pure, and never sure of more than it can read."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|(?P<dollar>\$\w*\$).*?(?P=dollar))"
    r'|(?P<quoted>"(?:[^"]|"")*")',
    re.DOTALL,
)
_CALL = re.compile(r'\bnextval"?\s*\(', re.IGNORECASE)
_LITERAL = re.compile(
    r"(?P<opened>[(\s]*)'#(?P<string>\d+)'"
    r"(?P<closed>(?:\)|\s|::\s*(?:pg_catalog\.)?(?:regclass|text|name|varchar|character varying))*)",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"[()\s]|::(?:pg_catalog\.)?(?:regclass|text|name|varchar|charactervarying|integer|int4?|bigint|int8|smallint"
    r"|int2|numeric)|pg_catalog\.(?=nextval)"
)
_PLAIN = re.compile(r"(?:begin(?:atomic)?)?(?:return|select)?nextval'#\d+'(?:as\w+)?;?(?:end;?)?")
_COLUMN = r'("(?:[^"]|"")+"|[a-z_][\w$]*)'
_ASSIGNED = re.compile(rf"new\.{_COLUMN}:?=(?:coalescenew\.{_COLUMN},)?nextval'#(\d+)'$")
_SELECTED = re.compile(rf"selectnextval'#(\d+)'into(?:strict)?new\.{_COLUMN}$")
_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\s".]+))\s*(?:\.|$)')

Name = tuple[str | None, str]
"""Schema (None where it is not written) and name of a sequence, unquoted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Calls:
    """Every ``nextval`` that a text is seen to call."""

    names: frozenset[Name] = frozenset()
    dynamic: bool = False
    """Whether a call computes its sequence's name, or hides in a string that is executed."""
    plain: bool = False
    """Whether the text is nothing but one call, so that what comes out is the sequence's number itself."""
    assigned: Mapping[Name, frozenset[str]] = dataclasses.field(default_factory=dict)
    """Columns of ``NEW`` that get the bare number, quoted as PostgreSQL would."""
    otherwise: frozenset[Name] = frozenset()
    """Sequences that are also called where the number does not plainly go into a column of ``NEW``."""


def calls(text: str, language: str = "sql") -> Calls:
    """Read the calls out of an expression, a rule or a function's body."""
    if language not in {"sql", "plpgsql"}:
        return _foreign(text)
    code, strings = _without_strings(text)
    dynamic = any(_CALL.search(string) for string in strings)
    names: set[Name] = set()
    assigned: dict[Name, set[str]] = {}
    otherwise: set[Name] = set()
    for statement in code.split(";"):
        squeezed = _squeeze(statement)
        read = [_literal(statement, call.end(), strings) for call in _CALL.finditer(statement)]
        known = [name for name in read if name is not None]
        dynamic |= len(known) < len(read)
        names.update(known)
        columns = _assignment(squeezed)
        if columns and len(known) == 1:
            assigned.setdefault(known[0], set()).add(columns)
        else:
            otherwise.update(known)
    return Calls(
        frozenset(names),
        dynamic,
        _PLAIN.fullmatch(_squeeze(code)) is not None and not dynamic,
        {name: frozenset(columns) for name, columns in assigned.items()},
        frozenset(otherwise),
    )


def _literal(code: str, at: int, strings: list[str]) -> Name | None:
    """Read the argument that begins at ``at``; None where it is more than a literal."""
    found = _LITERAL.match(code, at)
    if found is None or found["closed"].count(")") <= found["opened"].count("("):
        return None
    return _name(strings[int(found["string"])])


def _assignment(squeezed: str) -> str | None:
    if found := _ASSIGNED.search(squeezed):
        return found[1] if found[2] in {None, found[1]} else None
    if found := _SELECTED.search(squeezed):
        return found[2]
    return None


def _squeeze(code: str) -> str:
    """Leave out blanks, parentheses and casts that keep a number what it is."""
    return _NOISE.sub("", re.sub(r"\s+", "", _fold(code)).replace('"nextval"', "nextval"))


def _fold(code: str) -> str:
    return re.sub(r'"(?:[^"]|"")*"|[^"]+', lambda part: part[0] if part[0][0] == '"' else part[0].lower(), code)


def _without_strings(text: str) -> tuple[str, list[str]]:
    strings: list[str] = []

    def replaced(token: re.Match[str]) -> str:
        if token["comment"] is not None:
            return " "
        if token["quoted"] is not None:
            return token["quoted"]
        strings.append(token["string"].lstrip("eE"))
        return f"'#{len(strings) - 1}'"

    return _TOKEN.sub(replaced, text), strings


def _name(literal: str) -> Name | None:
    """Read ``'base."Odd"'`` as PostgreSQL reads a name; None where it is none."""
    if not literal.startswith("'"):
        return None
    text = literal[1:-1].replace("''", "'")
    parts, at = [], 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return None
        parts.append(found[1].replace('""', '"') if found[1] is not None else found[2].lower())
        at = found.end()
    match parts:
        case [name]:
            return None, name
        case [*_, schema, name]:
            return schema, name
        case _:
            return None


def _foreign(text: str) -> Calls:
    """Read a body in another language: names in single quotes count, everything else is dynamic."""
    found = [_name(f"'{name}'") for name in re.findall(r"nextval\s*\(\s*'([^'\\]+)'", text, re.IGNORECASE)]
    names = frozenset(name for name in found if name is not None)
    return Calls(names, len(found) < len(_CALL.findall(text)) or None in found, otherwise=names)
