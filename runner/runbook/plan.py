"""The plan of a run: every step in order, includes expanded, with the names that it sees; and its amendments."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runner.canonical import digest, without_floats
from runner.errors import RunbookError
from runner.runbook.load import LoadedRunbook, step_schema
from runner.runbook.model import step_of
from runner.runbook.scope import ItemScope, Scope
from runner.runbook.values import Secret, Value, plain


@dataclasses.dataclass(frozen=True, slots=True)
class When:
    """A condition on a step, in the names where it was written."""

    expression: str
    scope: Scope


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step at its place in the plan; ``data`` is not rendered yet."""

    path: str
    data: Mapping[str, Any]
    scope: Scope
    file: str
    when: tuple[When, ...] = ()
    """Conditions of the step and of the includes around it; all of them must hold."""


@dataclasses.dataclass(frozen=True, slots=True)
class Amendment:
    """A remedy that was taken over."""

    path: str
    set: Mapping[str, Any]
    then: tuple[Mapping[str, Any], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: the steps as they are written, and everything that they depend on."""

    runbook: LoadedRunbook
    files: tuple[LoadedRunbook, ...]
    """The runbook and all that it includes, each once."""
    params: Mapping[str, Value | Secret]
    steps: tuple[PlannedStep, ...]
    secret_values: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    amendments: tuple[Amendment, ...] = ()
    grouped: bool = dataclasses.field(init=False, compare=False)
    """Whether any step is of a group."""
    _by_path: dict[str, PlannedStep] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the steps by their paths, once: a run looks its steps up at every turn."""
        object.__setattr__(self, "_by_path", {step.path: step for step in self.steps})
        object.__setattr__(self, "grouped", any("group" in step.data for step in self.steps))

    @property
    def order(self) -> tuple[str, ...]:
        """The paths of the steps, as they come."""
        return tuple(step.path for step in self.steps)

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets."""
        return frozenset(self.secret_values)

    @property
    def targets(self) -> tuple[str, ...]:
        """The target names that the runbook and its includes declare."""
        return tuple(dict.fromkeys(name for file in self.files for name in file.runbook.targets))

    @property
    def public_params(self) -> dict[str, Any]:
        """The parameters as plain data for the journal; a secret is there by its name."""
        return {
            name: {"secret": name} if isinstance(value, Secret) else without_floats(plain(value))
            for name, value in self.params.items()
        }

    def step(self, path: str) -> PlannedStep:
        """Find a step; an iteration's path (``loop[3]/inner``) is made by ``iteration``. Raises KeyError."""
        return self._by_path[path]

    def data(self, path: str) -> dict[str, Any]:
        """Give a step's plain data, not rendered."""
        return copy.deepcopy(dict(self.step(path).data))


def iteration(step: PlannedStep, number: int, item: Value, inner: str) -> PlannedStep:
    """Make a step of one inner step of a ``for_each`` for one of its items: ``loop[n]/inner``, from 1.

    Over targets, an inner step that names no target works on the item. Raises KeyError where there is no such step.
    """
    loop = step.data["for_each"]
    data = next((each for each in loop["steps"] if each["id"] == inner), None)
    if data is None:
        raise KeyError(inner)
    scope = ItemScope(step.scope, loop["as"], item)
    return PlannedStep(
        path=f"{step.path}[{number}]/{inner}",
        data={"target": item, **data} if loop.get("targets") and "target" not in data else data,
        scope=scope,
        file=step.file,
        when=(When(data["when"], scope),) if "when" in data else (),
    )


def amend(plan: Plan, path: str, set_: Mapping[str, Any], then: Sequence[Mapping[str, Any]]) -> Plan:
    """Change a step (dotted path → value; None removes) and add steps right behind it.

    New steps are called ``<step>.remedy1``, ``<step>.remedy2`` …, also over several amendments. Raises
    RunbookError when the result is not a step.
    """
    step = plan.step(path)
    data = copy.deepcopy(dict(step.data))
    for dotted, value in set_.items():
        _put(data, dotted, value)
    _require_step(data, path)
    kept = [each for each in plan.steps if each.path.startswith(f"{path}.remedy")]
    added = [_remedy(step, number, each) for number, each in enumerate(then, len(kept) + 1)]
    steps: list[PlannedStep] = []
    for each in plan.steps:
        steps.append(dataclasses.replace(each, data=data) if each.path == path else each)
        if each is (kept[-1] if kept else step):
            steps += added
    amendment = Amendment(path, dict(set_), tuple(dict(each) for each in then))
    return dataclasses.replace(plan, steps=tuple(steps), amendments=(*plan.amendments, amendment))


def plan_digest(plan: Plan, targets: Mapping[str, str]) -> str:
    """Digest what an approval is for: the files, the parameters, the targets' fingerprints, the amendments."""
    return digest_of_plan([file.sha256 for file in plan.files], plan.public_params, targets, plan.amendments)


def digest_of_plan(
    files: Sequence[str], params: Mapping[str, Any], targets: Mapping[str, str], amendments: Sequence[Amendment]
) -> str:
    """Digest a plan from its parts, as ``plan_digest`` does; ``files`` are their digests in the plan's order."""
    return digest(
        {
            "plan": 1,
            "files": list(files),
            "params": dict(params),
            "targets": dict(targets),
            "amendments": [
                {"step": each.path, "set": without_floats(dict(each.set)), "then": without_floats(list(each.then))}
                for each in amendments
            ],
        }
    )


def _remedy(step: PlannedStep, number: int, data: Mapping[str, Any]) -> PlannedStep:
    name = f"{str(step.data['id'])[:30]}-remedy{number}"
    whole = {"id": name, "title": f"Remedy for {step.data['id']}", **copy.deepcopy(dict(data))}
    path = f"{step.path}.remedy{number}"
    _require_step(whole, path)
    return PlannedStep(path=path, data=whole, scope=step.scope, file=step.file, when=step.when)


def _put(data: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    place = data
    for part in parents:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise RunbookError(f"the amendment names {dotted}, but {part} holds no keys")
    if value is None:
        place.pop(last, None)
    else:
        place[last] = copy.deepcopy(value)


def _require_step(data: Mapping[str, Any], path: str) -> None:
    errors = step_schema().errors(data)
    if errors:
        raise RunbookError(f"the amended step {path} is not a step: {errors[0].message}")
    try:
        step_of(dict(data))
    except msgspec.ValidationError as error:
        raise RunbookError(f"the amended step {path} is not a step: {error}") from error
