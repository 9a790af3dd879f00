"""What each step kind holds under its key."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field

Template = str
"""Text that may hold ``{{ name }}``."""

DurationText = str
"""A PostgreSQL duration such as ``5min``; see ``checks.duration``."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything in a runbook file: frozen, and strict about keys."""


class Label(Part, frozen=True, kw_only=True):
    """A query that names a parameter's value for people: ``42`` becomes ``42 = ACME K.K.``."""

    target: str
    sql: str


class Ask(Part, frozen=True, kw_only=True):
    """A written question to a team, checked against facts."""

    team: str
    question: Template
    choices: dict[str, str]
    facts: Label | None = None
    proceed_on: tuple[str, ...]
    """Choices on which the run goes on; any other answer stops it."""
    limit: DurationText | None = None


class Command(Part, frozen=True, kw_only=True):
    """A program with its arguments; no shell unless said."""

    argv: tuple[Template, ...] | Template
    cwd: Template | None = None
    env: dict[str, Template] = field(default_factory=dict)
    stdin: Template | None = None
    exit_code: int | tuple[int, ...] = 0
    stdout: Any = None
    shell: bool = False


class Backup(Part, frozen=True, kw_only=True):
    """A pg_dump."""

    to: Template
    format: str = "custom"
    jobs: int | Template = 1
    schemas: tuple[Template, ...] | Template = ()
    tables: tuple[Template, ...] | Template = ()


class Into(Part, frozen=True, kw_only=True):
    """Where a clone goes: schema in the archive → schema on the target."""

    schemas: dict[str, Template]
    shared_sequences: tuple[Template, ...] | Template = ()
    """Sequences of other schemas that the clone's defaults may go on drawing from."""
    as_written: tuple[Template, ...] | Template = ()
    """Objects whose texts (a function's body) may go on speaking of the original's schema."""


class Restore(Part, frozen=True, kw_only=True):
    """Rows or objects taken from an archive."""

    from_: Template = field(name="from")
    from_database: Template | None = None
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


class SequenceScope(Part, frozen=True, kw_only=True):
    """Which sequences are meant."""

    sequences: tuple[Template, ...] | Template = ()
    schemas: tuple[Template, ...] | Template = ()


class Sequences(Part, frozen=True, kw_only=True):
    """Sequences raised above every id in use, never lowered."""

    raise_: SequenceScope = field(name="raise")
    margin: int | Template = 1000


class Wait(Part, frozen=True, kw_only=True):
    """A check asked again and again until it passes."""

    check: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
    every: DurationText = "5s"
    limit: DurationText = "10min"


class Include(Part, frozen=True, kw_only=True):
    """Another runbook's steps."""

    runbook: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
    sha256: str | None = None


class ForEach(Part, frozen=True, kw_only=True):
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
