"""A step as it is rendered, and what the rendering followed from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.engine.target.targets import Target
    from runner.journal.events import FileRead
    from runner.runbook.danger import Danger
    from runner.runbook.model import Step
    from runner.runbook.values import Values
    from runner.sql.variables import RenderedSql


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """All that a rendering follows from; the same source has the same rendering."""

    data: Mapping[str, Any]
    known: Values
    targets: Mapping[str, Target]
    harmless: frozenset[str]

    def is_still(self, other: Source) -> bool:
        """Whether nothing is another thing than it was; 1 and true are equal for Python, and not in a step."""
        same_plan = self.data is other.data and self.targets is other.targets and self.harmless == other.harmless
        return same_plan and self.known == other.known and repr(self.known) == repr(other.known)


@dataclasses.dataclass(frozen=True, slots=True)
class Rendering:
    """A step as it is rendered."""

    source: Source
    step: Step
    target: Target | None
    statements: tuple[RenderedSql, ...]
    plain: dict[str, Any]
    """Its plain data for the journal; secrets by placeholder."""
    danger: Danger
    digest: str
    reads: tuple[FileRead, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The statements as they are shown."""
        return tuple(statement.text for statement in self.statements)
