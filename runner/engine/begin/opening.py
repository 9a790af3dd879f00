"""Open a run, or take one up again: what it is pinned to, who it belongs to, which databases it works on."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from runner import __version__
from runner.config.load import conninfo, target_named
from runner.config.plugins import plugins_in_use, use_plugins
from runner.engine.begin import demands
from runner.engine.begin.accepting import Accepted, Prove, accept
from runner.engine.begin.labels import labels_of
from runner.engine.begin.pinned import pinned_plan, pins, sources
from runner.engine.effect.stopping import Signals
from runner.engine.fold.state import fold
from runner.engine.ports import stamp
from runner.engine.preflight.approvable import demands_of_policies
from runner.engine.session import Session, host
from runner.engine.target.locks import Locks, released_on_error
from runner.engine.target.rebinding import accept_moved
from runner.engine.target.standing import STANDING
from runner.engine.target.targets import Target, Targets, bind
from runner.errors import ConfigError, GateClosedError, UsageError
from runner.journal.events import PluginSource, RunOpened, RunResumed
from runner.review.sshsig import sign
from runner.review.statement import opened_statement
from runner.runbook.plan import Plan, plan_digest

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.begin.seat import Seat
    from runner.engine.fold.state import State
    from runner.journal.events import BoundTarget
    from runner.journal.record import Head
    from runner.review.keys import KeyRef
    from runner.runbook.values import Secret


def new_run_id(now: datetime) -> str:
    """Make a run's id, ``YYMMDD-xxxxxx``."""
    return f"{now:%y%m%d}-{secrets.token_hex(3)}"


def open_run(seat: Seat, plan: Plan, target_map: Mapping[str, str], *, break_glass: bool = False) -> Session:
    """Open a run of ``plan``: bind its targets, prove that it can be carried out, and journal ``run.opened``.

    ``break_glass`` opens it although nobody could ever approve a step of it. Raises UsageError (also ConfigError,
    ConnectError) before anything is journaled, and TargetLockedError where another run is at work on a target.
    """
    config, person, journal = seat.config, seat.person, seat.journal
    use_plugins(config.config)
    _refuse(demands.misfitting(plan))
    targets = Targets({name: bind_target(config, name, target_map.get(name, name)) for name in plan.targets})
    _demand(seat, plan, targets)
    _refuse(demands_of_policies(plan, targets, config, operator=person, break_glass=break_glass, window=seat.window))
    run = new_run_id(seat.clock())
    opened = RunOpened(
        version=__version__,
        runbook=plan.runbook.runbook.id,
        title=plan.runbook.runbook.title,
        files=sources(plan),
        params=plan.public_params,
        labels=labels_of(plan, targets, config),
        targets=tuple(target.bound for target in targets.by_name.values()),
        operator=person,
        host=host(),
        plan_digest=plan_digest(plan, targets.fingerprints()),
        policy_digest=config.digest,
        unattended=seat.unattended,
        plugins=_plugins(),
    )
    if seat.key is not None:
        opened = _signed(opened, run, seat.key, journal.head(), seat.clock())
    locks, signals = Locks(run, plan, targets, journal), Signals()
    with released_on_error(locks), signals.noted():  # who ends the program from here on finds a run that says so
        locks.hold(plan)
        record = journal.append(opened, run=run, step=None, person=person)
        session = seat.work_on(plan, targets, [record], locks, signals)
        for observer in seat.observers:
            observer(record)
        session.warn()
    return session


def resume_run(
    run: str,
    seat: Seat,
    *,
    secrets_given: Mapping[str, Secret] | None = None,
    accept_changes: Prove | None = None,
) -> Session:
    """Take a run up again, from the content that it was opened with, or with ``accept_changes`` from what is there now.

    Raises UsageError where there is no such run or it has ended, or where it belongs to somebody else;
    TargetLockedError where a run is at work on one of its targets; RunTakenError where another program takes it up
    at the same moment.
    """
    session = reopened(run, seat, secrets_given or {})
    if session.state.operator != seat.person:
        raise UsageError(
            f"run {run} belongs to {session.state.operator}, not to {seat.person}",
            hint=f"only its operator resumes a run; where they cannot: `shisa takeover {run}`",
        )
    accepted = None if accept_changes is None else accept(session, secrets_given or {}, accept_changes)
    with released_on_error(session.locks), session.signals.noted():
        session.locks.hold(session.plan if accepted is None else accepted.plan)
        resumed = RunResumed(operator=seat.person, host=host(), unattended=seat.unattended, plugins=_plugins())
        session.append(resumed if accepted is None else _with(session, accepted, resumed))
        if accept_changes is not None:
            accept_moved(session)
        session.warn()
    return session


def _with(session: Session, accepted: Accepted, resumed: RunResumed) -> RunResumed:
    """Pin the run to what was accepted; every approval that is not used yet is void by the new digest."""
    session.operator.changed(accepted.diff)
    session.plan, session.pinned = accepted.plan, pins(accepted.files)
    return msgspec.structs.replace(
        resumed, files=accepted.files, params=accepted.plan.public_params, plan_digest=session.plan_digest()
    )


def reopened(run: str, seat: Seat, secrets_given: Mapping[str, Secret]) -> Session:
    """Read a run as it stands, from the content that it was opened with; nothing is journaled or locked yet.

    Raises UsageError where there is no such run, or it has ended.
    """
    records = list(seat.journal.records(run=run))
    if not records:
        raise UsageError(f"there is no run {run} in the journal", hint="`shisa runs` lists them")
    state = fold(records)
    state.require_open()
    use_plugins(seat.config.config)
    plan = pinned_plan(state, secrets_given)
    targets = Targets({bound.name: _again(seat.config, bound) for bound in state.opened.targets})
    _demand(seat, plan, targets, state)
    return seat.work_on(plan, targets, records, Locks(run, plan, targets, seat.journal), Signals())


def _signed(opened: RunOpened, run: str, key: KeyRef, head: Head, now: datetime) -> RunOpened:
    statement = opened_statement(opened, run=run, at=stamp(now), head=head)
    return msgspec.structs.replace(opened, statement=statement, signature=sign(key, "run@shisa", statement.encode()))


def bind_target(config: Loaded, name: str, configured: str) -> Target:
    """Connect to what stands for a runbook's target name. Raises ConfigError and ConnectError."""
    try:
        target = target_named(config.config, configured)
    except ConfigError as error:
        if configured != name:
            raise
        another = f"`--target {name}=NAME` puts another one in its place."
        raise ConfigError(error.message, hint=f"{error.hint} {another}") from None
    shown = configured if configured in config.config.targets else "(a URI of the command line)"
    return bind(name, shown, conninfo(target), environment=target.environment, policy=target.policy)


def _again(config: Loaded, bound: BoundTarget) -> Target:
    target = config.config.targets.get(bound.configured)
    if target is None:
        raise ConfigError(
            f"target {bound.configured!r} of this run is not in {config.path}",
            hint="put the target back; a run on a URI of the command line cannot be resumed",
        )
    again = bind(bound.name, bound.configured, conninfo(target), environment=target.environment, policy=target.policy)
    if again.bound.fingerprint != bound.fingerprint:
        raise GateClosedError(
            f"target {bound.configured} leads to another database than when the run opened",
            hint="somebody moved the name; look at shisa.yaml and at the server",
        )
    return again.rebound(again.bound.identity | {key: bound.identity[key] for key in STANDING if key in bound.identity})


def _demand(seat: Seat, plan: Plan, targets: Targets, state: State | None = None) -> None:
    signed = seat.key is not None
    unattended = seat.unattended
    _refuse(demands.production(targets, signed=signed, unattended=unattended, config=seat.config, state=state))
    _refuse(demands.apart(targets, seat.config))
    _refuse(demands.writable(plan, targets, state))


def _refuse(unmet: Iterable[UsageError]) -> None:
    """Refuse by the first demand that is not met."""
    for error in unmet:
        raise error


def _plugins() -> tuple[PluginSource, ...]:
    return tuple(
        PluginSource(id=each.id, distribution=each.distribution, version=each.version) for each in plugins_in_use()
    )
