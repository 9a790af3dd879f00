"""What a run demands of its targets before anything is done: production's rules, and databases that can be written."""

from __future__ import annotations

from collections.abc import Iterator

from runner.config.model import Loaded
from runner.engine.targets import Targets
from runner.errors import ConfigError, UsageError
from runner.journal import is_team
from runner.postgres.reach import reach
from runner.runbook.plan import Plan

_WRITES = {"sql", "restore", "sequences"}
"""Kinds that need a target that can be written to: SQL, too, takes a transaction id before it is sent."""


def production(targets: Targets, *, signed: bool, unattended: bool, config: Loaded) -> Iterator[UsageError]:
    """Production takes no unsigned run, no answers from a file, and no journal that only this machine holds."""
    names = [name for name, target in targets.by_name.items() if target.bound.environment == "production"]
    if not names:
        return
    if not signed:
        yield UsageError(
            f"target {names[0]} is production: the run must be signed", hint="give --key, or load an agent"
        )
    if unattended:
        yield UsageError(f"target {names[0]} is production: answers come from a person", hint="leave --answers out")
    if not is_team(config.config.journal) and not config.config.journal_local:
        yield ConfigError(
            f"target {names[0]} is production, but the journal {config.config.journal} is on this machine only",
            hint="use a team journal, or say why not in shisa.yaml: `journal_local: REASON`",
        )


def apart(targets: Targets, config: Loaded) -> Iterator[UsageError]:
    """Production takes no team journal in its own cluster: it would go down with what it tells of.

    Raises ConnectError where the journal's cluster cannot be asked.
    """
    names = [name for name, target in targets.by_name.items() if target.bound.environment == "production"]
    if not names or not is_team(config.config.journal):
        return
    for name in shared(config.config.journal, targets):
        if name in names:
            yield UsageError(
                f"target {name} is production, and the journal lies in its cluster",
                hint="keep the journal in another cluster: it must tell what happened when this one is down",
            )


def shared(journal: str, targets: Targets) -> Iterator[str]:
    """Name the targets in whose cluster a team journal lies; raises ConnectError."""
    connection, identity = reach(journal, application_name="shisa/journal")
    connection.close()
    for name, target in targets.by_name.items():
        if target.bound.identity["system_identifier"] == identity.system_identifier:
            yield name


def writable(plan: Plan, targets: Targets) -> Iterator[UsageError]:
    """Name each step that would write to a standby, or over sessions that are read-only."""
    for planned in plan.steps:
        name = planned.data.get("target")
        fits = name in targets.by_name or name is None
        target = targets.of(name) if fits else None  # a name from a template is known when the step is reached
        if target is None or not _WRITES & planned.data.keys():
            continue
        if target.bound.identity.get("in_recovery"):
            yield UsageError(
                f"target {target.bound.name} is a standby, and step {planned.path} writes",
                hint="point the target at the primary; a standby only takes steps that look",
            )
        elif target.bound.identity.get("read_only"):
            yield UsageError(
                f"sessions on target {target.bound.name} are read-only, and step {planned.path} writes",
                hint="SHOW default_transaction_read_only; it may be set for the role, the database or in the dsn",
            )
