"""What a preflight says of the steps: privileges, guards, and what is known only later."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from checks.base import CannotAskError, Verdict
from runner.config.model import Loaded
from runner.engine.guard.asking import Asks, context_of
from runner.engine.guard.baselines import NoBaselines
from runner.engine.ports import Clock
from runner.engine.preflight.item import Item
from runner.engine.target.targets import Targets
from runner.errors import ShisaError
from runner.evidence import Evidence
from runner.postgres.connect import short_name
from runner.postgres.privileges import Granted, granted
from runner.postgres.readonly import ReadOnlySession
from runner.runbook.model import GuardUse, Step, step_of
from runner.runbook.plan import PlannedStep
from runner.runbook.render import holds, render_step, statements_of
from runner.runbook.restoring import needs_of_rows
from runner.sql.classify import classify
from runner.sql.grammar import parse
from runner.sql.needs import Need, needs_of


@dataclasses.dataclass(frozen=True, slots=True)
class StepLook:
    """A step as it would be rendered now, or the sentence why it cannot be yet."""

    path: str
    step: Step | None
    texts: tuple[str, ...] = ()
    analysable: tuple[str, ...] = ()
    later: str | None = None
    skipped: bool = False
    """Whether its ``when`` is false already."""

    @classmethod
    def of(cls, planned: PlannedStep) -> StepLook:
        """Render a step with what is known before the run."""
        try:
            known = planned.scope.values({})
            if not all(holds(each.expression, each.scope.values({})) for each in planned.when):
                return cls(planned.path, None, skipped=True)
            step = step_of(render_step(planned.data, known))
            found = statements_of(step, known)
            texts, analysable = tuple(each.text for each in found), tuple(each.analysable for each in found)
            if step.for_each is not None:
                return cls(planned.path, step, later="the steps of the loop are known when its items are")
        except ShisaError as error:
            return cls(planned.path, None, later=error.message)
        return cls(planned.path, step, texts, analysable)


def later_items(looks: Sequence[StepLook]) -> Iterator[Item]:
    """Name the steps that nobody can look at before the run has come to them."""
    for look in looks:
        if look.later is not None:
            yield Item("later", look.path, Verdict.WARN, f"not looked at yet: {look.later}")
        for use in () if look.step is None or look.later is not None else look.step.asked_before:
            if why := _later(use):
                yield Item("later", look.path, Verdict.WARN, f"{use.check} {why}")


def privilege_items(looks: Sequence[StepLook], targets: Targets, config: Loaded) -> Iterator[Item]:
    """Say whether each target's role may do what the SQL steps need; one query a target."""
    for name, target in targets.by_name.items():
        here = [each for each in looks if each.step is not None and _on(each, targets) == name]
        rows = {each.path: needs_of_rows(each.step.restore) for each in here if each.step is not None}
        steps = [each for each in here if each.analysable or rows[each.path]]
        if not steps:
            continue
        classes = {
            look.path: [classify(one, harmless=_harmless(config)) for text in look.analysable for one in parse(text)]
            for look in steps
        }
        of_rows = [need for needs in rows.values() for need in needs]
        whole = tuple(dict.fromkeys([*needs_of([each for found in classes.values() for each in found]), *of_rows]))
        first = {need: path for path, found in reversed(classes.items()) for need in (*needs_of(found), *rows[path])}
        try:
            with target.connect("shisa/preflight") as connection:
                answers = granted(ReadOnlySession(connection), whole)
        except (CannotAskError, ShisaError) as error:
            why = error.reason if isinstance(error, CannotAskError) else error.message
            yield Item("privilege", name, Verdict.UNKNOWN, f"the role's privileges cannot be read: {why}")
            continue
        role = str(target.bound.identity["role"])
        objecting = [item for each in answers for item in _objection(each, first[each.need], role)]
        yield from objecting
        if not objecting:
            relations = len({each.relation for each in whole})
            told = f"{role} may do what is needed (steps: {len(steps)}, relations: {relations})"
            yield Item("privilege", name, Verdict.PASS, told)


def _objection(each: Granted, step: str, role: str) -> Iterator[Item]:
    need: Need = each.need
    if each.kind is None:
        yield Item("privilege", step, Verdict.BLOCK, f"there is no {need.relation} on this target yet")
    elif not each.schema:
        yield Item("privilege", step, Verdict.BLOCK, f"role {role} may not use the schema of {need.relation}")
    elif not each.privilege:
        what = f"does not own {need.relation}; {each.owner} does" if need.privilege == "OWNER" else None
        message = what or f"has no privilege {need.privilege} on {need.relation}"
        yield Item("privilege", step, Verdict.BLOCK, f"role {role} {message}")


def guard_evidence(look: StepLook, targets: Targets, config: Loaded, clock: Clock) -> Iterator[Evidence]:
    """Ask the guards before a step, and a step that is a guard itself, as it is now."""
    if look.step is None or look.later is not None:
        return
    step = look.step
    uses = [use for use in step.asked_before if not _later(use)]
    if not uses:
        return
    context = context_of(look.path, step, look.texts, Path.cwd(), "before")
    name = short_name(f"shisa/preflight/{look.path}")
    asks = Asks(targets, name, context, folder=Path.cwd(), config=config.config, baselines=NoBaselines())
    with asks:
        for use in uses:
            yield asks.ask(use, _on(look, targets), clock)


def _later(use: GuardUse) -> str:
    """Why only the run can ask a guard; empty where it can be asked now."""
    if use.with_.get("baseline") == "compare":
        return "compares with a baseline that the run captures"
    if use.check == "affected-rows" and use.with_.get("exact"):
        return "runs the statements and rolls them back, and a preflight only looks"
    return ""


def _on(look: StepLook, targets: Targets) -> str | None:
    """The target that a step works on: the one it names, or the run's only one."""
    named: Any = None if look.step is None else look.step.target
    return named if named is not None else next(iter(targets.by_name), None) if len(targets.by_name) == 1 else None


def _harmless(config: Loaded) -> frozenset[str]:
    return frozenset(config.config.functions.harmless)
