"""A JSON schema that says what is wrong in sentences, with the place in the file and the nearest spelling."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import schemas
from runner.document import Document, Problem

BASE = "shisa:/schemas/"
_OR_TEMPLATE = r"|\{\{"
_ARTICLES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was probably meant to be."""
    import difflib

    found = difflib.get_close_matches(word, sorted(known), 1, 0.6)
    return found[0] if found else None


def spelling(word: str, known: Iterable[str], *, what: str) -> str:
    """A hint: the nearest spelling, or the list of what is known."""
    known = sorted(known)
    near = nearest(word, known)
    return f"Did you mean {near!r}?" if near else f"{what}: {', '.join(known) or 'none'}."


@functools.cache
def resource(name: str) -> Any:
    """A schema of the package ``schemas`` by its file name."""
    return json.loads((Path(schemas.__file__).parent / name).read_bytes())


class Schema:
    """A compiled schema: the one called ``name`` among ``schemas``, which refer to each other by file name."""

    def __init__(self, name: str, schemas: Mapping[str, Any]) -> None:
        import jsonschema_rs

        self._by_uri = {BASE + key: value for key, value in schemas.items()}
        self._validator = jsonschema_rs.validator_for(
            self._by_uri[BASE + name],
            registry=jsonschema_rs.Registry(list(self._by_uri.items())),
            base_uri=BASE + name,
            validate_formats=True,
            offline=True,
        )

    def errors(self, data: Any) -> list[Any]:
        """What the validator finds, as it says it; none for valid data."""
        return [] if self._validator.is_valid(data) else list(self._validator.iter_errors(data))

    def problems(self, document: Document) -> list[Problem]:
        """Everything wrong in a document, one sentence each, in the order of the file."""
        errors = self.errors(document.data)
        meant = {(tuple(error.instance_path), key) for error in errors for key in self._meant(error)}
        found = [
            problem
            for error in errors
            if not any((tuple(error.instance_path), key) in meant for key in self._missing(error))
            for problem in self._worded(error, document)
        ]
        return sorted(set(found), key=lambda each: (each.line, each.column, each.message))

    def _meant(self, error: Any) -> Iterator[str]:
        """The keys that misspelled ones were probably meant to be: they are not missing besides."""
        if error.kind.name == "additionalProperties":
            for key in error.kind.unexpected:
                yield nearest(key, self.keys_around(error)) or ""

    def _missing(self, error: Any) -> list[str]:
        """The keys of which one would mend the error."""
        if error.kind.name == "required":
            return [error.kind.property]
        return self._choices(error) if error.kind.name == "oneOf" else []

    def _choices(self, error: Any) -> list[str]:
        return [each["required"][0] for each in self._around(error)["oneOf"] if "required" in each]

    def _worded(self, error: Any, document: Document) -> Iterator[Problem]:
        path = tuple(error.instance_path)
        kind, value = error.kind.name, error.instance
        if kind == "additionalProperties":
            for key in error.kind.unexpected:
                yield self._unknown_key(error, (*path, key), document)
            return
        position = document.position(path, of_key=kind == "falseSchema")
        if kind == "propertyNames":
            position = document.position((*path, error.kind.error.instance), of_key=True)
        message, hint = self._sentence(error, path, value)
        yield Problem(_rule(error), message, hint, *position)

    def _unknown_key(self, error: Any, path: tuple[str | int, ...], document: Document) -> Problem:
        key = str(path[-1])
        known = self._around(error).get("properties", {})
        position = document.position(path, of_key=True)
        if of_checks(error):
            message = f"the check has no parameter {key!r}"
            return Problem("check-parameter", message, spelling(key, known, what="Its parameters"), *position)
        message = f"the key {key!r} is unknown{_place(path[:-1])}"
        return Problem("unknown-key", message, spelling(key, known, what="Known keys"), *position)

    def keys_around(self, error: Any) -> set[str]:
        """The keys that are known where an unknown one stands."""
        return set(self._around(error).get("properties", {}))

    def _around(self, error: Any) -> dict[str, Any]:
        """The subschema that holds the failing keyword."""
        schema = self._by_uri[error.absolute_keyword_location.partition("#")[0]]
        for part in list(error.schema_path)[:-1]:
            schema = schema[part]
        return schema if isinstance(schema, dict) else {}

    def _sentence(self, error: Any, path: tuple[str | int, ...], value: Any) -> tuple[str, str | None]:
        detail, what = error.kind, _called(path)
        if of_checks(error) and detail.name == "enum":
            return f"there is no check {_shown(value)}", spelling(str(value), map(str, detail.options), what="Checks")
        hint = self._around(error).get("description")
        match detail.name:
            case "required":
                message, hint = f"the key {detail.property!r} is missing{_place(path)}", None
            case "type":
                types = " or ".join(_ARTICLES[each] for each in detail.types)
                message = f"{what} must be {types}, not {_shown(value)}"
            case "enum":
                message = f"{what} cannot be {_shown(value)}"
                hint = spelling(str(value), map(str, detail.options), what="Possible")
            case "const":
                message = f"{what} must be {json.dumps(detail.expected_value)}, not {_shown(value)}"
            case "pattern":
                message, hint = self._pattern(error, what, value)
            case "oneOf":
                message, hint = self._choice(error, path, value)
            case "falseSchema":
                message = f"{what} cannot stand here"
            case _:
                message = f"{what}: {error.message}"
        return message, hint

    def _pattern(self, error: Any, what: str, value: Any) -> tuple[str, str | None]:
        pattern = error.kind.pattern
        about = self._around(error).get("description")
        words = pattern.removesuffix(_OR_TEMPLATE).removeprefix("^(").removesuffix(")$")
        if words.replace("|", "").replace("-", "").isalpha():
            return f"{what} cannot be {_shown(value)}", spelling(str(value), words.split("|"), what="Possible")
        return f"{what} cannot be {_shown(value)}", about or f"It must match {pattern}"

    def _choice(self, error: Any, path: tuple[str | int, ...], value: Any) -> tuple[str, str | None]:
        """Word ``oneOf`` over required keys: there is none of them, or there is more than one."""
        keys = self._choices(error)
        present = [key for key in keys if isinstance(value, dict) and key in value]
        if len(present) > 1:
            return f"{' and '.join(present)} cannot stand together{_place(path)}", "Make two steps of it."
        others = [key for key in value if isinstance(key, str)] if isinstance(value, dict) else []
        near = next((f"Did you mean {word!r}?" for key in others if (word := nearest(key, keys))), None)
        return f"one of {', '.join(keys)} is missing{_place(path)}", near


def of_checks(error: Any) -> bool:
    """Tell whether an error is about a check's id or parameters."""
    return "checks.schema.json" in error.absolute_keyword_location


def _rule(error: Any) -> str:
    kind = error.kind.name
    if of_checks(error):
        return "unknown-check" if tuple(error.instance_path)[-1:] == ("check",) else "check-parameter"
    return {"required": "missing-key", "oneOf": "missing-key", "type": "wrong-type"}.get(kind, "wrong-value")


def _called(path: Sequence[str | int]) -> str:
    """The last key of a path, as in a sentence."""
    keys = [part for part in path if isinstance(part, str)]
    if not keys:
        return "the file"
    return f"an item of {keys[-1]!r}" if isinstance(path[-1], int) else repr(keys[-1])


def _place(path: Sequence[str | int]) -> str:
    keys = [part for part in path if isinstance(part, str)]
    return f" in {keys[-1]!r}" if keys else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - a message is one line
