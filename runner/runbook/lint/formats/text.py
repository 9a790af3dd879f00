"""For people: each problem with its line and a caret."""

from __future__ import annotations

import unicodedata

from runner.runbook.lint.found import Found
from runner.runbook.lint.report import Report
from runner.safe_text import escape

_WIDE = 160
"""Longer lines are cut around the place."""


def render(report: Report) -> str:
    """Write every open problem: place, severity, sentence, excerpt, hint."""
    lines = {file: text.splitlines() for file, text in report.texts.items()}
    return "".join(_problem(each, lines.get(each.file, [])) for each in report.open)


def _problem(found: Found, lines: list[str]) -> str:
    head = f"{found.file}:{found.line}:{found.column}: {found.severity} [{found.rule}] {found.message}"
    rows = [escape(head), *_excerpt(found, lines)]
    if found.hint:
        rows.append(f"    hint: {escape(found.hint)}")
    return "\n".join(rows) + "\n"


def _excerpt(found: Found, lines: list[str]) -> list[str]:
    if not 1 <= found.line <= len(lines):
        return []
    line, column = lines[found.line - 1], found.column - 1
    start = max(0, column - _WIDE // 2) if len(line) > _WIDE else 0
    before, after = escape(line[start:column]), escape(line[column : start + _WIDE])
    gutter = f"{found.line:>5} | "
    return [f"{gutter}{before}{after}", f"{' ' * (len(gutter) - 2)}| {' ' * _columns(before)}^"]


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
