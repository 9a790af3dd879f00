"""A loaded runbook and its parameters to a plan: includes are put in, each with its own names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import RunbookError, UsageError
from runner.runbook.load import LoadedRunbook, load, repository
from runner.runbook.plan import Plan, PlannedStep, When
from runner.runbook.scope import IncludeScope, RunScope, Scope
from runner.runbook.values import Secret, Value

MAX_STEPS = 2_000
"""A plan that is longer was not written by a person."""

Read = Callable[[Path], LoadedRunbook]


def plan_of(loaded: LoadedRunbook, params: Mapping[str, Value | Secret], *, read: Read = load) -> Plan:
    """Expand a runbook into its plan.

    ``read`` gives the text of an included file (a resumed run reads them from its journal). Raises RunbookError
    for an include that runs in a circle, has another content than pinned, or lies outside of the repository
    without a pin.
    """
    expansion = _Expansion(read, repository(loaded.path), {loaded.path.resolve(): loaded})
    scope = RunScope(params)
    steps = tuple(expansion.steps(loaded, scope, prefix="", when=(), trail=(loaded.path.resolve(),)))
    return Plan(
        runbook=loaded,
        files=tuple(expansion.files.values()),
        params=dict(params),
        steps=steps,
        secret_values=_secrets(steps, scope),
    )


def _secrets(steps: tuple[PlannedStep, ...], scope: Scope) -> dict[str, str]:
    """Every secret by its name; one name must not stand for two secrets."""
    found: dict[str, str] = {}
    for each in {id(each): each for each in (scope, *(step.scope for step in steps))}.values():
        for name, secret in each.secrets().items():
            if found.setdefault(name, secret.reveal()) != secret.reveal():
                raise RunbookError(f"two secrets of the plan are called {name}", hint="Rename one in its runbook.")
    return found


@dataclasses.dataclass
class _Expansion:
    """Collects files while the includes are followed."""

    read: Read
    repository: Path
    files: dict[Path, LoadedRunbook]
    count: int = 0

    def steps(
        self, loaded: LoadedRunbook, scope: Scope, *, prefix: str, when: tuple[When, ...], trail: tuple[Path, ...]
    ) -> Iterator[PlannedStep]:
        for data in loaded.runbook.steps:
            self.count += 1
            if self.count > MAX_STEPS:
                raise RunbookError(f"the plan has more than {MAX_STEPS} steps", hint="Look for includes of includes.")
            path = f"{prefix}{data['id']}"
            conditions = (*when, When(data["when"], scope)) if "when" in data else when
            if "include" in data:
                yield from self._include(data["include"], loaded, scope, path=path, when=conditions, trail=trail)
            else:
                yield PlannedStep(path=path, data=data, scope=scope, file=str(loaded.path), when=conditions)

    def _include(
        self,
        include: Mapping[str, Any],
        around: LoadedRunbook,
        scope: Scope,
        *,
        path: str,
        when: tuple[When, ...],
        trail: tuple[Path, ...],
    ) -> Iterator[PlannedStep]:
        file = (around.path.parent / include["runbook"]).resolve()
        if file in trail:
            circle = " → ".join(each.name for each in (*trail[trail.index(file) :], file))
            raise RunbookError(f"step {path} includes in a circle: {circle}")
        loaded = self._loaded(file, include, path)
        bindings = include.get("with", {})
        unknown = [name for name in bindings if name not in loaded.runbook.params]
        if unknown:
            raise RunbookError(f"step {path} gives {unknown[0]!r}, which {file.name} has no parameter for")
        inner = IncludeScope(scope, loaded.runbook.params, bindings)
        yield from self.steps(loaded, inner, prefix=f"{path}/", when=when, trail=(*trail, file))

    def _loaded(self, file: Path, include: Mapping[str, Any], path: str) -> LoadedRunbook:
        if file not in self.files:
            try:
                self.files[file] = self.read(file)
            except UsageError as error:
                raise RunbookError(f"step {path} includes a file that is not there: {error.message}") from error
        loaded = self.files[file]
        pin = include.get("sha256")
        if pin is not None and pin != loaded.sha256:
            hint = f"Read the new content, then pin sha256: {loaded.sha256}"
            raise RunbookError(f"step {path} includes {file.name}, whose content is not the pinned one", hint=hint)
        if pin is None and not file.is_relative_to(self.repository):
            hint = f"Add sha256: {loaded.sha256}"
            raise RunbookError(
                f"step {path} includes {file}, which lies outside of the repository, without a pin", hint=hint
            )
        return loaded
