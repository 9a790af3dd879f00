"""Events of one step: what it has become, what was measured, what was done."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from runner.journal.body import Body

Outcome = Literal["done", "failed", "cancelled", "unknown"]
Moment = Literal["before", "again", "after"]


class FileRead(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the operator's machine that a step reads, and which bytes it held."""

    path: str
    """As the step says it."""
    sha256: str | None = None
    """Of a folder, that of the lines that ``sha256sum *`` prints inside it; None where it could not be read."""
    size_bytes: int | None = None


class StepEntered(Body, frozen=True, kw_only=True):
    """A step was reached and rendered completely."""

    name: ClassVar[str] = "step.entered"
    kind: str
    title: str
    step_digest: str
    rendered: dict[str, Any]
    """The step's plain data after substitution; secrets by placeholder."""
    destructive: bool
    reasons: tuple[str, ...] = ()
    """Why the step counts as destructive, a sentence each."""
    survives_rollback: bool = False
    """Whether part of its effect stays when its transaction is rolled back."""
    policies: tuple[str, ...] = ()
    """The policies that must be satisfied before it starts: the step's own and the target's."""
    target: str | None = None
    statements: tuple[str, ...] = ()
    """The exact text that will be sent; secrets by placeholder."""
    reads: tuple[FileRead, ...] = ()
    """The backups that it reads; part of its digest."""


class StepSkipped(Body, frozen=True, kw_only=True):
    """The operator skipped a step, or its ``when`` was false."""

    name: ClassVar[str] = "step.skipped"
    reason: str


class ItemsExpanded(Body, frozen=True, kw_only=True):
    """The items that a loop will go through."""

    name: ClassVar[str] = "items.expanded"
    items: tuple[Any, ...]


class ValueCaptured(Body, frozen=True, kw_only=True):
    """A step left a value for later steps."""

    name: ClassVar[str] = "value.captured"
    variable: str
    value: Any


class GuardsAsked(Body, frozen=True, kw_only=True):
    """The guards of a step were asked; ``evidence`` is what each found, in DESIGN §5's shape."""

    name: ClassVar[str] = "guards.asked"
    moment: Moment
    verdict: str
    evidence: tuple[dict[str, Any], ...]


class GuardSampled(Body, frozen=True, kw_only=True):
    """A guard was polled while the step ran."""

    name: ClassVar[str] = "guard.sampled"
    evidence: dict[str, Any]


class StepIntended(Body, frozen=True, kw_only=True):
    """Durable before the effect: from here to ``step.ended`` the outcome is unknown."""

    name: ClassVar[str] = "step.intended"
    attempt: int = 1
    step_digest: str
    requests: tuple[str, ...] = ()
    """Approval requests that this start consumes."""
    xid: str | None = None
    system_identifier: str | None = None
    timeline: int | None = None
    kept: str | None = None
    """The digest of the file in which the rows that will change are kept, for ``restore: undo``."""


class StepEnded(Body, frozen=True, kw_only=True):
    """What became of the effect."""

    name: ClassVar[str] = "step.ended"
    outcome: Outcome
    message: str = ""
    sqlstate: str | None = None
    rows: tuple[int, ...] = ()
    duration_ms: int = 0
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class StepResolved(Body, frozen=True, kw_only=True):
    """A person or a probe settled an unknown outcome."""

    name: ClassVar[str] = "step.resolved"
    outcome: Literal["done", "not-done"]
    reason: str
