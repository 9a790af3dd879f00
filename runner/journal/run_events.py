"""Events of a run as a whole."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from runner.journal.body import Body


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose content a run is pinned to."""

    path: str
    sha256: str
    text: str


class BoundTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A runbook's target name and the database that it stood for in this run."""

    name: str
    configured: str
    """The name in shisa.yaml, or the libpq URI without its password."""
    fingerprint: str
    identity: dict[str, Any]
    environment: str | None = None
    policy: str | None = None


class PluginSource(msgspec.Struct, frozen=True, kw_only=True):
    """A check that did not come with the program, and the distribution that it came in."""

    id: str
    distribution: str
    version: str


class RunOpened(Body, frozen=True, kw_only=True):
    """A run began; ``statement`` and ``signature`` are the operator's, in the namespace ``run@shisa``."""

    name: ClassVar[str] = "run.opened"
    version: str
    runbook: str
    title: str
    files: tuple[SourceFile, ...]
    params: dict[str, Any]
    labels: dict[str, str | None] = msgspec.field(default_factory=dict)
    """What people call the values of parameters that declare a label; None where it could not be read."""
    targets: tuple[BoundTarget, ...]
    operator: str
    host: str
    plan_digest: str
    policy_digest: str
    unattended: bool = False
    """Whether answers came from a file (rehearsals, tests)."""
    plugins: tuple[PluginSource, ...] = ()
    """The third-party checks that shisa.yaml names."""
    statement: str | None = None
    signature: str | None = None


class PlanAmended(Body, frozen=True, kw_only=True):
    """A remedy was taken over: the step changed as ``set`` says and ``then`` follows it."""

    name: ClassVar[str] = "plan.amended"
    check: str
    object: str
    why: str
    set: dict[str, Any]
    then: tuple[dict[str, Any], ...]
    plan_digest: str


class RunResumed(Body, frozen=True, kw_only=True):
    """A run goes on in another process, perhaps with files that changed: then it is pinned to these."""

    name: ClassVar[str] = "run.resumed"
    operator: str
    host: str
    unattended: bool = False
    plugins: tuple[PluginSource, ...] = ()
    files: tuple[SourceFile, ...] = ()
    """The changed files that the operator accepted; none where the run goes on with what it was pinned to."""
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    """With ``files``: the parameters, with the defaults of those that are new."""
    plan_digest: str | None = None
    """With ``files``: the plan as it is now; approvals for another one are void."""


class RunPaused(Body, frozen=True, kw_only=True):
    """The program let go of a run that can be resumed, and says why."""

    name: ClassVar[str] = "run.paused"
    state: Literal["waiting", "blocked", "stopped", "failed", "rejected", "unknown", "rollback-failed"]
    reason: str
    guard: str | None = None
    """The check that closed the gate, whose evidence stands in the ``guards.asked`` before."""


class RollbackBegun(Body, frozen=True, kw_only=True):
    """From here the run is taken back; ``paths`` are the rollbacks and cleanups that do it, in their order."""

    name: ClassVar[str] = "rollback.begun"
    paths: tuple[str, ...]
    reason: str
    auto: bool = False
    """Whether it began without asking, as every step that is in place says."""


class RunHandedOver(Body, frozen=True, kw_only=True):
    """Another person is the operator now; ``statement`` and ``signature`` are theirs, in ``run@shisa``."""

    name: ClassVar[str] = "run.handed_over"
    from_person: str
    to_person: str
    host: str = ""
    reason: str | None = None
    """Why, where the first operator's program was still at work."""
    ghosts: tuple[dict[str, Any], ...] = ()
    """Sessions of the run that were found on its targets."""
    statement: str | None = None
    signature: str | None = None


class TargetChanged(Body, frozen=True, kw_only=True):
    """A target has another role or timeline now: as its step declared, or, without a step, as the operator accepted."""

    name: ClassVar[str] = "target.changed"
    targets: tuple[str, ...]
    """The runbook's names for it."""
    was: str
    """What it was, as ``standby on timeline 1``."""
    became: str
    identity: dict[str, Any]
    """What it says of itself now."""


class Note(Body, frozen=True, kw_only=True):
    """A remark, or the result of a query that somebody looked up."""

    name: ClassVar[str] = "note"
    text: str
    sql: str | None = None


class Anchor(Body, frozen=True, kw_only=True):
    """The journal's head was kept elsewhere."""

    name: ClassVar[str] = "anchor"
    kept: str
    head_seq: int
    head: str


class RunClosed(Body, frozen=True, kw_only=True):
    """A run ended; the operator signs the journal's head in the namespace ``run@shisa``."""

    name: ClassVar[str] = "run.closed"
    state: str
    reason: str | None = None
    statement: str | None = None
    signature: str | None = None
