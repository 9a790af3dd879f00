"""Bounds of settings, as ``max_wal_size>=4GB``: read, and compared in the setting's own unit. Pure."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

_BOUND = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*")
_VALUE = re.compile(r"(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_BYTES = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_MICROSECONDS = {"us": 1, "ms": 1000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_SWITCHES = {"on": "on", "true": "on", "yes": "on", "1": "on", "off": "off", "false": "off", "no": "off", "0": "off"}


@dataclasses.dataclass(frozen=True, slots=True)
class Bound:
    """What one setting must be."""

    name: str
    operator: str
    value: str

    @property
    def text(self) -> str:
        """The bound as it is written."""
        return f"{self.name}{self.operator}{self.value}"

    def holds(self, found: str, unit: str | None, kind: str) -> bool:
        """Whether a value in the server's unit keeps the bound. Raises ValueError where they cannot be compared."""
        compare = _COMPARE[self.operator]
        if kind in {"integer", "real"}:
            return compare(_number(found, unit), _number(self.value, unit))
        if self.operator not in {"=", "!="}:
            raise ValueError(f"{self.name} is no number, so it can only be = or !=")
        if kind == "bool":
            return compare(found, _SWITCHES.get(self.value.lower(), self.value))
        return compare(found, self.value)


def read(text: str) -> Bound:
    """Read one bound. Raises ValueError."""
    found = _BOUND.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no bound of a setting: write name=value, or >=, <=, >, <, !=")
    return Bound(found[1], found[2], found[3].strip("'"))


def _number(text: str, unit: str | None) -> Decimal:
    """A value in bytes or microseconds; one without a unit is in the setting's own."""
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no number")
    scale = _scale(unit) if unit else Decimal(1)
    if not found[2]:
        return Decimal(found[1]) * scale
    units = _MICROSECONDS if unit in _MICROSECONDS else _BYTES
    if found[2] not in units or unit is None:
        raise ValueError(f"{text!r} has a unit that this setting has not")
    return Decimal(found[1]) * units[found[2]]


def _scale(unit: str) -> Decimal:
    """What one of the server's units is (``8kB``, ``ms`` …) in bytes or microseconds."""
    found = re.fullmatch(r"(\d*)([A-Za-z]+)", unit)
    known = {**_BYTES, **_MICROSECONDS}
    if found is None or found[2] not in known:
        raise ValueError(f"the unit {unit!r} is not known")
    return Decimal(found[1] or 1) * known[found[2]]
