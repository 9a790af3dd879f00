"""Set aside what is wrong with a runbook's shape, so that the rest can still be judged in the same pass.

A misspelled key is read as the one that was probably meant; another wrong key or value is left out; a step that
cannot be understood at all is replaced by one that says nothing. The problems themselves are reported from the
file as it is written.
"""

from __future__ import annotations

import copy
from typing import Any

from runner.schema import Schema, nearest, of_checks

_ROUNDS = 6


def repaired(data: Any, schema: Schema) -> Any:
    """A copy of the data that fits the schema; None where nothing useful is left."""
    if not isinstance(data, dict):
        return None
    data = copy.deepcopy(data)
    for _ in range(_ROUNDS):
        errors = [error for error in schema.errors(data) if not of_checks(error)]
        if not errors:
            return data
        for error in errors:
            _mend(data, tuple(error.instance_path), error, schema)
    return None


def _mend(data: dict[str, Any], path: tuple[Any, ...], error: Any, schema: Schema) -> None:
    place = _at(data, path)
    if error.kind.name == "additionalProperties" and isinstance(place, dict):
        _rename(place, error.kind.unexpected, schema.keys_around(error))
    elif error.kind.name == "required" and isinstance(place, dict) and error.kind.property in _MISSING:
        place.setdefault(error.kind.property, f"{_MISSING[error.kind.property]}{'-'.join(map(str, path[1::2]))}")
    else:
        _leave_out(data, path)


_MISSING = {"id": "unnamed-", "title": "untitled "}


def _rename(place: dict[str, Any], unexpected: list[str], known: set[str]) -> None:
    for key in unexpected:
        value = place.pop(key, None)
        meant = nearest(key, known)
        if meant is not None and meant not in place:
            place[meant] = value


def _leave_out(data: dict[str, Any], path: tuple[Any, ...]) -> None:
    """Remove the part of a step, parameter or top-level key that is wrong; a step that is nothing then is silent."""
    if path[:1] == ("steps",) and len(path) > 1:
        _silence(data, path)
    elif path[:1] == ("params",) and len(path) > 1 and isinstance(data.get("params"), dict):
        data["params"][path[1]] = {"type": "string"}
    elif path and path[0] in {"shisa", "id", "title", "steps"}:
        neutral = {"shisa": 1, "id": "unnamed", "title": "untitled", "steps": [_silent(0)]}
        data[path[0]] = neutral[path[0]]
    elif path:
        data.pop(path[0], None)
    else:
        data.setdefault("shisa", 1)
        data.setdefault("steps", [_silent(0)])


def _silence(data: dict[str, Any], path: tuple[Any, ...]) -> None:
    """Leave out the step's key that is wrong, or the whole step where that would be its kind."""
    start = max(i for i, part in enumerate(path) if part == "steps" and i + 1 < len(path))
    step = _at(data, path[: start + 2])
    if isinstance(step, dict) and len(path) > start + 2 and path[start + 2] in step:
        del step[path[start + 2]]
    else:
        steps = _at(data, path[: start + 1])
        if isinstance(steps, list) and path[start + 1] < len(steps):
            steps[path[start + 1]] = _silent(path[start + 1])


def _silent(number: int) -> dict[str, Any]:
    return {"id": f"unreadable-{number}", "title": "unreadable", "manual": "unreadable", "expected": "unreadable"}


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
