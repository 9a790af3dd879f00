"""An SQL expression over a row, as a person wrote it, and the tables in which it looks something up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runner.sql.errors import SqlError
from runner.sql.grammar import parse
from runner.sql.quoting import quote_identifier
from runner.sql.tree import relation_name, walk

_PART = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = re.compile(rf"{_PART}(?:\s*\.\s*{_PART}){{0,2}}")
_LEAD = "SELECT "
_MORE = frozenset({"fromClause", "groupClause", "larg", "limitCount", "sortClause", "whereClause"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """One table named in an expression, at its place there."""

    table: str
    """As the text names it."""
    start: int
    end: int
    alias: str
    """What the rest of the expression calls it, where it gives no name of its own; empty where it does."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression over a row, in parentheses."""

    text: str
    lookups: tuple[Lookup, ...]

    def looking_in(self, instead: Mapping[str, str]) -> str:
        """Write the expression with other relations, as SQL, in the place of tables that it names."""
        parts, at = [], 0
        for each in self.lookups:
            if each.table in instead:
                alias = f" AS {quote_identifier(each.alias)}" if each.alias else ""
                parts += [self.text[at : each.start], instead[each.table], alias]
                at = each.end
        return "".join([*parts, self.text[at:]])


def expression(text: str) -> Expression:
    """Read a condition, or a query of one value. Raises SqlError where it is not exactly one expression."""
    _require_alone(text)
    inner = f"({text}\n)"
    encoded = f"{_LEAD}{inner}".encode()
    (statement,) = parse(encoded.decode())
    found = []
    for visit in walk(statement.kind, statement.tree):
        fields = visit.fields
        if visit.kind != "RangeVar" or ("schemaname" not in fields and fields["relname"] in visit.ctes):
            continue
        start = len(encoded[: fields["location"]].decode()) - len(_LEAD)
        name = _NAME.match(inner, start)
        if name is None:
            raise _not_understood(f"the name {relation_name(fields)} is written in a way that is not understood")
        found.append(Lookup(relation_name(fields), start, name.end(), "" if "alias" in fields else fields["relname"]))
    return Expression(inner, tuple(sorted(found, key=lambda lookup: lookup.start)))


def _require_alone(text: str) -> None:
    """Refuse what is an expression only within parentheses, such as ``true) OR (true``."""
    try:
        if [each.kind for each in parse(text)] == ["SelectStmt"]:
            return
    except SqlError:
        pass
    statements = parse(f"{_LEAD}{text}\n")
    targets = statements[0].tree.get("targetList", []) if len(statements) == 1 else []
    if len(targets) != 1 or "name" in targets[0]["ResTarget"] or _MORE & statements[0].tree.keys():
        raise _not_understood("this is not one expression over a row")


def _not_understood(message: str) -> SqlError:
    return SqlError(message, line=1, column=1)
