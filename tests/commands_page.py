"""docs/commands.md, from the declared arguments of every command; the wording of argparse differs by version."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from runner.cli.main import COMMANDS, module_of, parser_of

SCHEMAS = Path(__file__).parents[1] / "schemas" / "output"
HEAD = """\
# Commands

Results go to standard output, talk to standard error; `--format json` where there is a result. `RUN` is a run's id.
Written by `make gen` from the commands themselves; `shisa COMMAND --help` says the same.

| exit code | means |
|---|---|
| 0 | done, valid |
| 1 | findings: an invalid runbook, or a guard or facts that closed the gate; the run can be resumed |
| 2 | wrong call, missing file, bad configuration, no connection before a run opened |
| 3 | a step failed |
| 4 | rejected, expired or stale |
| 5 | stopped by the operator; the run can be resumed |
| 6 | waiting for a person |
| 7 | the outcome of a step is unknown |
| 8 | the journal cannot be written, or was tampered with |
| 9 | a rollback failed |
| 130 | interrupted outside a run |
"""


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *(line for name in COMMANDS for line in _command(name))]).rstrip() + "\n"


def _command(name: str) -> Iterator[str]:
    module = module_of(name)
    actions = _actions(parser_of(name, module))
    usage = " ".join(part for each in actions if (part := _usage(each)))
    options = " [OPTION …]" if any(each.option_strings for each in actions) else ""
    yield from (
        f"## shisa {name}",
        "",
        module.HELP,
        "",
        "```sh",
        f"shisa {name} {usage}".strip() + options,
        "```",
        "",
    )
    if actions:
        yield from ("| | |", "|---|---|", *map(_row, actions), "")
    for each in actions:
        if isinstance(each, argparse._SubParsersAction):
            for parser in each.choices.values():
                usage = " ".join(part for one in _actions(parser) if (part := _usage(one)))
                yield from (f"### {parser.prog} {usage}".rstrip(), "", str(parser.description), "")
                yield from ("| | |", "|---|---|", *map(_row, _actions(parser)), "")
    yield from ("```sh", *(line.strip() for line in module.EXAMPLE.splitlines()), "```", "")
    if (schema := SCHEMAS / f"{name}.schema.json").is_file():
        told = json.loads(schema.read_text("utf-8"))["description"]
        yield from (f"[Shape of its JSON](../schemas/output/{schema.name}): {told}", "")


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [each for each in parser._actions if each.dest != "help"]


def _usage(action: argparse.Action) -> str:
    """An argument that must be given, or has a place."""
    if action.option_strings:
        return f"{action.option_strings[-1]} {_value(action)}" if action.required else ""
    return {"*": f"[{_value(action)} …]", "+": f"{_value(action)} …", "?": f"[{_value(action)}]"}.get(
        str(action.nargs), _value(action)
    )


def _row(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_value(action)}"
    names = ", ".join(action.option_strings) + value
    choices = f" One of {', '.join(map(str, action.choices))}." if action.choices and action.metavar else ""
    told = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    return f"| `{_cell(names.strip())}` | {_cell(told + choices)} |"


def _value(action: argparse.Action) -> str:
    if action.metavar is not None:
        return str(action.metavar)
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
