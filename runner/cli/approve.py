"""``shisa approve``: sign a step of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, person, say
from runner.cli.lookup import add_run
from runner.cli.review import add_look

if TYPE_CHECKING:
    import argparse

HELP = "Sign a step of a run, after the screen was shown whole and two facts were read back."
EXAMPLE = "  shisa approve 261123-4f2a1c restore --as dev"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you sign for")
    add_look(parser)
    add_config(parser)
    add_person(parser)
    parser.set_defaults(request=None, out=None)


def run(arguments: argparse.Namespace) -> int:
    """Show the request, let the person read back, and sign."""
    from runner.cli.reviewing import find, look_at, read_back, reviewer, sign
    from runner.cli.sources import source_of
    from runner.engine.ports import wall_clock
    from runner.journal.presence import looking
    from runner.terminal.prompts import demand_terminal
    from runner.terminal.reviewing import show

    demand_terminal()
    source = source_of(arguments)
    who = person(arguments, source.config)
    case = find(source, arguments.step, wall_clock())
    by = reviewer(source, case, who, arguments.team)
    with looking(source.journal, case.standing.id, who.person):
        view = look_at(source, case, None if arguments.whole else who.person, arguments.runbook)
        seen = show(view)
        try:
            attested = read_back(source, view, seen, who.person)
        except EOFError:
            say("nothing was signed")
            return 0
        sign(source, case, by, "approve", attested=attested)
    say(f"{view.step} of {view.run}: approved by {who.person}, signed")
    return 0
