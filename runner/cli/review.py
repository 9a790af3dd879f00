"""``shisa review``: look at what waits for a second person, and decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say

if TYPE_CHECKING:
    import argparse

    from runner.cli.common import Desk
    from runner.terminal.prompts import Prompter

HELP = "Look at what waits for a second person, whole and measured, and decide."
EXAMPLE = "  shisa review                 what waits\n  shisa review 261123-4f2a1c   look at it and decide"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        help="a run (its id, a part of it, or `last`); without it, the inbox",
    )
    parser.add_argument("step", metavar="STEP", nargs="?", help="the step, where several wait")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you decide for")
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the inbox, or one request and the question what to do about it."""
    from runner.cli.reviewing import find, reviewers, sign
    from runner.engine.ports import wall_clock
    from runner.terminal.prompts import Prompter, demand_terminal
    from runner.terminal.reviewing import attest, show, view_of

    at = desk(arguments)
    if arguments.run is None:
        return _inbox(at)
    demand_terminal()
    who = person(arguments, at.config)
    case = find(at, arguments.run, arguments.step, wall_clock())
    view = view_of(case, at.config.config, wall_clock())
    seen = show(view)
    by = reviewers(at, case, who, arguments.team)
    prompter = Prompter()
    meanings = {"approve": "sign it", "reject": "refuse it, with a reason"}
    choices = {word: meaning for word, meaning in meanings.items() if word in by} | {"leave": "decide later"}
    try:
        decision = prompter.choose(f"{who.person}, what do you decide?", choices)
        if decision == "leave":
            return 0
        if decision == "reject":
            reason = _reason(prompter)
            sign(at, case, by["reject"], "reject", attested={}, reason=reason)
        else:
            attested = attest(view, prompter, seen)
            sign(at, case, by["approve"], "approve", attested=attested)
    except EOFError:
        say("nothing was decided")
        return 0
    say(f"{view.step} of {view.run}: {'approved' if decision == 'approve' else 'rejected'} by {who.person}, signed")
    return 0


def _reason(prompter: Prompter) -> str:
    while not (reason := prompter.text("Why is it rejected?")):
        pass
    return reason


def _inbox(at: Desk) -> int:
    from runner.cli.reviewing import waiting
    from runner.engine.ports import wall_clock

    standings = waiting(at, wall_clock())
    if not standings:
        say("nothing waits for a second person")
        return 0
    for one in standings:
        missing = ", ".join(f"{gap.n} of {gap.team}" for _, gap in one.missing)
        body = one.request.body
        say(
            f"{one.request.run}  {one.request.step}  asked by {body.operator} at {one.request.at[:16]}, "
            f"until {body.not_after[:16]} UTC; missing: {missing}"
        )
    say(f"  next: shisa review {standings[0].request.run}")
    return 0
