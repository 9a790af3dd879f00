"""The typed runbook: what a file says once it is read, before and after rendering.

Every key of the language stands here once. A runbook keeps its steps as plain data, so that rendering
substitutes the templates there and builds the same types again: what is planned, shown, signed and run is
one path. Before rendering, a scalar that is exactly ``{{ name }}`` may stand where a number, boolean or choice
is due.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, field

from runner.runbook.kinds import (
    Ask,
    Backup,
    Command,
    DurationText,
    ForEach,
    Include,
    Into,
    Label,
    Part,
    Restore,
    Sequences,
    SequenceScope,
    Template,
    Wait,
)

__all__ = [
    "KINDS",
    "UNSET",
    "Ask",
    "Backup",
    "Body",
    "Capture",
    "ChangesTarget",
    "Command",
    "DurationText",
    "Expect",
    "ForEach",
    "GuardUse",
    "Guards",
    "Include",
    "Into",
    "Label",
    "Lowered",
    "Param",
    "Repeat",
    "Requires",
    "Restore",
    "Retry",
    "Rollback",
    "RowBounds",
    "Runbook",
    "SequenceScope",
    "Sequences",
    "Step",
    "TableChange",
    "TargetDecl",
    "Template",
    "Wait",
    "step_of",
]


class Param(Part, frozen=True, kw_only=True):
    """One declared parameter of a runbook."""

    type: str
    description: str = ""
    default: Any = UNSET
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str | None = None
    values: tuple[Any, ...] | None = None
    label: Label | None = None


class TargetDecl(Part, frozen=True, kw_only=True):
    """A database that the runbook works on, by the name that shisa.yaml maps."""

    description: str = ""


class Requires(Part, frozen=True, kw_only=True):
    """What the runbook needs before it may start."""

    postgres: str | None = None
    tools: tuple[str, ...] = ()


class GuardUse(Part, frozen=True, kw_only=True):
    """A check as one step uses it."""

    check: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
    target: str | None = None
    severity: Literal["block", "warn"] = "block"
    recheck: Literal["full", "cheap", "none"] = "full"
    max_age: DurationText | None = None
    every: DurationText | None = None
    on_breach: Literal["stop", "ask", "pause"] = "stop"
    resume_at: Any = None
    give_up_after: DurationText | None = None


class Guards(Part, frozen=True, kw_only=True):
    """The guards of a step by the moment at which they are asked."""

    before: tuple[GuardUse, ...] = ()
    during: tuple[GuardUse, ...] = ()
    after: tuple[GuardUse, ...] = ()


class RowBounds(Part, frozen=True, kw_only=True):
    """How many rows a statement may touch."""

    min: int | Template | None = None
    max: int | Template | None = None


class TableChange(Part, frozen=True, kw_only=True):
    """How many rows of one table a step may change, cascades and triggers included."""

    table: str
    inserted: int | RowBounds | Template | None = None
    updated: int | RowBounds | Template | None = None
    deleted: int | RowBounds | Template | None = None


class Expect(Part, frozen=True, kw_only=True):
    """What must hold inside the transaction, or it is rolled back."""

    rows: int | RowBounds | Template | tuple[int | RowBounds | Template, ...] | None = None
    changes: tuple[TableChange, ...] = ()
    sql: str | None = None


class Capture(Part, frozen=True, kw_only=True):
    """A value that a step leaves for later steps."""

    column: str | None = None
    stdout: bool | str | None = None
    type: str = "string"


class Retry(Part, frozen=True, kw_only=True):
    """When and how often a failed attempt is made again."""

    times: int | Template
    backoff: DurationText = "1s"
    on: tuple[str, ...] = ()


class Repeat(Part, frozen=True, kw_only=True):
    """A statement made again until it touches no more rows."""

    until: dict[str, Any]
    max: int | Template
    pause: DurationText | None = None
    total_rows: int | RowBounds | Template | None = None


class ChangesTarget(Part, frozen=True, kw_only=True):
    """What the target is after a step that changes it (a promotion, a switchover); what is not named stays."""

    role: Literal["primary", "standby"] | None = None
    timeline: Literal["same", "next"] | None = None
    """``next``: a later one than before."""


class Lowered(Part, frozen=True, kw_only=True):
    """Why a step that looks destructive is not."""

    lowered: str


KINDS = (
    "manual",
    "ask",
    "sql",
    "command",
    "backup",
    "restore",
    "sequences",
    "check",
    "wait",
    "include",
    "for_each",
)
"""The step kinds; exactly one of these keys stands in a step."""


class Body(Part, frozen=True, kw_only=True):
    """The part of a step that says what happens; also what a rollback, cleanup or verify holds."""

    manual: Template | None = None
    expected: Template | None = None
    ask: Ask | None = None
    sql: str | None = None
    command: Command | tuple[Template, ...] | Template | None = None
    backup: Backup | None = None
    restore: Restore | Literal["undo"] | None = None
    sequences: Sequences | None = None
    check: str | None = None
    with_: dict[str, Any] = field(default_factory=dict, name="with")
    wait: Wait | None = None
    include: Include | None = None
    for_each: ForEach | None = None
    target: str | None = None
    expect: Expect | None = None
    timeout: DurationText | None = None
    lock_timeout: DurationText | None = None
    statement_timeout: DurationText | None = None
    transaction: bool = True

    @property
    def kind(self) -> str:
        """The one kind key that is set.

        Raises ValueError when there is none or more than one.
        """
        found = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(found) != 1:
            message = f"a step needs exactly one of {', '.join(KINDS)}; found {', '.join(found) or 'none'}"
            raise ValueError(message)
        return found[0]


class Rollback(Body, frozen=True, kw_only=True):
    """A body that takes a step back or tidies up after it; ``auto`` runs it without asking when the run fails."""

    auto: bool = False
    changes_target: ChangesTarget | None = None
    """What the target is once a step that changes it is taken back."""


class Step(Body, frozen=True, kw_only=True):
    """One step of a runbook."""

    id: str
    title: str
    why: Template | None = None
    when: str | None = None
    guards: Guards = Guards()
    approval: str | None = None
    group: str | None = None
    retry: Retry | None = None
    repeat: Repeat | None = None
    capture: dict[str, Capture] = field(default_factory=dict)
    verify: str | dict[str, Any] | None = None
    effects: Literal["none"] | None = None
    rollback: Rollback | None = None
    no_rollback: str | None = None
    point_of_no_return: bool = False
    cleanup: Rollback | None = None
    destructive: bool | Lowered | None = None
    changes_target: ChangesTarget | None = None
    lock: tuple[str, ...] = ()

    @property
    def asked_before(self) -> tuple[GuardUse, ...]:
        """What is asked before its effect; a step that is a guard asks itself first."""
        own = () if self.check is None else (GuardUse(check=self.check, with_=self.with_),)
        return own + self.guards.before

    @property
    def asked(self) -> tuple[GuardUse, ...]:
        """What is asked at all, whenever."""
        return (*self.asked_before, *self.guards.during, *self.guards.after)


class Runbook(Part, frozen=True, kw_only=True):
    """One runbook file."""

    shisa: Literal[1]
    id: str
    title: str
    description: str = ""
    owner: str = ""
    rank: Literal["S", "A", "B", "C"] | None = None
    requires: Requires = Requires()
    params: dict[str, Param] = field(default_factory=dict)
    targets: dict[str, TargetDecl] = field(default_factory=dict)
    steps: tuple[dict[str, Any], ...]
    """Plain data of the steps; ``step_of`` types each."""
    emergency: bool = False


def step_of(data: dict[str, Any]) -> Step:
    """Type one step's plain data.

    Raises msgspec.ValidationError with the path of the first key that does not fit; the schema words problems
    for people before this is called.
    """
    return msgspec.convert(data, Step)
