"""``shisa runs``: the list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.common import add_config, add_format, desk, print_json, put_table, say

if TYPE_CHECKING:
    import argparse

    from runner.engine.fold.state import State

HELP = "List the runs, newest first."
EXAMPLE = "  shisa runs --state waiting"
STATES = (
    *("running", "waiting", "blocked", "stopped", "completed", "failed", "rejected", "aborted", "unknown"),
    *("rolling-back", "rolled-back", "rollback-failed"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--target", metavar="T", help="only runs on this target, by the runbook's or shisa.yaml's name")
    parser.add_argument("--state", choices=STATES, help="only runs in this state")
    add_config(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    from runner.cli.lookup import all_runs
    from runner.engine.fold.state import fold
    from runner.review.afterwards import post_review
    from runner.review.rules_then import rules_then

    at = desk(arguments, readonly=True)
    then = rules_then(at.config)
    runs = ((fold(lines), post_review(lines, at.config.config, then)) for lines in all_runs(at.journal))
    found = [
        (state, None if glass is None else glass.state)
        for state, glass in runs
        if arguments.state in {None, state.name} and (arguments.target is None or arguments.target in _names(state))
    ]
    if arguments.format == "json":
        print_json([_as_json(state, glass) for state, glass in found])
        return 0
    put_table(_row(state, glass) for state, glass in found)
    broken = [glass for _, glass in found if glass is not None]
    if broken:
        say(f"{len(broken)} of {len(found)} runs broke the glass; {broken.count('open')} nobody has looked at since")
    if not found:
        say("there is no such run" if arguments.state or arguments.target else "there is no run yet")
    return 0


def _as_json(state: State, glass: str | None) -> dict[str, Any]:
    from runner.report.as_json import targets_json

    return {
        "run": state.run,
        "runbook": state.opened.runbook,
        "title": state.opened.title,
        "state": state.name,
        "targets": targets_json(state.opened),
        "operator": state.operator,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
    } | ({} if glass is None else {"post_review": glass})


def _row(state: State, glass: str | None) -> tuple[str, ...]:
    from runner.figures import moment

    targets = ", ".join(each.configured for each in state.opened.targets) or "no target"
    word = state.name.upper() if glass is None else f"{state.name.upper()}, BREAK-GLASS: post-review {glass}"
    return state.run, word, state.opened.runbook, targets, state.operator, moment(state.started_at)


def _names(state: State) -> set[str]:
    return {name for each in state.opened.targets for name in (each.name, each.configured)}
