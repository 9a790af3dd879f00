"""A reviewer asks a step's guards from their own machine, where their shisa.yaml leads to the same database."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks import catalog
from runner.canonical import canonical, parse_canonical
from runner.config.load import conninfo
from runner.engine.asking import Asks, step_context
from runner.engine.baselines import NoBaselines
from runner.engine.targets import Target, Targets
from runner.errors import ShisaError
from runner.guards import could_not_ask
from runner.postgres.connect import short_name
from runner.runbook.model import GuardUse, step_of

if TYPE_CHECKING:
    from checks.ask import StepContext
    from runner.config.model import Config
    from runner.engine.ports import Clock
    from runner.engine.state import State
    from runner.evidence import Evidence
    from runner.journal.events import BoundTarget, StepEntered

_RUNS_PROGRAMS = "it runs a program, and a request from elsewhere starts none on this machine"
_TRIED = "it runs the statements and rolls them back, which only the run itself does"
_WRITTEN_SQL = "its SQL stands in the request, and your own copy of the runbook does not vouch for it"


@dataclasses.dataclass(frozen=True, slots=True)
class OwnGuards:
    """What the guards told the reviewer; ``evidence`` is None where they were not asked, and ``why`` says so."""

    evidence: tuple[dict[str, Any], ...] | None
    why: str = ""

    @property
    def verdict(self) -> str:
        """The worst verdict, or ``not asked``."""
        if self.evidence is None:
            return "not asked"
        order = ["pass", "warn", "unknown", "block"]
        return max((str(one["verdict"]) for one in self.evidence), key=order.index, default="pass")


def ask_again(state: State, paths: Sequence[str], config: Config, clock: Clock, *, vouched: bool) -> OwnGuards:
    """Ask the guards before each step of a request; ``vouched`` says that the reviewer's own copy renders the same.

    Without that, guards that carry the operator's own SQL are not asked, and what runs a program never is. A name of
    this machine's shisa.yaml that leads to another database than the operator's makes the guards UNKNOWN.
    """
    uses = {path: _uses(state, path) for path in paths}
    if not any(uses.values()):
        return OwnGuards((), "there are none")
    targets, unknown = _targets(state, config)
    if unknown:
        return OwnGuards(None, f"your shisa.yaml has no target {unknown[0].configured}")
    found: list[Evidence] = []
    try:
        for path in paths:
            entered = _entered(state, path)
            context = step_context(path, entered, Path.cwd(), "before")
            name = short_name(f"shisa/review/{state.run}/{path}")
            with Asks(targets, name, context, folder=Path.cwd(), config=config, baselines=NoBaselines()) as asks:
                for use in uses[path]:
                    own_text = vouched or not _carries_sql(use, context)
                    found.append(_asked(use, entered.target, asks, clock, vouched=own_text))
    except ShisaError as error:
        return OwnGuards(None, error.message)
    return OwnGuards(tuple(parse_canonical(canonical(each.as_json())) for each in found))


def _entered(state: State, path: str) -> StepEntered:
    entered = state.step(path).entered
    if entered is None:
        raise AssertionError
    return entered


def _uses(state: State, path: str) -> tuple[GuardUse, ...]:
    step = step_of(_entered(state, path).rendered)
    own = () if step.check is None else (GuardUse(check=step.check, with_=step.with_),)
    return own + step.guards.before


def _carries_sql(use: GuardUse, context: StepContext) -> bool:
    """Whether a guard would send SQL that the operator wrote."""
    given = use.with_.get("where") or use.with_.get("tenant_of") or context.where or context.tenant_of
    return use.check == "sql" or (use.check == "restore-overwrite" and bool(given))


def _asked(use: GuardUse, target: str | None, asks: Asks, clock: Clock, *, vouched: bool) -> Evidence:
    spec = catalog.get(use.check)
    if use.check == "command":
        return could_not_ask(spec, target or "", _RUNS_PROGRAMS, clock=clock)
    if use.check == "affected-rows" and use.with_.get("exact"):
        return could_not_ask(spec, target or "", _TRIED, clock=clock)
    if not vouched:
        return could_not_ask(spec, target or "", _WRITTEN_SQL, clock=clock)
    return asks.ask(use, target, clock)


def _targets(state: State, config: Config) -> tuple[Targets, list[BoundTarget]]:
    """The run's targets by the reviewer's own way to them, and those that they have no way to."""
    known = {one.name: one for one in state.opened.targets if one.configured in config.targets}
    missing = [one for one in state.opened.targets if one.name not in known]
    return Targets(
        {name: Target(one, conninfo(config.targets[one.configured])) for name, one in known.items()}
    ), missing
