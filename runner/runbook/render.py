"""A step's plain data with every template and psql variable replaced by its value.

Rendering is total and repeatable: the same data and values give the same result, and rendering a rendered step
changes nothing. A secret stays what it was written as (``:'name'``) in SQL, and becomes its placeholder in
``env`` and ``stdin``; its value is put in at the send.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from runner.document import Path
from runner.errors import RunbookError
from runner.runbook.load import step_schema
from runner.runbook.model import Body
from runner.runbook.places import is_sql, kept, takes_secrets
from runner.runbook.template import holds, is_template, render_text
from runner.runbook.values import Secret, Values, later, placeholder
from runner.sql.errors import SqlError
from runner.sql.grammar import parse
from runner.sql.variables import RenderedSql, SecretSlot, placeholders
from runner.sql.variables import render as render_sql

__all__ = ["holds", "preview", "render_data", "render_step", "statements_of"]


_ANY = {"from": "what the step kept"}
"""For ``restore: undo``, which only a rollback may hold: the file was refused where a step of its own holds it."""


def render_step(data: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Render the plain data of a planned step, which is valid, and make sure that it still is once values are in it.

    Raises RunbookError for a name without a value, or a value that does not fit where it came to stand.
    """
    rendered: dict[str, Any] = render_data(data, values)
    if rendered == data:
        return rendered
    errors = step_schema().errors({**rendered, "restore": _ANY} if rendered.get("restore") == "undo" else rendered)
    if errors:
        where = ".".join(str(part) for part in errors[0].instance_path)
        message = f"step {data.get('id')}: {where or 'it'} does not fit once its values are in: {errors[0].message}"
        raise RunbookError(message, hint="Look at the parameters and captured values that stand there.")
    return rendered


def render_data(data: Any, values: Values) -> Any:
    """Render plain data, such as a step or the ``with`` of an include; raises RunbookError."""
    secrets = frozenset(name for name, value in values.items() if isinstance(value, Secret))

    def text(scalar: str, path: Path) -> Any:
        if is_sql(path):
            return _sql(scalar, values, secrets)
        return render_text(scalar, values, secrets=takes_secrets(path))

    return _walk(data, (), text)


def preview(data: Any, values: Values) -> Any:
    """Render what can be rendered now; what is not known yet shows its name (``values.later``)."""
    shown = _Shown(values)
    return _walk(data, (), lambda scalar, path: shown.sql(scalar) if is_sql(path) else shown.text(scalar, path))


def statements_of(body: Body, values: Values, secrets: AbstractSet[str] = frozenset()) -> tuple[RenderedSql, ...]:
    """The statements of a body's ``sql``, one by one; none for another kind.

    Secrets stay in slots: ``RenderedSql.with_secrets`` gives the text to send. Raises SqlError with the place.
    """
    if body.sql is None:
        return ()
    known = secrets | {name for name, value in values.items() if isinstance(value, Secret)}
    whole = render_sql(body.sql, _sql_values(values), secrets=known)
    return tuple(_part(whole, offset, text) for offset, text in _split(whole.analysable))


@functools.lru_cache(maxsize=1024)
def _split(sql: str) -> tuple[tuple[int, str], ...]:
    """Tell where each statement starts and what it is, once: a step is taken apart before its run opens, and in it."""
    return tuple((each.offset, each.text) for each in parse(sql))


def _part(whole: RenderedSql, offset: int, statement: str) -> RenderedSql:
    """Cut one statement out of a rendered text, with the secrets that stand in it."""
    end = offset + len(statement)
    slots = tuple(
        dataclasses.replace(slot, start=slot.start - offset, end=slot.end - offset)
        for slot in whole.slots
        if offset <= slot.start < end
    )
    return RenderedSql(whole.text[offset:end], slots)


def _sql(sql: str, values: Values, secrets: AbstractSet[str]) -> str:
    try:
        rendered = render_sql(sql, _sql_values(values), secrets=secrets)
    except SqlError as error:
        raise RunbookError(f"{error.message} (in SQL, line {error.line})", hint=error.hint) from error
    parts, at = [], 0
    for slot in rendered.slots:
        parts += [rendered.text[at : slot.start], _as_written(slot)]
        at = slot.end
    return "".join([*parts, rendered.text[at:]])


def _as_written(slot: SecretSlot) -> str:
    return f":scram'{slot.name}'" if slot.style == "scram" else f":'{slot.name}'"


def _sql_values(values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not isinstance(value, Secret)}


def _walk(value: Any, path: Path, text: Callable[[str, Path], Any]) -> Any:
    if isinstance(value, str):
        return text(value, path)
    if isinstance(value, dict):
        return {key: item if kept(key, path) else _walk(item, (*path, key), text) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, (*path, i), text) for i, item in enumerate(value)]
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class _Shown:
    """Values for the eyes: what is not known yet shows its name."""

    values: Values

    def text(self, scalar: str, path: Path) -> Any:
        if not is_template(scalar):
            return scalar
        try:
            return render_text(scalar, self.values, secrets=takes_secrets(path))
        except RunbookError:
            return render_text(scalar, _Later(self.values), secrets=True)

    def sql(self, sql: str) -> str:
        known = _sql_values(self.values)
        parts, at = [], 0
        for each in placeholders(sql):
            source = sql[each.start : each.end]
            unknown = placeholder if each.name in self.values else later
            one = render_sql(source, known).text if each.name in known else unknown(each.name)
            parts += [sql[at : each.start], one]
            at = each.end
        return "".join([*parts, sql[at:]])


class _Later(dict[str, Any]):
    """Values in which every other name is one that a later step captures."""

    def __contains__(self, _name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return later(name)
