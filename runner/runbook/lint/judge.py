"""Judge one runbook file: every layer and every rule in one pass, each problem at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath

import msgspec

from runner.config.model import Config
from runner.config.plugins import use_plugins
from runner.document import Document, Problem
from runner.runbook.lint.book import Book
from runner.runbook.lint.catalog import RULES
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.found import Found, severity_of
from runner.runbook.lint.repair import repaired
from runner.runbook.lint.rule import Severity
from runner.runbook.lint.suppress import suppress
from runner.runbook.load import examine, runbook_schema
from runner.runbook.model import Runbook


def judge(
    content: bytes | str, file: FilePath, *, config: Config | None = None, name: str | None = None
) -> list[Found]:
    """Every problem of a runbook, in the order of the file; ``name`` is what the file is called in reports.

    Raises ConfigError where a check that ``config`` names cannot be loaded.
    """
    use_plugins(config)
    document, loaded, problems = examine(content, file)
    severities: Mapping[str, Severity] = {} if config is None else config.lint.get("severity", {})
    called = str(file) if name is None else name
    found = {_of_problem(called, each, severities) for each in problems}
    book = _book(document, loaded.runbook if loaded is not None else None, file, config)
    if book is not None:
        found |= set(_of_rules(called, book, severities))
    ordered = sorted(found, key=lambda each: (each.line, each.column, each.rule, each.message))
    return [each for each in suppress(ordered, document, called, severities) if each.severity != "off"]


def _book(document: Document, runbook: Runbook | None, file: FilePath, config: Config | None) -> Book | None:
    if runbook is not None:
        return Book(document, file, runbook, config)
    if document.problems and document.root is None:
        return None
    data = repaired(document.data, runbook_schema())
    try:
        return None if data is None else Book(document, file, msgspec.convert(data, Runbook), config)
    except msgspec.ValidationError:
        return None


def _of_problem(called: str, problem: Problem, severities: Mapping[str, Severity]) -> Found:
    return Found(
        file=called,
        line=problem.line,
        column=problem.column,
        rule=problem.rule,
        severity=severity_of(problem.rule, severities),
        message=problem.message,
        hint=problem.hint,
        above=problem.line,
    )


def _of_rules(called: str, book: Book, severities: Mapping[str, Severity]) -> Iterator[Found]:
    for rule in RULES:
        if rule.judge is None or (severity := severity_of(rule.id, severities)) == "off":
            continue
        for flag in rule.judge(book):
            line, column = _place(flag, book.document)
            above = book.document.position(flag.path, of_key=True)[0]
            yield Found(called, line, column, rule.id, severity, flag.message, flag.hint, above=above)


def _place(flag: Flag, document: Document) -> tuple[int, int]:
    if flag.offset is not None and not flag.path:
        before = document.text[: flag.offset]
        return before.count("\n") + 1, flag.offset - before.rfind("\n")
    if flag.offset is not None:
        return document.locate(flag.path, flag.offset)
    return document.position(flag.path, of_key=flag.of_key)


def chosen(found: Iterable[Found], select: Iterable[str], ignore: Iterable[str]) -> list[Found]:
    """Keep the problems of the selected rules (all, where none is selected) except the ignored ones."""
    wanted, unwanted = set(select), set(ignore)
    return [each for each in found if (not wanted or each.rule in wanted) and each.rule not in unwanted]
