"""How the rows that a statement would write can be counted before it runs, taken from its own text.

The FROM and WHERE of the count are cut out of the statement, parsed again and compared with the statement's tree:
what does not give the very same condition over the very same tables is said to be not countable.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from checks.base import Change
from runner.sql.classify import classify
from runner.sql.commands import command
from runner.sql.errors import SqlError
from runner.sql.grammar import Statement, parse
from runner.sql.keywords import Piece, clauses
from runner.sql.quoting import quote_identifier
from runner.sql.tree import Fields, placeless, relation_name, walk

_DML = {"InsertStmt": "insert", "UpdateStmt": "update", "DeleteStmt": "delete", "MergeStmt": "merge"}
_CHANGING = frozenset(
    {"random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday"}
)
"""Built-ins that answer something else each time, so that a count says nothing about the run."""


def changes_of(statements: Sequence[str]) -> tuple[Change, ...]:
    """Tell of every statement that does more than look how its rows can be counted; never raises."""
    found: list[Change] = []
    written: set[str] = set()
    for number, text in enumerate(statements, start=1):
        try:
            parsed = parse(text)
        except SqlError as error:
            found.append(Change(number, "statement", "", f"it cannot be read: {error.message}"))
            continue
        for statement in parsed:
            seen = classify(statement)
            again = written & {name.rpartition(".")[2] for name in seen.relations}
            for each in () if seen.read_only else _changes(number, statement):
                earlier = f"an earlier statement of the step changes {', '.join(sorted(again))}"
                change = _with(each, writes=seen.writes)
                found.append(_not(change, earlier) if again and not change.problem else change)
            written |= {name.rpartition(".")[2] for name in (*seen.writes, *seen.creates)}
    return tuple(found)


def _changes(number: int, statement: Statement) -> Iterator[Change]:
    tree, kind = statement.tree, _DML.get(statement.kind)
    if statement.kind == "TruncateStmt":
        yield from _truncate(number, tree)
    elif kind is None:
        name = command(statement.kind, tree)
        written = next(iter(classify(statement).writes), "")
        yield Change(number, name, written, f"{name} is no statement whose rows can be counted by a query")
    else:
        change = Change(
            number,
            kind,
            relation_name(tree["relation"]),
            problem=_uncountable(statement, kind),
            columns=tuple(each["ResTarget"]["name"] for each in tree.get("targetList", ()) if kind == "update"),
            only=not tree["relation"].get("inh"),
        )
        derived = _insert if kind == "insert" else _chosen
        yield change if change.problem else derived(change, statement)


def _uncountable(statement: Statement, kind: str) -> str:
    visits = list(walk(statement.kind, statement.tree))
    unsteady = {name.rpartition(".")[2] for name in classify(statement).functions} & _CHANGING
    if kind == "merge":
        return "what MERGE does to a row depends on each row"
    if any(visit.kind == "CurrentOfExpr" for visit in visits):
        return "its rows are those of a cursor"
    if any(visit.kind in _DML and visit.fields is not statement.tree for visit in visits):
        return "its WITH clause writes rows too"
    return f"{min(unsteady)}() answers something else each time" if unsteady else ""


def _truncate(number: int, tree: Fields) -> Iterator[Change]:
    for each in tree["relations"]:
        relation = each["RangeVar"]
        name, only = relation_name(relation), not relation.get("inh")
        yield Change(
            number,
            "truncate",
            name,
            rows=f"FROM {'ONLY ' if only else ''}{name} AS affected",
            alias="affected",
            only=only,
            cascades=tree.get("behavior") == "DROP_CASCADE",
        )


def _insert(change: Change, statement: Statement) -> Change:
    tree = statement.tree
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    upsert = tree.get("onConflictClause") is not None
    if values := select.get("valuesLists"):
        return _with(change, given=len(values), at_most=upsert)
    if not select:
        return _with(change, given=1, at_most=upsert)
    parts = clauses(statement.text)
    into = next((each.start for each in parts if each.word == "INTO"), 0)
    starts = [each.start for each in parts if each.word in {"WITH", "SELECT", "TABLE"} and each.start > into]
    conflict = next((at for at, each in enumerate(parts) if each.word == "CONFLICT" and upsert), None)
    stops = [parts[conflict - 1].start] if conflict else []
    stops += [each.start for each in parts if each.word == "RETURNING"]
    stops += [len(statement.text.rstrip().rstrip(";"))]
    common, text = _common(statement, parts), statement.text[min(starts, default=0) : min(stops)].rstrip()
    if not _same(f"{common}{text}", statement.kind, tree):
        return _not(change, "its SELECT could not be told apart from its text")
    return _with(change, common=common, rows=f"FROM ({text}\n) AS affected", alias="affected", at_most=upsert)


def _chosen(change: Change, statement: Statement) -> Change:
    """Turn ``DELETE FROM t USING u WHERE …`` into ``FROM t, u WHERE …``, and likewise UPDATE … SET … FROM."""
    text, parts = statement.text, clauses(statement.text)
    more = "USING" if change.kind == "delete" else "FROM"
    places = {each.word: each for each in reversed(parts)}
    begin = places.get("FROM") if change.kind == "delete" else places.get("UPDATE")
    where = next((each for each in reversed(parts) if each.word == "WHERE"), None)
    ends = [each.start for each in parts if each.word == "RETURNING"] or [len(text.rstrip().rstrip(";"))]
    behind_target = places.get("SET") if change.kind == "update" else None
    tables = [each for each in parts if each.word == more and begin is not None and each.start > begin.start]
    common = _common(statement, parts)
    for second in itertools.chain([None], tables):
        if begin is None or (second is None) == bool(statement.tree.get(f"{more.lower()}Clause")):
            continue
        stops = [each.start for each in (behind_target, second, where) if each is not None]
        target = text[begin.end : min([*stops, *ends])].strip()
        upto = ends[-1] if where is None else where.start
        others = "" if second is None else text[second.end : upto].strip()
        condition = "" if where is None else text[where.start : ends[-1]].strip()
        tables_text = f"{target}, {others}" if others else target
        if _same(f"{common}SELECT FROM {tables_text} {condition}", statement.kind, statement.tree):
            alias = _alias(statement.tree["relation"])
            rows = f"FROM {tables_text} {condition}".rstrip()
            if others:  # a row that several rows of the others fit is written once
                place = f"{alias}.tableoid, {alias}.ctid"
                rows = f"FROM {target} WHERE ({place}) IN (SELECT {place} {rows}\n)"
            return _with(change, common=common, rows=rows, alias=alias)
    return _not(change, "its condition could not be told apart from its text")


def _common(statement: Statement, parts: Sequence[Piece]) -> str:
    if "withClause" not in statement.tree:
        return ""
    verb = next((each for each in parts if each.word in {"INSERT", "UPDATE", "DELETE"}), None)
    return "" if verb is None else statement.text[: verb.start]


def _same(text: str, kind: str, tree: Fields) -> bool:
    """Whether a query reads what the statement reads: the same tables, condition and WITH."""
    try:
        (query,) = parse(text)
    except (SqlError, ValueError):
        return False
    if query.kind != "SelectStmt":
        return False
    if kind == "InsertStmt":
        wanted = {**tree["selectStmt"]["SelectStmt"]}
        if "withClause" in tree:
            wanted["withClause"] = tree["withClause"]
        return bool(placeless(query.tree) == placeless(wanted))
    more = tree.get("usingClause") or tree.get("fromClause") or []
    wanted = {
        "fromClause": [{"RangeVar": tree["relation"]}, *more],
        "whereClause": tree.get("whereClause"),
        "withClause": tree.get("withClause"),
    }
    return all(placeless(query.tree.get(part)) == placeless(value) for part, value in wanted.items())


def _alias(relation: Fields) -> str:
    return quote_identifier(relation.get("alias", {}).get("aliasname") or relation["relname"])


def _not(change: Change, problem: str) -> Change:
    return _with(change, problem=problem, rows="", given=None)


def _with(change: Change, **fields: Any) -> Change:
    return dataclasses.replace(change, **fields)
