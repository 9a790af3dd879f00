"""What a run demands of its targets before anything is done: production's rules, and databases that can be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.config.model import Loaded
from runner.engine.fold.state import State
from runner.engine.target.targets import Target, Targets
from runner.errors import ConfigError, UsageError
from runner.journal import is_team
from runner.postgres.reach import reach
from runner.runbook.misfits import misfits
from runner.runbook.plan import Plan, PlannedStep, iteration

_WRITES = {"sql", "restore", "sequences"}
"""Kinds that need a target that can be written to: SQL, too, takes a transaction id before it is sent."""


def production(
    targets: Targets, *, signed: bool, unattended: bool, config: Loaded, state: State | None = None
) -> Iterator[UsageError]:
    """Production takes no unsigned run, no answers from a file, and no journal that only this machine holds.

    Nor does it take the rest of a run whose ``state`` tells of either: its target may not have been production then.
    """
    names = [name for name, target in targets.by_name.items() if target.bound.environment == "production"]
    if not names:
        return
    if not signed:
        yield UsageError(
            f"target {names[0]} is production: the run must be signed", hint="give --key, or load an agent"
        )
    if unattended:
        yield UsageError(f"target {names[0]} is production: answers come from a person", hint="leave --answers out")
    if state is not None and (state.opened.unattended or state.opened.signature is None):
        how = "with answers from a file" if state.opened.unattended else "without a signature"
        yield UsageError(
            f"target {names[0]} is production: run {state.run} was opened {how}, and does not go on there",
            hint=f"`shisa abort {state.run}`, and open it anew",
        )
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


def misfitting(plan: Plan) -> Iterator[UsageError]:
    """Name each key that its step can do nothing with: a run would leave it out, and nobody would know."""
    for planned in plan.steps:
        loop = planned.data.get("for_each")
        for data in (planned.data, *(loop["steps"] if isinstance(loop, Mapping) else ())):
            for path, message, hint in misfits(data):
                where = ".".join(map(str, path))
                yield UsageError(f"step {planned.path} uses {where} in vain: {message}", hint=hint)


def writable(plan: Plan, targets: Targets, state: State | None = None) -> Iterator[UsageError]:
    """Name each step that would write to a standby, or over sessions that are read-only.

    A step may change what a target is for those behind it; of a run's ``state`` only what is still to be done counts.
    """
    roles: dict[str, str] = {}
    for planned in _made(plan, state):
        name = planned.data.get("target")
        fits = name in targets.by_name or name is None
        target = targets.of(name) if fits else None  # a name from a template is known when the step is reached
        known = None if state is None else state.step(planned.path)
        declared = planned.data.get("changes_target")
        if target is None:
            if declared and name is None:
                yield UsageError(f"step {planned.path} changes its target, and names none", hint="add `target: NAME`")
            continue
        if known is None or known.outcome not in {"done", "skipped"}:
            yield from _writes(planned, target, roles.get(target.place))
        if declared and "role" in declared and (known is None or (known.skipped is None and known.changed is None)):
            roles[target.place] = declared["role"]


def _made(plan: Plan, state: State | None) -> Iterator[PlannedStep]:
    """Give the steps as they are made: of a loop its own ones, over targets once for each, else for its first item."""
    for planned in plan.steps:
        loop = planned.data.get("for_each")
        if loop is None:
            yield planned
        elif state is None or state.step(planned.path).skipped is None:
            for number, item in enumerate(loop.get("targets", [None]), 1):
                yield from (iteration(planned, number, item, inner["id"]) for inner in loop["steps"])


def _writes(planned: PlannedStep, target: Target, role: str | None) -> Iterator[UsageError]:
    promotes = "changes_target" in planned.data and planned.data.get("transaction") is False
    if not _WRITES & planned.data.keys() or promotes:
        return
    bound = target.bound
    if role == "standby" or (role is None and bound.identity.get("in_recovery")):
        yield UsageError(
            f"target {bound.name} is a standby{' by then' if role else ''}, and step {planned.path} writes",
            hint="point the target at the primary; a standby only takes steps that look, or promote it by a command "
            "or with `transaction: false`",
        )
    elif role is None and bound.identity.get("read_only"):
        yield UsageError(
            f"sessions on target {bound.name} are read-only, and step {planned.path} writes",
            hint="SHOW default_transaction_read_only; it may be set for the role, the database or in the dsn",
        )
