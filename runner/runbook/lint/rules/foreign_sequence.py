"""A table is made to draw ids from a sequence that is not its own.

## What it does
Reports ALTER TABLE … INHERIT, and SET DEFAULT nextval('…'), without the guard `shared-sequence`, `foreign-default`
or `sequence-drift` on the step.

## Why is it bad
This is how the founding incident began: a child drew its ids from the parent's sequence, and a restore wound that
back.

## Example
```yaml
sql: ALTER TABLE env_b.customer INHERIT base.customer
```

## Use instead
```yaml
sql: ALTER TABLE env_b.customer INHERIT base.customer
guards: {after: [{check: sequence-drift}]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.lint.sqltext import Parsed
from runner.sql.tree import names, walk

_GUARDS = frozenset({"shared-sequence", "foreign-default", "sequence-drift"})


def judge(book: Book) -> Iterator[Flag]:
    """Report changes of who draws from which sequence."""
    for view in book.steps:
        guards = view.step.guards
        if any(guard.check in _GUARDS for guard in (*guards.before, *guards.after)):
            continue
        for text in view.sql_of("body"):
            for each in text.statements:
                if each.statement.kind == "AlterTableStmt" and (why := _why(each)):
                    hint = "Add guards: {after: [{check: sequence-drift}]}, or give the column an own sequence."
                    yield text.flag(each, why, hint)


def _why(each: Parsed) -> str:
    visits = list(walk(each.statement.kind, each.statement.tree))
    subtypes = {visit.fields.get("subtype") for visit in visits}
    if "AT_AddInherit" in subtypes:
        return "INHERIT may leave the child drawing its ids from the parent's sequence"
    calls = [names(visit.fields["funcname"])[-1] for visit in visits if visit.kind == "FuncCall"]
    if "AT_ColumnDefault" in subtypes and "nextval" in calls:
        return "the column's default draws from a sequence that may belong to another table"
    return ""


RULE = Rule("foreign-sequence", __doc__, judge)
