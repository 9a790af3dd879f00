"""One thing that a preflight looked at."""

from __future__ import annotations

import dataclasses
from typing import Any

from checks.base import Verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """What was looked at, and what it means for a run; ``WARN`` is told and does not object."""

    area: str
    """``target``, ``runbook``, ``privilege``, ``tool``, ``journal``, ``policy`` or ``later``."""
    subject: str
    """A target, a step or a tool; empty where the sentence says it."""
    verdict: Verdict
    message: str
    hint: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {**dataclasses.asdict(self), "verdict": str(self.verdict)}
