"""One problem of a runbook as it is reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from runner.runbook.lint.catalog import BY_ID
from runner.runbook.lint.rule import Severity


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One problem as it is reported."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
    hint: str | None
    suppressed: str | None = None
    """The author's reason, where a comment suppresses it."""
    above: int = 0
    """The line of the key that the problem belongs to; a comment there suppresses it too."""

    @property
    def url(self) -> str:
        """The page of the rule."""
        return BY_ID[self.rule].url

    def as_json(self) -> dict[str, Any]:
        """Give the shape of ``shisa validate --format json``."""
        shape: dict[str, Any] = {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "url": self.url,
            "suppressed": self.suppressed is not None,
        }
        return shape if self.suppressed is None else {**shape, "suppression_reason": self.suppressed}


def severity_of(rule: str, severities: Mapping[str, Severity]) -> Severity:
    """The severity of a rule: the team's, else its own. What makes a file unreadable is always an error."""
    own = BY_ID[rule].severity
    return own if BY_ID[rule].judge is None and own == "error" else severities.get(rule, own)
