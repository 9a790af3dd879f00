"""What a check's declaration says: its parameters, its page's sections, and how to build it from plain values."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import re
import typing
from collections.abc import Mapping
from typing import Any

from checks import values
from checks.base import Check, StepContext

SECTIONS = ("Why it matters", "When it blocks", "What to do", "What it cannot see")
_CONTEXT = {field.name for field in dataclasses.fields(StepContext)}


class ParamError(ValueError):
    """A parameter that a check does not have, lacks, or cannot read."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclasses.dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter of a check."""

    name: str
    kind: values.Kind
    description: str
    required: bool
    default: Any
    from_step: bool
    """Whether a step's value of the same name is taken where none is given."""
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    unit: str | None = None

    def read(self, value: Any) -> Any:
        """Turn a plain YAML value into what the check wants. Raises ParamError."""
        try:
            found = self.kind.read(value)
        except ValueError as error:
            raise ParamError(f"{self.name}: {error}", param=self.name) from None
        if self.minimum is not None and isinstance(found, int) and found < self.minimum:
            raise ParamError(f"{self.name}: {found} is less than {self.minimum}", param=self.name)
        if self.choices and found not in self.choices:
            raise ParamError(f"{self.name}: {found!r} is none of {', '.join(self.choices)}", param=self.name)
        return found

    def schema(self) -> dict[str, Any]:
        """The parameter's JSON schema; a text may always be a template ``{{ name }}``."""
        fragment = self.kind.schema(self.minimum, self.choices)
        described = self.description + (f" In {self.unit}." if self.unit else "")
        shown = None if self.default is None or self.required else self.kind.write(self.default)
        return {"description": described, **fragment} | ({} if shown is None else {"default": shown})


@dataclasses.dataclass(frozen=True, slots=True)
class CheckSpec:
    """Everything that is derived from one declaration."""

    cls: type[Check[Any]]
    id: str
    title: str
    group: str
    since: int
    """The oldest PostgreSQL major version."""
    looks_at: str
    limits: tuple[str, ...]
    params: tuple[ParamSpec, ...]
    sections: Mapping[str, str]

    def build(self, given: Mapping[str, Any], step: StepContext | None = None) -> Check[Any]:
        """Build the check from plain values, as they stand in YAML; what is missing comes from the step.

        Raises ParamError.
        """
        known = {param.name: param for param in self.params}
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                meant = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known) or 'none'}"
                raise ParamError(f"{self.id} has no parameter {name}{meant}", param=name)
        found: dict[str, Any] = {}
        for param in self.params:
            of_step = getattr(step, param.name) if step is not None and param.from_step else None
            if param.name in given:
                found[param.name] = param.read(given[param.name])
            elif of_step is not None:
                found[param.name] = of_step
            elif param.required:
                raise ParamError(f"{self.id} needs the parameter {param.name}: {param.description}", param=param.name)
        return self.cls(**found)

    def from_text(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Turn ``--with name=text`` into the plain values that YAML would give. Raises ParamError."""
        kinds = {param.name: param.kind for param in self.params}
        return {name: kinds[name].parse(text) if name in kinds else text for name, text in given.items()}

    def as_json(self) -> dict[str, Any]:
        """One line of ``shisa checks``."""
        params = {param.name: {**param.schema(), "required": param.required} for param in self.params}
        return {"id": self.id, "title": self.title, "group": self.group, "since": self.since, "params": params}

    def schema(self) -> dict[str, Any]:
        """The JSON schema of ``with:`` for this check."""
        needed = [param.name for param in self.params if param.required and not param.from_step]
        fragment: dict[str, Any] = {
            "type": "object",
            "properties": {param.name: param.schema() for param in self.params},
            "additionalProperties": False,
        }
        return fragment | ({"required": needed} if needed else {})


def describe(cls: type[Check[Any]]) -> CheckSpec:
    """Read a declaration. Raises ValueError where the docstring lacks its line or a section."""
    title, _, rest = inspect.cleandoc(cls.__doc__ or "").partition("\n")
    parts = re.split(r"^## (.+)$", rest, flags=re.MULTILINE)
    sections = {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    if not title or tuple(sections) != SECTIONS:
        message = f"{cls.id}: its docstring needs one line and the sections {', '.join(SECTIONS)}"
        raise ValueError(message)
    if (cls.scope is None) == any(field.name == "baseline" for field in dataclasses.fields(cls)):  # type: ignore[arg-type]
        message = f"{cls.id}: scope= says what the parameter baseline is of; a check has both or neither"
        raise ValueError(message)
    hints = typing.get_type_hints(cls)
    params = tuple(_param(field, hints[field.name]) for field in dataclasses.fields(cls))  # type: ignore[arg-type]
    return CheckSpec(cls, cls.id, title, cls.group, cls.since, cls.looks_at, cls.limits, params, sections)


def _param(field: dataclasses.Field[Any], hint: Any) -> ParamSpec:
    required = field.default is dataclasses.MISSING
    return ParamSpec(
        field.name,
        values.kind_of(hint),
        field.metadata["description"],
        required,
        None if required else field.default,
        field.name in _CONTEXT,
        field.metadata["minimum"],
        tuple(field.metadata["choices"] or ()),
        field.metadata["unit"],
    )
