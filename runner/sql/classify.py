"""What a statement does, read from its tree: never by running it, and closed where the text does not tell.

What the text cannot tell, and a guard on the server must: triggers, rules and views behind the relations,
operators, casts and functions that shadow built-ins, and functions in `t.name` notation over a row.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from runner.sql.alter_table import subcommands
from runner.sql.commands import command
from runner.sql.conditions import Where, where_of
from runner.sql.effects import Effect, attribute_effect, call_effect, named_effect, sample_effect
from runner.sql.grammar import Statement, parse
from runner.sql.harm import OPAQUE, harm
from runner.sql.locks import UNKNOWN, lock_of, strongest
from runner.sql.relations import relations_of
from runner.sql.transaction import Transaction, transaction_of
from runner.sql.tree import Visit, dotted, names, relation_name, walk

DmlKind = Literal["insert", "update", "delete", "merge"]
_DML: dict[str, DmlKind] = {
    "DeleteStmt": "delete",
    "InsertStmt": "insert",
    "MergeStmt": "merge",
    "UpdateStmt": "update",
}
_LOOKING = frozenset({"SelectStmt", "ExplainStmt", "VariableShowStmt"})


@dataclass(frozen=True, slots=True)
class Dml:
    """One INSERT, UPDATE, DELETE or MERGE that the statement runs, wherever it hides."""

    kind: DmlKind
    relation: str
    where: Where | None
    """None where the command has no WHERE of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Everything that plan, lint, review and engine need to know of one statement."""

    command: str
    reasons: tuple[str, ...]
    """Why it is destructive, as sentences; empty when it is not."""
    survival: tuple[str, ...]
    """Why a ROLLBACK does not undo all of it; empty when it does."""
    actions: tuple[str, ...]
    """Why it does more than look; empty when it only looks."""
    opaque: tuple[str, ...]
    """Code that it runs and that nobody could look into."""
    transaction: Transaction
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    creates: tuple[str, ...]
    lock: str | None
    """The strongest lock on an existing relation it names, or an index of one: "ShareLock"; "unknown"; None."""
    dml: tuple[Dml, ...]
    functions: tuple[str, ...]
    """The functions it calls, as they are written."""
    subcommands: tuple[str, ...]
    """Of ALTER TABLE and its like, in words."""
    cascade: bool
    concurrently: bool
    if_not_exists: bool

    @property
    def destructive(self) -> bool:
        """Whether a second person has to sign it."""
        return bool(self.reasons)

    @property
    def survives_rollback(self) -> bool:
        """Whether it can be run at most once, because a ROLLBACK leaves something of it."""
        return bool(self.survival)

    @property
    def read_only(self) -> bool:
        """Whether it is a query that only looks."""
        return not self.actions

    @property
    def relations(self) -> tuple[str, ...]:
        """All relations it names."""
        return tuple(dict.fromkeys((*self.reads, *self.writes, *self.creates)))


@functools.lru_cache(maxsize=1024)
def classified(sql: str, harmless: frozenset[str] = frozenset()) -> tuple[Classification, ...]:
    """Judge every statement of a text, once: a step is judged before its run opens, and whenever it is rendered.

    Raises SqlSyntaxError.
    """
    return tuple(classify(each, harmless=harmless) for each in parse(sql))


def classify(statement: Statement, *, harmless: AbstractSet[str] = frozenset()) -> Classification:
    """Judge one statement; harmless names functions beyond the built-ins, as their calls write them."""
    visits = list(walk(statement.kind, statement.tree))
    run_now = [visit for visit in visits if visit.executed]
    calls = [call for visit in run_now for call in _calls(visit, frozenset(harmless))]
    title = command(statement.kind, statement.tree)
    reasons = [reason for visit in run_now if _is_statement(visit) for reason in harm(visit.kind, visit.fields)]
    reasons += [f"function {name}() {effect.destroys}" for name, effect in calls if effect.destroys]
    opaque = [command(visit.kind, visit.fields) for visit in run_now if visit.kind in OPAQUE]
    opaque += [name for name, effect in calls if effect.opaque]
    transaction = transaction_of(statement.kind, statement.tree)
    relations = relations_of(visits)
    return Classification(
        command=title,
        reasons=_unique(reasons),
        survival=_unique([*_survival(run_now, title, transaction), *_call_survival(calls)]),
        actions=_unique([*_actions(run_now), *_call_actions(calls), *reasons]),
        opaque=_unique(opaque),
        transaction=transaction,
        reads=relations.reads,
        writes=relations.writes,
        creates=relations.creates,
        lock=_lock(visits, reads=bool(relations.reads), opaque=bool(opaque)),
        dml=tuple(_dml(run_now)),
        functions=_unique(name for name, _ in calls),
        subcommands=subcommands(statement.tree) if statement.kind == "AlterTableStmt" else (),
        cascade=any(visit.fields.get("behavior") == "DROP_CASCADE" for visit in visits),
        concurrently=title.endswith("CONCURRENTLY") or any(visit.fields.get("concurrent") for visit in visits),
        if_not_exists=any(visit.fields.get("if_not_exists") for visit in visits),
    )


def _is_statement(visit: Visit) -> bool:
    return visit.kind.endswith("Stmt")


def _calls(visit: Visit, harmless: frozenset[str]) -> Iterator[tuple[str, Effect]]:
    match visit.kind:
        case "FuncCall" if visit.parent != "CallStmt":
            yield call_effect(visit.fields, harmless)
        case "RangeTableSample":
            method = names(visit.fields["method"])
            yield dotted(method), sample_effect(method, harmless)
        case "A_Indirection":
            for name in names(visit.fields["indirection"]):
                if (effect := attribute_effect(name)) != Effect():
                    yield name, effect
        case "A_Expr":
            *schema, operator = names(visit.fields["name"])
            if schema not in ([], ["pg_catalog"]):
                yield f"{dotted(tuple(schema))}.{operator}", named_effect((*schema, operator), harmless, [])


def _survival(run_now: list[Visit], title: str, transaction: Transaction) -> Iterator[str]:
    if transaction == "forbidden":
        yield f"{title} cannot run in a transaction, so that no ROLLBACK undoes it"
    for visit in run_now:
        if visit.kind in OPAQUE:
            yield f"{command(visit.kind, visit.fields)} may do what a ROLLBACK does not undo"
        elif visit.kind == "CopyStmt" and visit.fields.get("is_program"):
            yield f"{title} runs a program on the server"
        elif visit.kind == "CopyStmt" and "filename" in visit.fields and not visit.fields.get("is_from"):
            yield f"{title} writes a file on the server"


def _call_survival(calls: list[tuple[str, Effect]]) -> Iterator[str]:
    for name, effect in calls:
        if effect.survives:
            yield f"function {name}() {effect.survives}"


def _actions(run_now: list[Visit]) -> Iterator[str]:
    for visit in run_now:
        if _is_statement(visit) and visit.kind not in _LOOKING:
            yield f"{command(visit.kind, visit.fields)} is not a query"
        elif visit.kind == "LockingClause":
            yield "FOR UPDATE or FOR SHARE locks rows"
        elif visit.kind == "intoClause":
            yield "SELECT INTO creates a table"


def _call_actions(calls: list[tuple[str, Effect]]) -> Iterator[str]:
    for name, effect in calls:
        for what in (effect.destroys, effect.survives, effect.acts):
            if what:
                yield f"function {name}() {what}"


def _lock(visits: list[Visit], *, reads: bool, opaque: bool) -> str | None:
    modes = [lock_of(visit.kind, visit.fields) for visit in visits]
    return strongest([*modes, "AccessShareLock" if reads else None, UNKNOWN if opaque else None])


def _dml(run_now: list[Visit]) -> Iterator[Dml]:
    for visit in run_now:
        match visit.kind:
            case "DeleteStmt" | "UpdateStmt":
                where: Where | None = where_of(visit.fields)
            case "InsertStmt" | "MergeStmt":
                where = None
            case _:
                continue
        yield Dml(_DML[visit.kind], relation_name(visit.fields["relation"]), where)


def _unique(items: Iterator[str] | list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
