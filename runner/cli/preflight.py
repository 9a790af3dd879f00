"""``shisa preflight``: everything that would stop a run, looked at before it opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, add_person, person, print_json, say
from runner.cli.plan import add_params, errors_of, planned, target_map
from runner.cli.run import add_window, window_of
from runner.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Loaded
    from runner.engine.preflight.item import Item
    from runner.engine.preflight.preflight import Preflight
    from runner.journal.sentences import Tone
    from runner.review.identity import Identity
    from runner.runbook.plan import Plan

HELP = (
    "Look at everything that would stop a run, before it opens: targets, who holds them, privileges, versions, tools, "
    "guards, policies, the journal. Online, nothing is changed; exit 1 for findings, 2 where a target is not reached."
)
EXAMPLE = "  shisa preflight runbooks/clone-environment.yaml -p backup=env_a.dump --target live=staging"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runbook", metavar="RUNBOOK", type=Path)
    add_params(parser)
    add_window(parser)
    add_config(parser)
    add_person(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Look, and print what was found."""
    import dataclasses

    from runner.config.load import load
    from runner.config.plugins import use_plugins
    from runner.engine.ports import wall_clock
    from runner.engine.preflight.preflight import preflight

    config = load(config=arguments.config, runbook=arguments.runbook)
    use_plugins(config.config)
    plan = planned(arguments)
    targets = target_map(arguments, plan)
    who = _operator(arguments, config)
    found = preflight(
        plan,
        config,
        targets,
        operator=None if who is None else who.person,
        signed=who is not None and who.key is not None,
        clock=wall_clock,
        window=window_of(arguments),
    )
    found = dataclasses.replace(found, items=(*_runbook_items(plan, config), *found.items))
    if arguments.format == "json":
        print_json({"runbook": plan.runbook.runbook.id, "title": plan.runbook.runbook.title, **found.as_json()})
    else:
        _show(found)
    return found.exit_code


def _operator(arguments: argparse.Namespace, config: Loaded) -> Identity | None:
    try:
        return person(arguments, config)
    except ConfigError as error:
        say(f"shisa: {error.message}")
        return None


def _runbook_items(plan: Plan, config: Loaded) -> tuple[Item, ...]:
    from checks.base import Verdict
    from runner.engine.preflight.item import Item

    return tuple(
        Item("runbook", f"{each['file']}:{each['line']}", Verdict.BLOCK, f"{each['message']} [{each['rule']}]")
        for each in errors_of(plan, config.config)
    )


def _show(found: Preflight) -> None:
    from runner.engine.ports import stamp, wall_clock
    from runner.terminal.blocks import Block, Grid, Heading, Line, cell, verdict_cell
    from runner.terminal.console import console
    from runner.terminal.evidence import evidence_blocks
    from runner.terminal.paint import show

    rows = tuple(
        (
            verdict_cell(str(each.verdict)),
            cell(each.area, *([each.subject] if each.subject else [])),
            cell(each.message, *([f"hint: {each.hint}"] if each.hint else [])),
        )
        for each in found.items
    )
    blocks: list[Block] = [Grid(("verdict", "looked at", "what it says"), rows)] if rows else []
    steps = dict.fromkeys(each.step for each in found.guards)
    for step in steps:
        blocks.append(Heading(f"guards before {step}, as they answer now"))
        answers = tuple(each.evidence.as_json() for each in found.guards if each.step == step)
        blocks += evidence_blocks(answers, stamp(wall_clock()))
    words: dict[int, tuple[str, str, Tone]] = {
        0: ("READY", "nothing objects now", "good"),
        1: ("NOT READY", "a run would be stopped by what is marked", "bad"),
        2: ("NO CONNECTION", f"not reached: {', '.join(found.unreached)}", "bad"),
    }
    word, text, tone = words[found.exit_code]
    blocks.append(Line(word, text, tone))
    show(blocks, console("stdout"))
