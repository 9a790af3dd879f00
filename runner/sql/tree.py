"""Read PostgreSQL's parse trees: visit every node with its context, and turn name lists into names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Fields = dict[str, Any]

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_OFF = frozenset({"false", "off", "0", "f", "no", "n"})


class Visit(NamedTuple):
    """One node: its kind, its fields, the field of the parent that holds it, and whether it is run now.

    executed is false in the body of a view, a rule, a function, and behind EXPLAIN without ANALYZE.
    ctes are the names that WITH clauses around the node define.
    """

    kind: str
    fields: Fields
    parent: str
    field: str
    executed: bool = True
    ctes: frozenset[str] = frozenset()


def kinds(pattern: str, listed: str) -> frozenset[str]:
    """The names of nodes or enumerators, written short: each listed word put into the pattern."""
    return frozenset(pattern.format(word) for word in listed.split())


_DEFINES = kinds(
    "{}Stmt",
    "AlterPolicy CreateDomain CreateFunction CreatePolicy CreatePublication CreateStats Create CreateTrig Rule View",
)
"""Statements that store the queries and expressions in them instead of running them."""


def walk(kind: str, fields: Fields) -> Iterator[Visit]:
    """Every node of the tree in reading order, the top first."""
    stack = [Visit(kind, fields, "", "")]
    while stack:
        visit = stack.pop()
        yield visit
        children = _children(visit)
        children.reverse()
        stack += children


def _children(visit: Visit) -> list[Visit]:
    executed = visit.executed and not _only_defines(visit)
    with_clause = visit.fields.get("withClause")
    scope = visit.ctes
    found: list[Visit] = []
    if with_clause:
        scope |= {each["CommonTableExpr"]["ctename"] for each in with_clause["ctes"]}
        visible = scope if with_clause.get("recursive") else visit.ctes
        for each in with_clause["ctes"]:
            fields = each["CommonTableExpr"]
            found.append(Visit("CommonTableExpr", fields, "WithClause", "ctes", executed, visible))
            visible |= {fields["ctename"]}
    for field, value in visit.fields.items():
        if isinstance(value, (dict, list)) and field != "withClause":
            _gather(found, value, (visit.kind, field, executed, scope))
    return found


def _gather(found: list[Visit], value: Any, place: tuple[str, str, bool, frozenset[str]]) -> None:
    """Append the nodes of a field: one, or those of a list, as deep as lists nest."""
    if isinstance(value, list):
        for item in value:
            _gather(found, item, place)
    elif isinstance(value, dict):
        first = next(iter(value), "")
        if len(value) == 1 and first[:1].isupper():
            if first == "List":
                _gather(found, value[first].get("items", []), place)
            else:
                found.append(Visit(first, value[first], *place))
        else:
            found.append(Visit(_untagged_kind(value, place[1]), value, *place))


def _untagged_kind(fields: Fields, field: str) -> str:
    """The node type that the JSON leaves out where the C struct's field already has it."""
    if "relname" in fields:
        return "RangeVar"
    if "limitOption" in fields:
        return "SelectStmt"
    if "funcformat" in fields:
        return "FuncCall"
    return field


def _only_defines(visit: Visit) -> bool:
    match visit.kind:
        case "ExplainStmt":
            return not option(visit.fields, "analyze")
        case "CreateTableAsStmt":
            return bool(visit.fields["into"].get("skipData"))
        case "AlterTableCmd":
            return bool(visit.fields["subtype"] == "AT_ColumnDefault")
        case "AlterDomainStmt":
            return bool(visit.fields["subtype"] == "T")
        case kind:
            return kind in _DEFINES


def names(items: list[Fields]) -> tuple[str, ...]:
    """The strings of a list of String nodes."""
    return tuple(item["String"].get("sval", "") for item in items if "String" in item)


def dotted(parts: tuple[str, ...]) -> str:
    """A qualified name as SQL text, with quotes where a part needs them."""
    return ".".join(part if _PLAIN_NAME.match(part) else '"' + part.replace('"', '""') + '"' for part in parts)


def relation_name(range_var: Fields) -> str:
    """The name of a RangeVar, qualified as it was written."""
    parts = (range_var.get("catalogname"), range_var.get("schemaname"), range_var["relname"])
    return dotted(tuple(part for part in parts if part))


def option(fields: Fields, name: str, *, default: bool = False, among: str = "options") -> bool:
    """Whether the last of a statement's options of that name is on; a bare name means on, an odd value too."""
    state = default
    for item in fields.get(among, []):
        element = item.get("DefElem", {})
        if element.get("defname") == name:
            state = _is_on(element.get("arg"))
    return state


def option_names(fields: Fields, among: str = "options") -> frozenset[str]:
    """The names of a statement's options."""
    return frozenset(item["DefElem"]["defname"] for item in fields.get(among, []) if "DefElem" in item)


def placeless(node: Any) -> Any:
    """The node without the places where it and its parts stand in the text."""
    if isinstance(node, dict):
        return {key: placeless(value) for key, value in node.items() if key != "location"}
    return [placeless(each) for each in node] if isinstance(node, list) else node


def _is_on(argument: Fields | None) -> bool:
    match argument:
        case {"Boolean": value}:
            return bool(value.get("boolval"))
        case {"Integer": value}:
            return bool(value.get("ival"))
        case {"String": {"sval": str(text)}}:
            return text.lower() not in _OFF
        case _:
            return True
