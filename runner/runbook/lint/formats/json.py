"""For programs: the shape of DESIGN.md §5."""

from __future__ import annotations

import json

from runner.runbook.lint.report import Report


def render(report: Report) -> str:
    """Write files and problems; suppressed ones and those of the baseline are marked."""
    problems = [each.as_json() | ({"baseline": True} if each in report.known else {}) for each in report.found]
    return json.dumps({"files": list(report.files), "problems": problems}, ensure_ascii=False, indent=2) + "\n"
