"""``shisa show``: one run, and its timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, desk, print_json
from runner.cli.lookup import add_run, one_run

if TYPE_CHECKING:
    import argparse

    from runner.cli.haunting import Haunting
    from runner.report.summary import RunSummary
    from runner.terminal.blocks import Block, Cell

HELP = "Show a run: its state and why, what must not be missed, the timeline, and what to do next."
EXAMPLE = "  shisa show last"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    add_config(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print the run."""
    from runner.cli.haunting import hauntings
    from runner.report.summary import summary
    from runner.review.rules_then import rules_then

    at = desk(arguments, readonly=True)
    found = summary(one_run(at.journal, arguments.run), at.config.config, rules_then(at.config))
    haunting = hauntings(at.config.config, [found.state])[found.state.run]
    if arguments.format == "json":
        from runner.report.as_json import show_json

        print_json(show_json(found) | haunting.as_json())
        return 0
    from runner.terminal.console import console
    from runner.terminal.paint import show

    show(blocks(found, haunting), console("stdout"))
    return 0


def blocks(run: RunSummary, haunting: Haunting) -> Iterator[Block]:
    """Build the screen of one run, with what still runs of it."""
    from runner.report.flags import UNKNOWN, flags, next_steps
    from runner.terminal.blocks import Facts, Heading, Line
    from runner.terminal.event_lines import render_event

    yield Heading(f"{run.state.run}: {run.state.opened.title}")
    yield Facts(tuple(_facts(run, haunting)))
    for flag in flags(run):
        if not (haunting.at_work and flag.word == UNKNOWN):
            yield Line(flag.word, flag.text, flag.tone)
    for line in haunting.told():
        yield Line("", line, "warn")
    yield Heading("Timeline (UTC)")
    for record, _ in run.timeline:
        yield from render_event(record)
    yield Heading("Next")
    going = f"Its program is at work; where its operator cannot go on: shisa takeover {run.state.run}"
    for line in (going,) if haunting.at_work else next_steps(run):
        yield Line("", line)


def _facts(run: RunSummary, haunting: Haunting) -> Iterator[tuple[str, Cell]]:
    from runner.figures import moment
    from runner.terminal.blocks import cell

    opened, word = run.state.opened, haunting.word(run.state.name)
    yield "state", cell(f"{word}{f': {run.reason}' if run.reason else ''}", tone="strong")
    yield "runbook", cell(f"{opened.runbook}, with shisa {opened.version} on {opened.host}")
    yield "operator", cell(run.state.operator)
    yield "opened", cell(moment(run.state.started_at))
    if run.state.ended_at:
        yield "ended", cell(moment(run.state.ended_at))
    for step in run.steps:
        if "[" in step.id and step.state == "done":
            continue  # the line of its loop counts it, and the timeline has it
        told = f"{step.state}{f': {step.message}' if step.message else ''}"
        said = f"approved by {', '.join(each.text for each in step.approved_by)}" if step.approved_by else ""
        alarm = any(each.tone == "bad" for each in step.approved_by)
        under_way = haunting.at_work and step.happened == "unknown"
        lines = ("under way" if under_way else f"{step.happened} ({told})", *([said] if said else []))
        yield f"step {step.id}", cell(*lines, tone="bad" if alarm else "plain")
