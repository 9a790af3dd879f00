"""``shisa post-review``: look afterwards at a run that broke the glass, and sign that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, say
from runner.cli.lookup import add_run
from runner.cli.note import worded
from runner.cli.sources import add_exchange, of_a_stranger
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Look at a run that broke the glass, whole, and sign what you think of it; the run stays open until then."
EXAMPLE = '  shisa post-review 261123-4f2a1c --note "right at that hour; two people are on call from now on" --as dev'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser, optional=True)
    parser.add_argument("--note", metavar="TEXT", required=True, help="what you think of it")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you sign for")
    add_exchange(parser)
    add_config(parser)
    add_person(parser)


@of_a_stranger
def run(arguments: argparse.Namespace) -> int:
    """Show the run, let the person type its id, sign the look and hand it in."""
    from runner.cli.excepting import sign, sit_down
    from runner.cli.haunting import Haunting
    from runner.cli.show import blocks
    from runner.journal.events import BreakglassReviewed
    from runner.report.summary import summary
    from runner.review.afterwards import glass_of
    from runner.review.rules_then import rules_then
    from runner.terminal.console import console
    from runner.terminal.paint import show

    note = worded(arguments.note, "the note")
    at = sit_down(arguments)
    found, who = summary(at.records, at.config, rules_then(at.source.config)), at.who.person
    if found.post_review != "open":
        raise UsageError(
            f"run {at.state.run} has no broken glass that nobody has looked at",
            hint="`shisa runs` marks those that have",
        )
    team = glass_of(at.records, at.config).team(who, arguments.team, at.config)
    show(blocks(found, Haunting()), console("stderr"))
    body = BreakglassReviewed(
        note=note, as_team=team, policy_digest=at.source.config.digest, statement="", signature=""
    )
    left = sign(at, body, None, question=f"{who} has looked at it: {note}", word=at.state.run)
    if left is None:
        say("nothing was signed")
        return 0
    say(f"{at.state.run}: the broken glass was looked at by {who} as {team}, signed{left}")
    return 0
