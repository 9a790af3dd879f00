"""For GitHub Actions: one annotation a line (workflow commands)."""

from __future__ import annotations

from runner.runbook.lint.found import Found
from runner.runbook.lint.report import Report


def render(report: Report) -> str:
    """Write ``::error file=…,line=…,col=…,title=…::message`` for each open problem."""
    return "".join(
        f"::{each.severity} file={_property(each.file)},line={each.line},col={each.column},"
        f"title={_property(each.rule)}::{_data(_told(each))}\n"
        for each in report.open
    )


def _told(problem: Found) -> str:
    return f"{problem.message}\n{problem.hint}" if problem.hint else problem.message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
