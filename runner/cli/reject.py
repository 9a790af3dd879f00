"""``shisa reject``: refuse a step of a run, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, person, say
from runner.cli.lookup import add_run

if TYPE_CHECKING:
    import argparse

HELP = "Refuse a step of a run, with a reason; one rejection is enough to stop it."
EXAMPLE = '  shisa reject 261123-4f2a1c restore --reason "the backup is of yesterday" --as dev'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("--reason", required=True, help="what the operator should know")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you decide for")
    add_config(parser)
    add_person(parser)
    parser.set_defaults(request=None, out=None)


def run(arguments: argparse.Namespace) -> int:
    """Sign the rejection and journal it."""
    from runner.cli.reviewing import find, reviewer, sign
    from runner.cli.sources import source_of
    from runner.engine.ports import wall_clock

    source = source_of(arguments)
    who = person(arguments, source.config)
    case = find(source, arguments.step, wall_clock(), decision="reject")
    by = reviewer(source, case, who, arguments.team, "reject")
    sign(source, case, by, "reject", attested={}, reason=arguments.reason)
    say(f"{arguments.step} of {case.state.run}: rejected by {who.person}, signed")
    return 0
