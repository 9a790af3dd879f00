"""Which names a step sees: the run's parameters, an include's own, a loop's item, and what was captured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from runner.runbook.model import Param
from runner.runbook.params import resolve
from runner.runbook.render import render_data
from runner.runbook.template import name_of
from runner.runbook.values import Secret, Value


class Scope(Protocol):
    """Gives the values that a step is rendered with."""

    def values(self, captured: Mapping[str, Value]) -> dict[str, Value | Secret]:
        """Give every name's value, with what has been captured so far.

        Raises UsageError or RunbookError where an include's parameter needs what nobody has captured yet.
        """

    def secrets(self) -> dict[str, Secret]:
        """Give the secrets alone; they are known from the start."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunScope:
    """The names of the runbook that was started."""

    params: Mapping[str, Value | Secret]

    def values(self, captured: Mapping[str, Value]) -> dict[str, Value | Secret]:
        """Give parameters and captured values."""
        return {**captured, **self.params}

    def secrets(self) -> dict[str, Secret]:
        """Give the secret parameters."""
        return {name: value for name, value in self.params.items() if isinstance(value, Secret)}


@dataclasses.dataclass(frozen=True, slots=True)
class IncludeScope:
    """The names of an included runbook: its own parameters, bound by ``with`` in the scope around it."""

    outer: Scope
    declared: Mapping[str, Param]
    bindings: Mapping[str, Any]

    def values(self, captured: Mapping[str, Value]) -> dict[str, Value | Secret]:
        """Give the include's parameters and captured values; the parameters around it are not seen."""
        around, secrets = self.outer.values(captured), self.secrets()
        given = {name: render_data(raw, around) for name, raw in self.bindings.items() if name not in secrets}
        open_ = {name: param for name, param in self.declared.items() if name not in secrets}
        return {**captured, **resolve(open_, given), **secrets}

    def secrets(self) -> dict[str, Secret]:
        """Give the include's secrets: handed on from around it under its own names."""
        around = self.outer.secrets()
        found = {}
        for name, param in self.declared.items():
            raw = self.bindings.get(name)
            source = around.get(name_of(raw) or "") if isinstance(raw, str) else None
            if param.type == "secret":
                value = source.reveal() if source else None
                found[name] = Secret(name, value) if value is not None else _own(name, param, raw)
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class ItemScope:
    """The names inside a loop: those around it, and the item."""

    outer: Scope
    name: str
    item: Value

    def values(self, captured: Mapping[str, Value]) -> dict[str, Value | Secret]:
        """Give the names around the loop and the item's."""
        return {**self.outer.values(captured), self.name: self.item}

    def secrets(self) -> dict[str, Secret]:
        """Give the secrets around the loop."""
        return self.outer.secrets()


def _own(name: str, param: Param, raw: Any) -> Secret:
    """Read a secret that an include names by ``env:`` or ``file:``; raises UsageError."""
    found = resolve({name: param}, {} if raw is None else {name: raw})[name]
    if not isinstance(found, Secret):
        raise TypeError
    return found
