"""What others read of the declarations: the JSON schema of every check's use, and its page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from checks.describe import CheckSpec, ParamSpec

_ABOUT = "How a runbook uses each check; written by the program from the declarations, never by hand."


def schema(specs: Iterable[CheckSpec]) -> dict[str, Any]:
    """Describe everything that has the keys ``check`` and ``with``: one ``if``/``then`` a check.

    (With ``oneOf`` a wrong parameter of one check was reported as a wrong name of another.)
    """
    known = sorted(specs, key=lambda spec: spec.id)
    use = {
        "properties": {"check": {"enum": [spec.id for spec in known]}},
        "allOf": [_when(spec) for spec in known],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Checks of shisa",
        "description": _ABOUT,
        "$defs": {"use": use},
    }


def page(spec: CheckSpec) -> str:
    """Write the page of one check, in Markdown; ``shisa explain`` shows the same."""
    parts = [
        f"# {spec.id}",
        spec.title,
        f"PostgreSQL {spec.since} and newer · {spec.group} · looks at {spec.looks_at}{_waivable(spec)}{_steady(spec)}",
    ]
    for title, text in spec.sections.items():
        parts += [f"## {title}", text]
    parts += ["## Parameters", _parameters(spec), "## Example", _example(spec)]
    if spec.cls.query:
        parts += ["## Query", f"```sql\n{spec.cls.query.strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def index(specs: Iterable[CheckSpec]) -> str:
    """Write the catalogue's page, by group."""
    lines = ["# Checks", "", "Written by `make gen` from the declarations in `checks/`."]
    group = ""
    for spec in specs:
        if spec.group != group:
            group = spec.group
            lines += ["", f"## {group[:1].upper()}{group[1:]}", ""]
        lines.append(f"- [{spec.id}]({spec.id}.md): {spec.title}")
    return "\n".join(lines) + "\n"


def _when(spec: CheckSpec) -> dict[str, Any]:
    given = spec.schema()
    then: dict[str, Any] = {"properties": {"with": given}}
    if "required" in given:
        then["required"] = ["with"]
    return {"if": {"properties": {"check": {"const": spec.id}}, "required": ["check"]}, "then": then}


def _steady(spec: CheckSpec) -> str:
    return " · `recheck: cheap` can prove that it holds" if spec.cls.steady else ""


def _parameters(spec: CheckSpec) -> str:
    if not spec.params:
        return "None."
    rows = [f"| `{param.name}` | {param.kind.name} | {_default(param)} | {_told(param)} |" for param in spec.params]
    return "\n".join(["| name | type | default | |", "|---|---|---|---|", *rows])


def _default(param: ParamSpec) -> str:
    if param.from_step:
        return "the step's"
    if param.required:
        return "must be given"
    if param.default in (None, ()):
        return "none"
    return f"`{param.kind.write(param.default)}`" + (f" {param.unit}" if param.unit else "")


def _told(param: ParamSpec) -> str:
    extra = [f"At least {param.minimum}."] if param.minimum is not None else []
    extra += [f"One of {', '.join(param.choices)}."] if param.choices else []
    return " ".join([param.description, *extra])


def _example(spec: CheckSpec) -> str:
    needed = [param for param in spec.params if param.required and not param.from_step]
    alone = [param for param in spec.params if param.required] or [param for param in spec.params if param.from_step][
        :1
    ]
    options = "".join(f" --with {param.name}=…" for param in alone)
    within = "".join(f"{', ' if at else ''}{param.name}: …" for at, param in enumerate(needed))
    guard = f"- {{check: {spec.id}{f', with: {{{within}}}' if needed else ''}}}"
    return f"```sh\nshisa check {spec.id} --target live{options}\n```\n\n```yaml\nguards:\n  before:\n    {guard}\n```"


def _waivable(spec: CheckSpec) -> str:
    return "" if spec.cls.waivable else " · cannot be waived"
