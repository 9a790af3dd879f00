"""The types of parameters: how each is read from YAML and from text, written, and described in JSON schema."""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from checks.duration import format_duration, parse_duration

_TEMPLATE = r"\{\{"
_DURATION = rf"^[0-9]+(\.[0-9]+)?\s*(us|ms|s|min|h|d)$|{_TEMPLATE}"


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One type of parameter."""

    name: str
    """As the documentation calls it: ``integer``, ``duration``, ``list of strings`` …"""
    read: Callable[[Any], Any]
    """From a plain YAML value. Raises ValueError with what was expected."""
    parse: Callable[[str], Any] = str
    """From the text of ``--with``, to a plain YAML value."""
    write: Callable[[Any], Any] = str
    """To a plain YAML value."""
    json: tuple[tuple[str, Any], ...] = (("type", "string"),)

    def schema(self, minimum: int | None = None, choices: Sequence[str] = ()) -> dict[str, Any]:
        """The JSON schema of the value, or of a template in its place."""
        fragment = dict(self.json)
        if minimum is not None:
            fragment["minimum"] = minimum
        if choices:
            fragment["pattern"] = f"^({'|'.join(map(re.escape, choices))})$|{_TEMPLATE}"
        return fragment


def kind_of(hint: Any) -> Kind:
    """Find the kind of an annotation; ``X | None`` is X. Raises TypeError for a type that no parameter has."""
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if hint not in _KINDS:
        message = f"no parameter can be of type {hint}"
        raise TypeError(message)
    return _KINDS[hint]


def _or_template(json_type: str) -> tuple[tuple[str, Any], ...]:
    """Describe a type that is no text: a text in its place must be a template."""
    return (
        ("type", [json_type, "string"]),
        ("if", {"type": "string"}),
        ("then", {"pattern": _TEMPLATE, "description": f"Of type {json_type}, or a template."}),
    )


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, "a whole number")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "a text")
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise _wrong(value, "a path")
    return Path(value)


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise _wrong(value, "a duration with its unit, as 5min")
    return parse_duration(value)


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, (str, int)) for each in value):
        raise _wrong(value, "a list of texts")
    return tuple(str(each) for each in value)


def _mapping(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise _wrong(value, "a mapping of names to texts")
    return dict(value)


def _parse_mapping(text: str) -> Any:
    """Read ``name=text``, or several of them as a JSON object."""
    name, equals, value = text.partition("=")
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return {name.strip(): value.strip()} if equals else text


def _wrong(value: Any, wanted: str) -> ValueError:
    return ValueError(f"{value!r} is not {wanted}")


def _parse_integer(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


_KINDS: dict[Any, Kind] = {
    str: Kind("string", _string),
    int: Kind("integer", _integer, _parse_integer, int, _or_template("integer")),
    bool: Kind(
        "boolean", _boolean, lambda text: {"true": True, "false": False}.get(text, text), bool, _or_template("boolean")
    ),
    Path: Kind("path", _path),
    timedelta: Kind("duration", _duration, str, format_duration, (("type", "string"), ("pattern", _DURATION))),
    Mapping[str, str]: Kind(
        "mapping",
        _mapping,
        _parse_mapping,
        dict,
        (*_or_template("object"), ("additionalProperties", {"type": "string"})),
    ),
    tuple[str, ...]: Kind(
        "list of strings",
        _strings,
        lambda text: [part.strip() for part in text.split(",") if part.strip()],
        list,
        (*_or_template("array"), ("items", {"type": ["string", "integer"]})),
    ),
}
