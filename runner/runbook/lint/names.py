"""Which names a runbook declares, which it uses, and where."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from runner.document import Path
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.sqltext import SqlText
from runner.runbook.render import is_sql
from runner.runbook.template import TemplateError, is_template, names_in, names_in_expression

RESERVED = frozenset({"answers"})
"""What expressions may use besides declared names: ``answers['step-id']``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """One name used at one place."""

    name: str
    path: Path
    offset: int | None = None
    sql: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class BadTemplate:
    """A template or expression whose syntax is wrong."""

    path: Path
    message: str


def uses_of(view: StepView) -> Iterator[Use | BadTemplate]:
    """Every name that a step uses, its own loop's steps not included."""
    for sql in view.sql:
        yield from _in_sql(sql)
    for path, text in view.texts:
        if is_template(text) and not is_sql(path):
            yield from _named(text, (*view.path, *path), expression=False)
    if view.step.when is not None:
        yield from _named(view.step.when, (*view.path, "when"), expression=True)


def uses_in(book: Book) -> Iterator[Use | BadTemplate]:
    """Every name that the file uses."""
    for label in book.labels:
        yield from _in_sql(label)
    for view in book.steps:
        yield from uses_of(view)


def known_at(book: Book, view: StepView) -> frozenset[str]:
    """The names that a step may use: parameters, loop items around it, what earlier steps captured."""
    items = set()
    loop = view.loop
    while loop is not None:
        items |= {loop.step.for_each.as_} if loop.step.for_each else set()
        loop = loop.loop
    captured = {name for each in book.before(view) for name in each.step.capture}
    return frozenset(book.runbook.params) | items | captured | RESERVED


def _in_sql(text: SqlText) -> Iterator[Use]:
    return (Use(each.name, text.path, each.start, sql=True) for each in text.variables)


def _named(text: str, path: Path, *, expression: bool) -> Iterator[Use | BadTemplate]:
    try:
        names = names_in_expression(text) if expression else names_in(text)
    except TemplateError as error:
        yield BadTemplate(path, error.message)
        return
    for name in sorted(names):
        yield Use(name, path, max(0, text.find(name)))
