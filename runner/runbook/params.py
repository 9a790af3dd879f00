"""Typed parameters from ``-p name=value``, ``--params FILE``, prompts and defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from msgspec import UNSET

from checks.duration import parse_duration
from runner.errors import UsageError
from runner.runbook.load import read_bytes
from runner.runbook.model import Param
from runner.runbook.values import Secret, Value
from runner.schema import spelling
from runner.strict_yaml import parse

Prompt = Callable[[str, Param], str]
"""Asks the operator for a value; for a secret it does not echo."""

_TARGET = re.compile(r"[a-z][a-z0-9_-]*")


def parse_pairs(pairs: Iterable[str], *, like: str = "tenant=42") -> dict[str, str]:
    """Read ``name=value`` arguments, ``like`` an example; raises UsageError for another shape or a name given twice."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} is not name=value", hint=f"as in {like}")
        if name in found:
            raise UsageError(f"{name} is given twice", hint="give it once")
        found[name] = value
    return found


def params_file(path: Path) -> dict[str, Any]:
    """Read a YAML file of parameters, name: value; raises UsageError with the place of the first problem."""
    document = parse(read_bytes(path), dates=True)
    for problem in document.problems:
        raise UsageError(f"{path}:{problem.line}:{problem.column}: {problem.message}", hint=problem.hint)
    if not isinstance(document.data, dict):
        raise UsageError(f"{path} holds no parameters", hint="Write one `name: value` a line.")
    return document.data


def resolve(
    declared: Mapping[str, Param], given: Mapping[str, Any], *, prompt: Prompt | None = None
) -> dict[str, Value | Secret]:
    """Give every declared parameter its typed value: given, else its default, else what the operator answers.

    Raises UsageError for a name that is not declared, a value that does not fit, or a missing value where
    nobody can be asked.
    """
    for name in given:
        if name not in declared:
            hint = spelling(name, declared, what="Declared")
            raise UsageError(f"the runbook has no parameter {name!r}", hint=hint)
    values: dict[str, Value | Secret] = {}
    missing: list[str] = []
    for name, param in declared.items():
        if name in given:
            values[name] = typed(name, param, given[name])
        elif param.default is not UNSET:
            values[name] = typed(name, param, param.default)
        elif prompt is None:
            missing.append(name)
        elif param.type == "secret":
            values[name] = Secret(name, prompt(name, param))
        else:
            values[name] = typed(name, param, prompt(name, param))
    if missing:
        what = "parameter" if len(missing) == 1 else "parameters"
        first = declared[missing[0]]
        example = "env:NAME" if first.type == "secret" else f"<{first.type}>"
        raise UsageError(f"the {what} {', '.join(missing)} must be given", hint=f"-p {missing[0]}={example}")
    return values


def typed(name: str, param: Param, raw: Any) -> Value | Secret:
    """Read one value as its declared type; raises UsageError when it does not fit."""
    try:
        value = _READERS[param.type](name, param, raw)
        _judge(param, value)
    except ValueError as error:
        hint = param.description or f"it is a parameter of type {param.type}"
        raise UsageError(f"the parameter {name} {error}", hint=hint) from None
    return value


def _judge(param: Param, value: Value | Secret) -> None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if param.minimum is not None and value < Decimal(str(param.minimum)):
            raise ValueError(f"is {value}, and must be at least {param.minimum}")
        if param.maximum is not None and value > Decimal(str(param.maximum)):
            raise ValueError(f"is {value}, and must be at most {param.maximum}")
    if param.pattern is not None and isinstance(value, str | Path) and not re.fullmatch(param.pattern, str(value)):
        raise ValueError(f"is {str(value)!r}, which does not match {param.pattern}")
    if param.values is not None and not isinstance(value, Secret) and value not in param.values:
        allowed = ", ".join(str(each) for each in param.values)
        raise ValueError(f"is {value!s}, and must be one of {allowed}")


def _text(what: str, raw: Any) -> str:
    if isinstance(raw, str):
        if "\0" in raw:
            raise ValueError("holds a NUL, which PostgreSQL cannot store")
        return raw
    raise ValueError(f"must be {what}, not {raw!r}")


def _string(_name: str, _param: Param, raw: Any) -> str:
    return _text("text", str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw)


def _integer(_name: str, _param: Param, raw: Any) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", raw.strip()):
        return int(raw)
    raise ValueError(f"must be a whole number, not {raw!r}")


def _number(_name: str, _param: Param, raw: Any) -> Decimal:
    try:
        value = Decimal(str(raw)) if not isinstance(raw, bool) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"must be a number, not {raw!r}")
    return value


def _boolean(_name: str, _param: Param, raw: Any) -> bool:
    found = {"true": True, "false": False}.get(str(raw).lower()) if isinstance(raw, str | bool) else None
    if found is None:
        raise ValueError(f"must be true or false, not {raw!r}")
    return found


def _enum(_name: str, param: Param, raw: Any) -> Value:
    for value in param.values or ():
        if raw == value or (
            isinstance(raw, str) and raw == (str(value).lower() if value in {True, False} else str(value))
        ):
            return value  # type: ignore[no-any-return]
    values = [str(value) for value in param.values or ()]
    raise ValueError(f"is {raw!s}, and must be one of {', '.join(values)}")


def _identifier(_name: str, _param: Param, raw: Any) -> str:
    text = _text("an identifier", raw)
    if not text or len(text.encode()) > 63:  # noqa: PLR2004 - NAMEDATALEN - 1
        raise ValueError(f"must be an identifier of 1 to 63 bytes, not {text!r}")
    return text


def _path(_name: str, _param: Param, raw: Any) -> Path:
    text = _text("a path", raw)
    if not text:
        raise ValueError("must be a path, and is empty")
    return Path(text)


def _duration(_name: str, _param: Param, raw: Any) -> str:
    text = _text("a duration such as 5min", raw)
    parse_duration(text)
    return text.strip()


def _target(_name: str, _param: Param, raw: Any) -> str:
    text = _text("the name of a target", raw)
    if not _TARGET.fullmatch(text):
        raise ValueError(f"must be the name of a target, not {text!r}")
    return text


def _list(_name: str, _param: Param, raw: Any) -> tuple[Any, ...]:
    if isinstance(raw, list | tuple):
        return tuple(raw)
    text = _text("a list", raw)
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def _secret(name: str, _param: Param, raw: Any) -> Secret:
    kind, colon, where = str(raw).partition(":")
    if colon and kind == "env":
        if where not in os.environ:
            raise ValueError(f"is to come from the environment variable {where}, which is not set")
        return Secret(name, os.environ[where])
    if colon and kind == "file":
        try:
            return Secret(name, Path(where).read_text(encoding="utf-8").rstrip("\r\n"))
        except (OSError, UnicodeError) as error:
            raise ValueError(f"is to come from the file {where}, which cannot be read: {error}") from None
    message = f"is a secret and cannot stand on a command line or in a file; -p {name}=env:NAME or {name}=file:PATH"
    raise ValueError(message)


_READERS: dict[str, Callable[[str, Param, Any], Value | Secret]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "enum": _enum,
    "identifier": _identifier,
    "path": _path,
    "duration": _duration,
    "secret": _secret,
    "target": _target,
    "list": _list,
}
