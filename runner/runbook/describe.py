"""A plan for people and machines: what each step would do, and what that means for the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runner.config.model import Config, Target
from runner.errors import ShisaError
from runner.runbook.consequences import after_a_crash, undo_of
from runner.runbook.danger import Danger, danger_of
from runner.runbook.model import Step, step_of
from runner.runbook.plan import Plan, PlannedStep
from runner.runbook.render import preview
from runner.runbook.restoring import LOCK, notes_of, restores_rows
from runner.runbook.values import Secret, Values
from runner.sql.classify import Classification, classify
from runner.sql.errors import SqlError
from runner.sql.grammar import parse
from runner.sql.locks import strongest
from runner.sql.variables import analysable


def describe(plan: Plan, config: Config | None, *, targets: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Describe a whole plan as plain data; ``targets`` maps the runbook's target names to configured ones."""
    runbook = plan.runbook.runbook
    return {
        "runbook": runbook.id,
        "title": runbook.title,
        "file": str(plan.runbook.path),
        "params": [{"name": name, "value": _public(value)} for name, value in plan.params.items()],
        "targets": [
            {
                "name": name,
                "configured": (targets or {}).get(name, name),
                "policy": _target_policy(name, config, targets),
            }
            for name in plan.targets
        ],
        "steps": [describe_step(step, config, targets=targets) for step in plan.steps],
    }


def describe_step(
    step: PlannedStep, config: Config | None, *, targets: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Describe one step: its text, class, lock, guards, who must approve, what can be undone."""
    values, unknown = _values(step)
    data = preview(dict(step.data), values)
    typed = step_of(dict(step.data))
    harmless = frozenset(config.functions.harmless) if config is not None else frozenset()
    text = None if typed.sql is None else analysable(typed.sql)
    classes, problem = _classes(text, harmless)
    danger = _danger(typed, text, harmless)
    lock = LOCK if restores_rows(typed.restore) else None
    described = {
        "path": step.path,
        "kind": typed.kind,
        "title": data["title"],
        "target": data.get("target"),
        "when": [each.expression for each in step.when],
        "text": _text(data, typed.kind),
        "destructive": danger.destructive,
        "reasons": list(danger.reasons),
        "lowered": danger.lowered,
        "statements": [_statement(each) for each in classes],
        "lock": strongest([each.lock for each in classes]) if classes else lock,
        "transaction": typed.transaction if typed.kind == "sql" else None,
        "guards": list(_guards(data)),
        "approval": _approval(typed, danger, config, targets),
        "undo": undo_of(typed),
        "after_a_crash": after_a_crash(typed, danger),
        "repeats": _repeats(data),
        "not_known_yet": unknown,
        "notes": [*notes_of(typed.restore), *_changes(typed)],
        "problem": problem,
    }
    if typed.for_each is not None:
        inner = (
            PlannedStep(f"{step.path}[n]/{each['id']}", each, step.scope, step.file) for each in typed.for_each.steps
        )
        described["steps"] = [describe_step(each, config, targets=targets) for each in inner]
    return described


def _values(step: PlannedStep) -> tuple[Values, str | None]:
    """The values known now; where an include needs a captured one, none of its own are."""
    try:
        return step.scope.values({}), None
    except ShisaError as error:
        return step.scope.secrets(), error.message


def _classes(text: str | None, harmless: frozenset[str]) -> tuple[list[Classification], str | None]:
    try:
        return ([] if text is None else [classify(each, harmless=harmless) for each in parse(text)]), None
    except SqlError as error:
        return [], error.message


def _danger(step: Step, text: str | None, harmless: frozenset[str]) -> Danger:
    try:
        return danger_of(step, () if text is None else (text,), harmless=harmless)
    except SqlError as error:
        return Danger((f"nobody can tell what it does: {error.message}",), ("nobody can tell what it does",))


def _statement(each: Classification) -> dict[str, Any]:
    return {
        "command": each.command,
        "class": _class(each),
        "reasons": list(each.reasons),
        "survives_rollback": list(each.survival),
        "lock": each.lock,
        "relations": list(each.relations),
    }


def _class(each: Classification) -> str:
    if each.survives_rollback:
        return "survives rollback"
    if each.destructive:
        return "destructive"
    return "looks only" if each.read_only else "changes"


def _text(data: Mapping[str, Any], kind: str) -> Any:
    value = data[kind]
    return {key: item for key, item in value.items() if key != "steps"} if kind == "for_each" else value


def asked_again(use: Mapping[str, Any]) -> str:
    """Say how a guard before a step is asked again before the effect; empty where it simply is."""
    age = f", or is older than {use['max_age']}" if use.get("max_age") else ""
    match use.get("recheck", "full"):
        case "cheap":
            return f"again only where something was written{age}"
        case "none":
            return f"again only where it is older than {use.get('max_age')}"
        case _:
            return ""


def _guards(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for moment, uses in data.get("guards", {}).items():
        for use in uses:
            yield {"moment": moment, "severity": "block", **use}


def _approval(
    step: Step, danger: Danger, config: Config | None, targets: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """Every policy that must be satisfied: the step's own, and the target's where the step is destructive."""
    names = [step.approval] if step.approval else []
    if danger.destructive and step.target is not None:
        bound = _target_policy(step.target, config, targets)
        names += [bound] if bound else []
    return [{"policy": name, "need": _need(name, config)} for name in dict.fromkeys(names)]


def _need(policy: str, config: Config | None) -> list[dict[str, Any]] | None:
    if config is None or policy not in config.policies:
        return None
    return [{"team": need.team, "n": need.n} for need in config.policies[policy].need]


def _target_policy(name: str, config: Config | None, targets: Mapping[str, str] | None) -> str | None:
    target: Target | None = config.targets.get((targets or {}).get(name, name)) if config is not None else None
    return target.policy if target is not None else None


def _repeats(data: Mapping[str, Any]) -> str | None:
    if "repeat" in data:
        repeat = data["repeat"]
        return f"until {repeat['until']['rows']} rows, at most {repeat['max']} times"
    if "for_each" in data:
        loop = data["for_each"]
        source = next(key for key in ("items", "query", "targets") if key in loop)
        return f"for each {loop['as']} of {source}"
    return None


def _changes(step: Step) -> Iterator[str]:
    back = None if step.rollback is None else step.rollback.changes_target
    for when, declared in (("after it", step.changes_target), ("once it is taken back", back)):
        if declared is not None:
            role = f" is a {declared.role}" if declared.role else " keeps its role"
            timeline = "is on a later timeline" if declared.timeline == "next" else "on the same timeline"
            yield f"{when} the target{role} and {timeline}; anything else closes the gate"


def _public(value: Any) -> Any:
    return str(value) if isinstance(value, Secret) or not isinstance(value, bool | int | str) else value
