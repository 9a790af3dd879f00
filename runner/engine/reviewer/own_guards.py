"""A reviewer asks a step's guards from their own machine, where their shisa.yaml leads to the same database."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.base import Verdict
from runner.allowed import Allowed
from runner.canonical import canonical, parse_canonical
from runner.config.load import conninfo
from runner.engine.guard.asking import Asks, step_context
from runner.engine.guard.baselines import NoBaselines
from runner.engine.target.targets import Target, Targets
from runner.errors import ShisaError
from runner.postgres.connect import short_name
from runner.runbook.model import GuardUse, step_of

if TYPE_CHECKING:
    from runner.config.model import Config
    from runner.engine.fold.state import State
    from runner.engine.ports import Clock
    from runner.evidence import Evidence
    from runner.journal.events import BoundTarget, StepEntered


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
        return str(max((Verdict.of(one["verdict"]) for one in self.evidence), default=Verdict.PASS))


def ask_again(state: State, paths: Sequence[str], config: Config, clock: Clock, *, vouched: bool) -> OwnGuards:
    """Ask the guards before each step of a request; ``vouched`` says that the reviewer's own copy renders the same.

    Without that, none of the operator's SQL is sent, and a program is never started: a guard that needs it is UNKNOWN.
    So it is where a name of this machine's shisa.yaml leads to another database than the operator's.
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
            asks = Asks(
                targets,
                name,
                context,
                folder=Path.cwd(),
                config=config,
                baselines=NoBaselines(),
                allowed=Allowed(sql=vouched, programs=False),
                guards=step_of(entered.rendered).asked,
            )
            with asks:
                found += [asks.ask(use, entered.target, clock) for use in uses[path]]
    except ShisaError as error:
        return OwnGuards(None, error.message)
    return OwnGuards(tuple(parse_canonical(canonical(each.as_json())) for each in found))


def _entered(state: State, path: str) -> StepEntered:
    entered = state.step(path).entered
    if entered is None:
        raise AssertionError
    return entered


def _uses(state: State, path: str) -> tuple[GuardUse, ...]:
    return step_of(_entered(state, path).rendered).asked_before


def _targets(state: State, config: Config) -> tuple[Targets, list[BoundTarget]]:
    """The run's targets by the reviewer's own way to them, and those that they have no way to."""
    known = {one.name: one for one in state.opened.targets if one.configured in config.targets}
    missing = [one for one in state.opened.targets if one.name not in known]
    return Targets(
        {name: Target(one, conninfo(config.targets[one.configured])) for name, one in known.items()}
    ), missing
