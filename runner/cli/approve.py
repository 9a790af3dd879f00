"""``shisa approve``: sign a step of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say
from runner.cli.lookup import add_run

if TYPE_CHECKING:
    import argparse

HELP = "Sign a step of a run, after the screen was shown whole and two facts were read back."
EXAMPLE = "  shisa approve 261123-4f2a1c restore --as dev"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you sign for")
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the request, let the person read back, and sign."""
    from runner.cli.reviewing import find, reviewer, sign
    from runner.engine.ports import wall_clock
    from runner.terminal.prompts import Prompter, demand_terminal
    from runner.terminal.reviewing import attest, show, view_of

    at = desk(arguments)
    demand_terminal()
    who = person(arguments, at.config)
    case = find(at, arguments.run, arguments.step, wall_clock())
    by = reviewer(at, case, who, arguments.team)
    view = view_of(case, at.config.config, wall_clock())
    seen = show(view)
    try:
        attested = attest(view, Prompter(), seen)
    except EOFError:
        say("nothing was signed")
        return 0
    sign(at, case, by, "approve", attested=attested)
    say(f"{view.step} of {view.run}: approved by {who.person}, signed")
    return 0
