"""``shisa post-review``: look afterwards at a run that broke the glass, and sign that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import Desk, add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.cli.note import worded
from runner.errors import ApprovalError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runner.journal.record import Record
    from runner.review.identity import Identity
    from runner.review.keys import KeyRef

HELP = "Look at a run that broke the glass, whole, and sign what you think of it; the run stays open until then."
EXAMPLE = '  shisa post-review 261123-4f2a1c --note "right at that hour; two people are on call from now on" --as dev'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("--note", metavar="TEXT", required=True, help="what you think of it")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you sign for")
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the run, let the person type its id, sign and journal the look."""
    from runner.cli.show import blocks
    from runner.engine.ports import wall_clock
    from runner.journal.events import BreakglassReviewed
    from runner.report.summary import summary
    from runner.review.exceptions import give
    from runner.review.ledger import operator_keys
    from runner.terminal.console import console
    from runner.terminal.paint import show
    from runner.terminal.prompts import Prompter, demand_terminal

    note = worded(arguments.note, "the note")
    at = desk(arguments)
    demand_terminal()
    who = person(arguments, at.config)
    records = one_run(at.journal, arguments.run)
    found = summary(records)
    state = found.state
    if found.post_review != "open":
        raise UsageError(
            f"run {state.run} has no broken glass that nobody has looked at", hint="`shisa runs` marks those that have"
        )
    team, key = _capacity(records, state.operator, who, arguments.team, at)
    show(blocks(found), console("stderr"))
    try:
        typed = Prompter().type_word(f"{who.person} has looked at it: {note}", state.run)
    except EOFError:
        typed = False
    if not typed:
        say("nothing was signed")
        return 0
    give(
        at.journal,
        BreakglassReviewed(note=note, as_team=team, policy_digest=at.config.digest, statement="", signature=""),
        run=state.run,
        step=None,
        person=who.person,
        key=key,
        people=at.config.config.people,
        now=wall_clock(),
        excluded_keys=operator_keys(state.opened, state.operator),
    )
    say(f"{state.run}: the broken glass was looked at by {who.person} as {team}, signed")
    return 0


def _capacity(
    records: Sequence[Record], operator: str, who: Identity, team: str | None, at: Desk
) -> tuple[str, KeyRef]:
    """Tell as which team, and with which key, a person looks; raises ApprovalError with the reason why they may not."""
    from runner.journal.events import ApprovalRequested, BreakglassOpened
    from runner.review.ledger import teams_asked

    broken = {line.body.request: line.person for line in records if isinstance(line.body, BreakglassOpened)}
    asked = (line.body for line in records if isinstance(line.body, ApprovalRequested))
    policies = [name for body in asked if body.request in broken for name in body.policies]
    if who.person in {operator, *broken.values()}:
        raise ApprovalError(f"{who.person} took part in the run", hint="a second person must look at it")
    teams = teams_asked(at.config.config, policies)
    mine = [name for name in teams if name in at.config.config.people[who.person].teams and team in {None, name}]
    if not mine:
        raise ApprovalError(
            f"{who.person} is in no team that was done without", hint=f"somebody of {', '.join(teams)} must look"
        )
    return mine[0], who.signing()
