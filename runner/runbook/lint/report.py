"""What a validation found, ready to be rendered in any format."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from runner.runbook.lint.found import Found


@dataclasses.dataclass(frozen=True)
class Report:
    """The files looked at and their problems."""

    files: tuple[str, ...]
    found: tuple[Found, ...]
    texts: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """The content of each file, for excerpts."""
    known: frozenset[Found] = frozenset()
    """Those of the problems that the baseline already holds."""
    strict: bool = False
    """Whether warnings fail too."""

    @property
    def open(self) -> tuple[Found, ...]:
        """The problems that count: neither suppressed nor in the baseline."""
        return tuple(each for each in self.found if each.suppressed is None and each not in self.known)

    def count(self, severity: str) -> int:
        """Count the open problems of one severity."""
        return sum(each.severity == severity for each in self.open)

    @property
    def failing(self) -> tuple[Found, ...]:
        """The problems for which CI should go red."""
        return tuple(each for each in self.open if self.strict or each.severity == "error")
