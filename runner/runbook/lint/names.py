"""Which names a text uses, and where."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from runner.document import Path
from runner.runbook.lint.sqltext import SqlText
from runner.runbook.template import TemplateError, names_in, names_in_expression

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


def in_sql(text: SqlText) -> Iterator[Use]:
    """The psql variables of a piece of SQL."""
    return (Use(each.name, text.path, each.start, sql=True) for each in text.variables)


def in_template(text: str, path: Path, *, expression: bool = False) -> Iterator[Use | BadTemplate]:
    """The names of a template, or of a ``when`` expression."""
    try:
        names = names_in_expression(text) if expression else names_in(text)
    except TemplateError as error:
        yield BadTemplate(path, error.message)
        return
    for name in sorted(names):
        yield Use(name, path, max(0, text.find(name)))
