"""A runbook file to its typed form: strict YAML, then the schema, then the model.

Each layer speaks only when the one below it is content, and each names all of its problems at once.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import msgspec

from runner.config.plugins import plugins_in_use
from runner.document import Document, Problem
from runner.errors import RunbookError, UsageError
from runner.runbook.model import Runbook, step_of
from runner.schema import Schema, resource
from runner.strict_yaml import MAX_BYTES, parse


class InvalidRunbookError(RunbookError):
    """A runbook that cannot be used; ``problems`` holds everything that is wrong in it."""

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        first, more = problems[0], len(problems) - 1
        rest = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
        message = f"{path}:{first.line}:{first.column}: {first.message}{rest}"
        super().__init__(message, hint=first.hint or (f"shisa validate {path} lists them all." if more else None))
        self.problems = problems


class LoadedRunbook(msgspec.Struct, frozen=True, kw_only=True):
    """A runbook and the file it came from."""

    runbook: Runbook
    path: Path
    sha256: str
    text: str
    document: Document


def load(path: Path) -> LoadedRunbook:
    """Read one runbook file.

    Raises UsageError when it cannot be read, InvalidRunbookError when it is not a runbook.
    """
    return load_text(read_bytes(path), path)


def load_text(content: bytes | str, path: Path) -> LoadedRunbook:
    """Read a runbook from its text; ``path`` is where it came from, and where its includes start."""
    _, loaded, problems = examine(content, path)
    if loaded is None:
        raise InvalidRunbookError(str(path), tuple(problems))
    return loaded


def read_bytes(path: Path) -> bytes:
    """Read a file of bounded size; raises UsageError with the reason when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 4)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}", hint=f"A relative path starts from {Path.cwd()}."
        ) from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is not a file name: {error}") from error


def repository(path: Path) -> Path:
    """The folder within which files need no pin: the Git checkout, else the runbook's own folder."""
    folder = path.resolve().parent
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


def examine(content: bytes | str, path: Path) -> tuple[Document, LoadedRunbook | None, list[Problem]]:
    """Read a runbook and name everything that is wrong with its shape; it is None when anything is."""
    document = parse(content)
    if document.problems:
        return document, None, list(document.problems)
    problems = runbook_schema().problems(document) or _model_problems(document)
    problems += _duplicate_ids(document)
    if problems:
        return document, None, problems
    raw = content.encode() if isinstance(content, str) else content
    loaded = LoadedRunbook(
        runbook=msgspec.convert(document.data, Runbook),
        path=path,
        sha256=hashlib.sha256(raw).hexdigest(),
        text=document.text,
        document=document,
    )
    return document, loaded, []


def runbook_schema() -> Schema:
    """The runbook schema, with the parameters of every check that is there."""
    return _compiled("runbook.schema.json", tuple(plugin.id for plugin in plugins_in_use()))


def step_schema() -> Schema:
    """The schema of one step, for what rendering has made of it."""
    return _compiled("step", tuple(plugin.id for plugin in plugins_in_use()))


@functools.cache
def _compiled(name: str, plugins: tuple[str, ...]) -> Schema:
    schemas = {
        "step": {"$ref": "runbook.schema.json#/$defs/step"},
        "runbook.schema.json": resource("runbook.schema.json"),
        "checks.schema.json": _with_plugins() if plugins else resource("checks.schema.json"),
    }
    return Schema(name, schemas)


def _with_plugins() -> Any:
    """The committed schema knows the built-in checks only; with others it is made anew."""
    from checks import catalog, publish

    return publish.schema(catalog.all())


def _model_problems(document: Document) -> list[Problem]:
    """What the model refuses although the schema accepts it; none, as the tests hold."""
    try:
        runbook = msgspec.convert(document.data, Runbook)
        for step in runbook.steps:
            step_of(step)
    except msgspec.ValidationError as error:
        return [Problem("wrong-value", str(error))]
    return []


def _duplicate_ids(document: Document) -> list[Problem]:
    """Each step id once in a file, for_each included: paths in the journal are made of them."""
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        return []
    seen: dict[str, int] = {}
    problems = []
    todo: list[tuple[tuple[str | int, ...], Any]] = [(("steps", i), step) for i, step in enumerate(data["steps"])]
    while todo:
        path, step = todo.pop(0)
        if not isinstance(step, dict):
            continue
        name = step.get("id")
        if isinstance(name, str):
            line, column = document.position((*path, "id"))
            if name in seen:
                message = f"two steps are called {name!r}; the first is on line {seen[name]}"
                problems.append(Problem("duplicate-step", message, "Give this step an id of its own.", line, column))
            seen.setdefault(name, line)
        inner = step.get("for_each")
        if isinstance(inner, dict) and isinstance(inner.get("steps"), list):
            todo[:0] = [((*path, "for_each", "steps", i), each) for i, each in enumerate(inner["steps"])]
    return problems
