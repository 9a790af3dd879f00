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

Template = str
"""Text that may hold ``{{ name }}``."""

DurationText = str
"""A PostgreSQL duration such as ``5min``; see ``checks.duration``."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything in a runbook file: frozen, and strict about keys."""


class Label(_Part, frozen=True, kw_only=True):
    """A query that names a parameter's value for people: ``42`` becomes ``42 = ACME K.K.``."""

    target: str
    sql: str


class Param(_Part, frozen=True, kw_only=True):
    """One declared parameter of a runbook."""

    type: str
    description: str = ""
    default: Any = UNSET
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str | None = None
    values: tuple[Any, ...] | None = None
    label: Label | None = None


class TargetDecl(_Part, frozen=True, kw_only=True):
    """A database that the runbook works on, by the name that shisa.yaml maps."""

    description: str = ""


class Requires(_Part, frozen=True, kw_only=True):
    """What the runbook needs before it may start."""

    postgres: str | None = None
    tools: tuple[str, ...] = ()


class GuardUse(_Part, frozen=True, kw_only=True):
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


class Guards(_Part, frozen=True, kw_only=True):
    """The guards of a step by the moment at which they are asked."""

    before: tuple[GuardUse, ...] = ()
    during: tuple[GuardUse, ...] = ()
    after: tuple[GuardUse, ...] = ()


class RowBounds(_Part, frozen=True, kw_only=True):
    """How many rows a statement may touch."""

    min: int | Template | None = None
    max: int | Template | None = None


class TableChange(_Part, frozen=True, kw_only=True):
    """How many rows of one table a step may change, cascades and triggers included."""

    table: str
    inserted: int | RowBounds | Template | None = None
    updated: int | RowBounds | Template | None = None
    deleted: int | RowBounds | Template | None = None


class Expect(_Part, frozen=True, kw_only=True):
    """What must hold inside the transaction, or it is rolled back."""

    rows: int | RowBounds | Template | tuple[int | RowBounds | Template, ...] | None = None
    changes: tuple[TableChange, ...] = ()
    sql: str | None = None


class Capture(_Part, frozen=True, kw_only=True):
    """A value that a step leaves for later steps."""

    column: str | None = None
    stdout: bool | str | None = None
    type: str = "string"


class Retry(_Part, frozen=True, kw_only=True):
    """When and how often a failed attempt is made again."""

    times: int | Template
    backoff: DurationText = "1s"
    on: tuple[str, ...] = ()


class Repeat(_Part, frozen=True, kw_only=True):
    """A statement made again until it touches no more rows."""

    until: dict[str, Any]
    max: int | Template
    pause: DurationText | None = None
    total_rows: int | RowBounds | Template | None = None


class Ask(_Part, frozen=True, kw_only=True):
    """A written question to a team, checked against facts."""

    team: str
    question: Template
    choices: dict[str, str]
    facts: Label | None = None
    proceed_on: tuple[str, ...]
    """Choices on which the run goes on; any other answer stops it."""
    limit: DurationText | None = None


class Command(_Part, frozen=True, kw_only=True):
    """A program with its arguments; no shell unless said."""

    argv: tuple[Template, ...] | Template
    cwd: Template | None = None
    env: dict[str, Template] = field(default_factory=dict)
    stdin: Template | None = None
    exit_code: int | tuple[int, ...] = 0
    stdout: Any = None
    shell: bool = False


class Backup(_Part, frozen=True, kw_only=True):
    """A pg_dump."""

    to: Template
    format: str = "custom"
    jobs: int | Template = 1
    schemas: tuple[Template, ...] | Template = ()
    tables: tuple[Template, ...] | Template = ()


class Into(_Part, frozen=True, kw_only=True):
    """Where a clone goes: schema in the archive → schema on the target."""

    schemas: dict[str, Template]


class Restore(_Part, frozen=True, kw_only=True):
    """Rows or objects taken from an archive."""

    from_: Template = field(name="from")
    schemas: tuple[Template, ...] | Template = ()
    tables: tuple[Template, ...] | Template = ()
    section: Template | None = None
    into: Into | None = None
    where: dict[str, str] = field(default_factory=dict)
    tenant_of: dict[str, str] = field(default_factory=dict)
    rows: Template | None = None
    sequences: Template = "keep"
    triggers: Any = True
    jobs: int | Template = 1


class SequenceScope(_Part, frozen=True, kw_only=True):
    """Which sequences are meant."""

    sequences: tuple[Template, ...] | Template = ()
    schemas: tuple[Template, ...] | Template = ()


class Sequences(_Part, frozen=True, kw_only=True):
    """Sequences raised above every id in use, never lowered."""

    raise_: SequenceScope = field(name="raise")
    margin: int | Template = 1000


class Wait(_Part, frozen=True, kw_only=True):
    """A check asked again and again until it passes."""

    check: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
    every: DurationText = "5s"
    limit: DurationText = "10min"


class Include(_Part, frozen=True, kw_only=True):
    """Another runbook's steps."""

    runbook: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
    sha256: str | None = None


class ForEach(_Part, frozen=True, kw_only=True):
    """Steps made once for each item."""

    as_: str = field(name="as")
    steps: tuple[dict[str, Any], ...]
    items: tuple[Any, ...] | Template | None = None
    """Exactly one of items, query and targets."""
    query: str | None = None
    targets: tuple[str, ...] | None = None
    pause: DurationText | None = None
    canary: int | None = None
    batch: int | None = None
    stop_after_failures: int | None = None


class ChangesTarget(_Part, frozen=True, kw_only=True):
    """How a step is expected to change the target's identity (a promotion, a switchover)."""

    role: str | None = None
    timeline: str | None = None


class Lowered(_Part, frozen=True, kw_only=True):
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


class Body(_Part, frozen=True, kw_only=True):
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


class Runbook(_Part, frozen=True, kw_only=True):
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
