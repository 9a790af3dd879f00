"""For CI servers that read JUnit: one test case a file, a failure where a problem fails it."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from runner.runbook.lint.found import Found
from runner.runbook.lint.report import Report

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Write a test suite in which a file fails as it does for `shisa validate`; what only warns is its output."""
    failed = {each.file for each in report.failing}
    head = f'<testsuite name="shisa validate" tests="{len(report.files)}" failures="{len(failed)}" errors="0">'
    cases = "".join(
        _case(file, [each for each in report.open if each.file == file], fails=file in failed) for file in report.files
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{head}\n{cases}</testsuite>\n</testsuites>\n'


def _case(file: str, found: list[Found], *, fails: bool) -> str:
    name = quoteattr(_clean(file))
    if not found:
        return f'  <testcase classname="runbooks" name={name}/>\n'
    told = "\n".join(f"{each.line}:{each.column}: {each.severity} [{each.rule}] {each.message}" for each in found)
    message = quoteattr(f"{len(found)} problem{'s' if len(found) > 1 else ''}")
    failure = (f"<failure message={message} type={quoteattr(found[0].rule)}>", "</failure>")
    begin, end = failure if fails else ("<system-out>", "</system-out>")
    body = f"{begin}{escape(_clean(told))}{end}"
    return f'  <testcase classname="runbooks" name={name}>\n    {body}\n  </testcase>\n'


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return _NO_XML.sub("�", text)
