"""All that a reviewer is shown of one request, as plain data; whoever builds it says None where nothing is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from runner.engine.reviewer.second_look import SecondLook
from runner.journal.events import BoundTarget, StepEntered
from runner.terminal.history import SignedBefore


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """One line of a policy: so many people of a team, and who has signed as that team so far."""

    policy: str
    team: str
    n: int
    signed: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Together:
    """A further step of the same group, approved by the same signature."""

    step: str
    entered: StepEntered
    evidence: tuple[Mapping[str, Any], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """One request, in the order of the screen. None means unknown and is printed so; an empty tuple means none."""

    request: str
    run: str
    runbook: str
    step: str
    operator: str
    now: str
    """RFC 3339; what ages and deadlines count from."""
    source: str = ""
    """Where the lines come from, where it is not the journal itself."""

    target: BoundTarget | None
    params: tuple[tuple[str, str, str | None], ...] = ()
    """Name, value, label; the label is empty where none is declared and None where it could not be read."""

    entered: StepEntered
    rows: int | None = None
    """Rows that would be destroyed or changed, measured."""
    rollback_ran: str | None = None
    """When the rollback last ran and with what outcome; None where no journal tells, empty where there is none."""

    amended: tuple[str, ...] = ()
    """What a remedy changed in the runbook's step, and why."""
    since_last_run: str | None = None
    """Unified diff of the step's text against the last run's; empty where equal."""
    last_run: str | None = None
    signed_before: SignedBefore | None = None
    """What the reviewer signed of this very text before; then only what changed is shown of it."""

    look: SecondLook | None = None
    """What the reviewer's own machine renders, measures and knows as merged; None where it did not look."""

    evidence: tuple[Mapping[str, Any], ...] = ()
    """What the operator's guards found."""
    together: tuple[Together, ...] = ()
    """The other steps of the group, in their order."""
    limits: tuple[str, ...] = ()
    """The envelope in words: what stays valid with this signature."""

    durations_ms: tuple[int, ...] | None = None
    """How long the step took in its last runs, newest first."""
    skips: tuple[str, ...] | None = None
    waivers: tuple[str, ...] | None = None
    other_runs: tuple[str, ...] | None = None
    """Runs that are open on the same target now."""

    needs: tuple[Need, ...] = ()
    excluded: tuple[str, ...] = ()
    """Who may not sign besides the operator, and why."""
    not_after: str
    window: tuple[str, str] | None = None
