"""What a name stands for in a run: typed values, and secrets that never show themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

Value = str | int | Decimal | bool | Path | tuple[Any, ...] | Mapping[str, Any]
"""A parameter or a captured value; a mapping is what ``answers`` holds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A value that text, digest and journal know by its name only."""

    name: str
    value: str = dataclasses.field(repr=False)

    def __str__(self) -> str:
        return placeholder(self.name)

    def reveal(self) -> str:
        """Give the value itself, for the moment of the send."""
        return self.value


Values = Mapping[str, Value | Secret]
"""The names that a step may use, with what they stand for."""


def placeholder(name: str) -> str:
    """Write what stands for a secret until the send."""
    return f"‹secret {name}›"


def later(name: str) -> str:
    """Write what stands for a name that a step of the run will capture."""
    return f"‹captured {name}›"


def put_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """Put the secrets into a rendered ``env`` or ``stdin`` text, at the send and never before."""
    for name, value in secrets.items():
        text = text.replace(placeholder(name), value)
    return text


def masked(text: str, secrets: Mapping[str, str]) -> str:
    """Take every secret out of a text by its value, longest first; for all that leaves the program."""
    for name, value in sorted(secrets.items(), key=lambda item: -len(item[1])):
        if value:
            text = text.replace(value, placeholder(name))
    return text


def as_text(value: Any) -> str:
    """Spell a value inside a text, as SQL would: ``true``, not ``True``.

    Raises TypeError for what has no spelling inside a text (a list, a secret).
    """
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case str() | int() | float() | Path():
            return str(value)
        case Secret():
            raise TypeError(f"the secret {value.name} may stand only in :'{value.name}' of SQL, in env: or in stdin:")
        case _:
            raise TypeError("a list stands only where the whole value is {{ name }}")


def plain(value: Any) -> Any:
    """Turn a value into the plain data that a runbook file would have held."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else format(value, "f")
        case Path():
            return str(value)
        case tuple() | list():
            return [plain(item) for item in value]
        case Secret():
            raise TypeError(f"the secret {value.name} may stand only in :'{value.name}' of SQL, in env: or in stdin:")
        case _:
            return value
