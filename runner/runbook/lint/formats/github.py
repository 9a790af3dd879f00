"""For GitHub Actions: one annotation a line (workflow commands)."""

from __future__ import annotations

from runner.runbook.lint.report import Report


def render(report: Report) -> str:
    """Write ``::error file=…,line=…,col=…,title=…::message`` for each open problem."""
    return "".join(
        f"::{each.severity} file={_property(each.file)},line={each.line},col={each.column},"
        f"title={_property(each.rule)}::{_data(each.message + (f' {each.hint}' if each.hint else ''))}\n"
        for each in report.open
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
