"""Preflight: look, before a run opens, at everything that would stop it later. Online, and nothing is changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from checks.base import Verdict
from runner.config.model import Loaded
from runner.engine.begin import demands
from runner.engine.begin.opening import bind_target
from runner.engine.people.windows import Window
from runner.engine.ports import Clock
from runner.engine.preflight.approvable import policy_items
from runner.engine.preflight.holders import holder_items
from runner.engine.preflight.item import Item
from runner.engine.preflight.places import journal_items, target_items, tool_items
from runner.engine.preflight.steps import StepLook, guard_evidence, later_items, privilege_items
from runner.engine.target.targets import Target, Targets
from runner.errors import ConnectError, ShisaError
from runner.evidence import Evidence
from runner.runbook.plan import Plan


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """One guard, as it answered now."""

    step: str
    evidence: Evidence


@dataclasses.dataclass(frozen=True, slots=True)
class Preflight:
    """All that was looked at."""

    targets: tuple[Target, ...]
    items: tuple[Item, ...]
    guards: tuple[Asked, ...]
    unreached: tuple[str, ...]
    """Targets to which no connection could be made."""

    @property
    def exit_code(self) -> int:
        """0 where nothing objects, 1 for findings, 2 where a target was not reached."""
        if self.unreached:
            return 2
        closed = any(each.verdict.closes for each in self.items)
        return int(closed or any(each.evidence.verdict.closes for each in self.guards))

    def as_json(self) -> dict[str, Any]:
        """The shape of ``shisa preflight --format json``."""
        return {
            "exit_code": self.exit_code,
            "targets": [
                {
                    "name": each.bound.name,
                    "configured": each.bound.configured,
                    "environment": each.bound.environment,
                    "identity": each.bound.identity,
                }
                for each in self.targets
            ],
            "unreached": list(self.unreached),
            "items": [each.as_json() for each in self.items],
            "guards": [{"step": each.step, **each.evidence.as_json()} for each in self.guards],
        }


def preflight(
    plan: Plan,
    config: Loaded,
    target_map: Mapping[str, str],
    *,
    operator: str | None,
    signed: bool,
    clock: Clock,
    window: Window | None = None,
) -> Preflight:
    """Look at targets, privileges, tools, guards, policies and the journal; one that cannot be looked at is UNKNOWN.

    ``operator`` is None where nobody can tell who it would be, ``window`` where none was named. Raises UsageError for a
    target that is not configured.
    """
    targets, items = _reach(plan, config, target_map)
    unreached = tuple(name for name in plan.targets if name not in targets.by_name)
    items += [_closed("runbook", error) for error in demands.misfitting(plan)]
    rules = demands.production(targets, signed=signed, unattended=False, config=config)
    items += [_closed("target", error) for error in (*rules, *demands.writable(plan, targets))]
    looks = [StepLook.of(step) for step in plan.steps]
    for target in targets.by_name.values():
        items += target_items(target, plan)
    items += holder_items(looks, plan, config, targets)
    items += tool_items(plan)
    items += journal_items(config, targets)
    items += policy_items(looks, plan, config, targets, operator=operator, window=window, now=clock())
    items += later_items(looks)
    guards: list[Asked] = []
    if not unreached:
        items += privilege_items(looks, targets, config)
        for look in looks:
            guards += [Asked(look.path, each) for each in guard_evidence(look, targets, config, clock)]
    return Preflight(tuple(targets.by_name.values()), tuple(items), tuple(guards), unreached)


def _reach(plan: Plan, config: Loaded, target_map: Mapping[str, str]) -> tuple[Targets, list[Item]]:
    found: dict[str, Target] = {}
    items: list[Item] = []
    for name in plan.targets:
        try:
            found[name] = bind_target(config, name, target_map.get(name, name))
        except ConnectError as error:
            items.append(Item("target", name, Verdict.UNKNOWN, error.message, error.hint))
    return Targets(found), items


def _closed(area: str, error: ShisaError) -> Item:
    return Item(area, "", Verdict.BLOCK, error.message, error.hint)
