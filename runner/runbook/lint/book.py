"""A runbook as the rules see it: its steps in order, each with its texts, its SQL and what was made before it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from runner.config.model import Config
from runner.document import Document, Path
from runner.runbook.danger import Danger, danger_from
from runner.runbook.lint.names import RESERVED, BadTemplate, Use, in_sql, in_template
from runner.runbook.lint.sqltext import Role, SqlText
from runner.runbook.model import Runbook, Step, step_of
from runner.runbook.places import is_sql, kept
from runner.runbook.template import is_template
from runner.sql.errors import SqlError


@dataclasses.dataclass(frozen=True)
class StepView:
    """One step where it stands; those of a ``for_each`` come after it, with it as ``loop``."""

    path: Path
    data: Mapping[str, Any]
    written: Mapping[str, Any]
    """The step as it is in the file, before what is wrong with its shape was set aside."""
    step: Step
    harmless: frozenset[str]
    loop: StepView | None = None

    @functools.cached_property
    def kind(self) -> str:
        """The step's kind."""
        return self.step.kind

    @functools.cached_property
    def uses(self) -> tuple[Use | BadTemplate, ...]:
        """Every name that the step uses, its own loop's steps not included."""
        found: list[Use | BadTemplate] = [use for sql in self.sql for use in in_sql(sql)]
        for path, text in self.texts:
            if is_template(text) and not is_sql(path):
                found += in_template(text, (*self.path, *path))
        if self.step.when is not None:
            found += in_template(self.step.when, (*self.path, "when"), expression=True)
        return tuple(found)

    @property
    def around(self) -> Iterator[StepView]:
        """The loops around the step, the innermost first."""
        loop = self.loop
        while loop is not None:
            yield loop
            loop = loop.loop

    def guarded_by(self, check: str) -> bool:
        """Tell whether a check is asked before the step."""
        return any(guard.check == check for guard in self.step.guards.before)

    def says(self, key: str) -> bool:
        """Tell whether the author wrote this key, rightly or wrongly."""
        return key in self.written or key in self.data

    def says_in(self, key: str, inner: str) -> bool:
        """Tell whether the author wrote ``inner`` under ``key``."""
        return any(isinstance(each.get(key), dict) and inner in each[key] for each in (self.written, self.data))

    @functools.cached_property
    def texts(self) -> tuple[tuple[Path, str], ...]:
        """Every text of the step with its path from the step; texts of inner steps are theirs."""
        return tuple(_texts(self.data, ()))

    @functools.cached_property
    def sql(self) -> tuple[SqlText, ...]:
        """Every piece of SQL of the step."""
        return tuple(
            SqlText((*self.path, *path), text, _role(path), self.harmless) for path, text in self.texts if is_sql(path)
        )

    def sql_of(self, *roles: Role) -> Iterator[SqlText]:
        """The pieces of SQL that serve these purposes."""
        return (each for each in self.sql if each.role in roles)

    @property
    def body(self) -> SqlText | None:
        """The SQL that is the step's effect."""
        return next(self.sql_of("body"), None)

    @functools.cached_property
    def danger(self) -> Danger:
        """How dangerous the step is; one whose SQL cannot be read is reported for that alone."""
        body = self.body
        classes = [each.judged for each in body.statements] if body is not None else []
        try:
            return danger_from(self.step, classes, harmless=self.harmless)
        except SqlError:
            return Danger()

    @functools.cached_property
    def made(self) -> frozenset[str]:
        """Relations and schemas that the step creates; a name by variable is the variable's."""
        if self.body is None:
            return frozenset()
        found = {name for each in self.body.statements for name in each.judged.creates}
        trees = (each.statement for each in self.body.statements if each.statement.kind == "CreateSchemaStmt")
        return frozenset(found | {f"{tree.tree.get('schemaname')}." for tree in trees})


@dataclasses.dataclass(frozen=True)
class Book:
    """One runbook file for the rules."""

    document: Document
    file: FilePath
    runbook: Runbook
    config: Config | None

    @property
    def harmless(self) -> frozenset[str]:
        """Functions of one's own that are known to change nothing."""
        return frozenset(self.config.functions.harmless) if self.config is not None else frozenset()

    @functools.cached_property
    def steps(self) -> tuple[StepView, ...]:
        """All steps in the order of the file."""
        return tuple(self._views(self.runbook.steps, ("steps",), None))

    def _views(self, steps: Any, path: Path, loop: StepView | None) -> Iterator[StepView]:
        for i, data in enumerate(steps):
            place = (*path, i)
            step = step_of(data)
            view = StepView(place, data, written_at(self.document, place), step, self.harmless, loop)
            yield view
            if step.for_each is not None:
                yield from self._views(step.for_each.steps, (*place, "for_each", "steps"), view)

    @functools.cached_property
    def labels(self) -> tuple[SqlText, ...]:
        """The SQL that names parameters for people."""
        return tuple(
            SqlText(("params", name, "label", "sql"), param.label.sql, "look", self.harmless)
            for name, param in self.runbook.params.items()
            if param.label is not None
        )

    @property
    def sql(self) -> Iterator[SqlText]:
        """Every piece of SQL of the file."""
        yield from self.labels
        for view in self.steps:
            yield from view.sql

    @functools.cached_property
    def uses(self) -> tuple[Use | BadTemplate, ...]:
        """Every name that the file uses."""
        labels = [use for label in self.labels for use in in_sql(label)]
        return (*labels, *(use for view in self.steps for use in view.uses))

    def known_at(self, view: StepView) -> frozenset[str]:
        """The names that a step may use: parameters, loop items around it, what earlier steps captured."""
        items = {loop.step.for_each.as_ for loop in view.around if loop.step.for_each}
        captured = {name for each in self.before(view) for name in each.step.capture}
        return frozenset(self.runbook.params) | items | captured | RESERVED

    def before(self, view: StepView) -> Iterator[StepView]:
        """The steps that come before one."""
        for each in self.steps:
            if each is view:
                return
            yield each

    def made_before(self, view: StepView) -> frozenset[str]:
        """What the run has created by then, the step itself included."""
        return frozenset(name for each in (*self.before(view), view) for name in each.made)

    def secrets(self) -> frozenset[str]:
        """The names of secret parameters."""
        return frozenset(name for name, param in self.runbook.params.items() if param.type == "secret")


def written_at(document: Document, path: Path) -> Mapping[str, Any]:
    """The mapping at a place of the file as it is written; empty where there is none."""
    value = document.data
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return {}
    return value if isinstance(value, dict) else {}


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "include" and not path:
                yield from _texts(item.get("with", {}), (key, "with"))
            elif not kept(key, path):
                yield from _texts(item, (*path, key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _texts(item, (*path, i))


def _role(path: Path) -> Role:
    match path:
        case ("sql",):
            return "body"
        case ("rollback", "sql"):
            return "rollback"
        case ("cleanup", "sql"):
            return "cleanup"
        case (*_, "where" | "tenant_of", str()):
            return "condition"
        case _:
            return "look"
