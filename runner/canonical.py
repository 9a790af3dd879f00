"""Canonical JSON: one value, one spelling, so that a digest or a signature is over exactly what was meant.

A subset of RFC 8785: integers, strings, booleans, null, lists, and objects with sorted ASCII keys. Floats have
no one spelling and are refused; strings keep the code points they came with (no Unicode normalisation).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


class NotCanonicalError(ValueError):
    """A value has no canonical spelling, or bytes are not the canonical spelling of what they say."""


def canonical(value: Any) -> bytes:
    """Spell a value as canonical JSON in UTF-8.

    Raises NotCanonicalError for floats, keys that are not ASCII strings, lone surrogates, and foreign types.
    """
    try:
        if (found := _foreign(value)) is not None:
            raise NotCanonicalError(f"${found}")
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        message = "a string holds half of a surrogate pair, which is not Unicode text"
        raise NotCanonicalError(message) from error
    except RecursionError as error:
        raise NotCanonicalError(_TOO_DEEP) from error


def parse_canonical(data: bytes) -> Any:
    """Read canonical JSON and prove that it is canonical.

    Raises NotCanonicalError for anything that ``canonical`` would have spelled otherwise, duplicate keys included.
    """
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except RecursionError as error:
        raise NotCanonicalError(_TOO_DEEP) from error
    except ValueError as error:
        message = f"not canonical JSON: {error}"
        raise NotCanonicalError(message) from error
    if canonical(value) != data:
        message = "not canonical JSON: the same value has another spelling (key order, spaces or escapes)"
        raise NotCanonicalError(message)
    return value


def digest(value: Any) -> str:
    """Tell the SHA-256 of a value's canonical spelling, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def without_floats(value: Any) -> Any:
    """Spell decimal numbers as text, in a value of mappings, lists and scalars."""
    match value:
        case float():
            return repr(value)
        case Mapping():
            return {str(key): without_floats(item) for key, item in value.items()}
        case list() | tuple():
            return [without_floats(item) for item in value]
        case _:
            return value


_SPELLED = frozenset({str, int, bool, type(None)})
_TOO_DEEP = "nested too deeply for canonical JSON"


def _foreign(value: Any) -> str | None:
    """Say where in a value the first thing stands that has no spelling, and why; None where all of it has one."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                return f": the key {key!r} is not ASCII text"
            if type(item) not in _SPELLED and (found := _foreign(item)) is not None:
                return f".{key}{found}"
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if type(item) not in _SPELLED and (found := _foreign(item)) is not None:
                return f"[{index}]{found}"
    elif value is not None and not isinstance(value, (str, int)):
        return f": {type(value).__name__} has no one spelling; write it as a string or an integer"
    return None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice in one object"
        raise ValueError(message)
    return found


def _refuse_number(text: str) -> None:
    message = f"the number {text} is not an integer"
    raise ValueError(message)


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_float=_refuse_number, parse_constant=_refuse_number)
