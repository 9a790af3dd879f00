"""``shisa waive``: accept one finding of a guard for one step of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.common import Desk, add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.cli.note import worded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from runner.engine.fold.state import State
    from runner.review.identity import Identity
    from runner.review.keys import KeyRef

HELP = "Waive a finding that closed a gate, by name, within what was measured, for a time; signed."
EXAMPLE = (
    '  shisa waive 261123-4f2a1c restore replication-lag:replica-2 --reason "it is being rebuilt" --until 4h --as ops'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("finding", metavar="FINDING", help="CHECK:OBJECT, or CHECK where it has one finding")
    parser.add_argument("--reason", metavar="WHY", required=True)
    parser.add_argument("--until", metavar="TIME", required=True, help="4h, 02:00, or a time with its zone")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you sign for")
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the finding, let the person type its name, sign and journal the waiver."""
    from runner.engine.fold.state import fold
    from runner.engine.guard.waivable import closing_finding, waiver_of
    from runner.engine.people.windows import parse_until
    from runner.engine.ports import stamp, wall_clock
    from runner.figures import moment
    from runner.review.exceptions import give
    from runner.review.ledger import operator_keys
    from runner.terminal.prompts import Prompter, demand_terminal

    reason = worded(arguments.reason, "the reason")
    at = desk(arguments)
    demand_terminal()
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    until = stamp(parse_until(arguments.until, wall_clock()))
    item, finding = closing_finding(state, arguments.step, arguments.finding)
    team, key = _capacity(state, arguments.step, who, arguments.team, at)
    body = waiver_of(
        state, arguments.step, item, finding, reason=reason, until=until, as_team=team, policy_digest=at.config.digest
    )
    name = body.object or body.check
    _show(item)
    try:
        typed = Prompter().type_word(f"{who.person} waives {name} until {moment(until)}.", name)
    except EOFError:
        typed = False
    if not typed:
        say("nothing was waived")
        return 0
    give(
        at.journal,
        body,
        run=state.run,
        step=arguments.step,
        person=who.person,
        key=key,
        people=at.config.config.people,
        now=wall_clock(),
        excluded_keys=operator_keys(state.opened, state.operator),
    )
    say(f"{arguments.step} of {state.run}: {name} is waived by {who.person} as {team} until {moment(until)}, signed")
    say(f"  next: shisa resume {state.run}, where it does not wait for this")
    return 0


def _capacity(state: State, step: str, who: Identity, team: str | None, at: Desk) -> tuple[str, KeyRef]:
    """Tell as which team, and with which key, a person waives.

    Raises ApprovalError with the reason why they may not.
    """
    from runner.errors import ApprovalError
    from runner.review.waivers import teams_that_waive

    entered = state.step(step).entered
    config = at.config.config
    allowed = () if entered is None else teams_that_waive(entered.policies, config)
    if who.person == state.operator:
        raise ApprovalError(f"{who.person} is the operator, and nobody waives a finding of their own run")
    if not allowed:
        raise ApprovalError(f"the policies of {step} let nobody waive a finding", hint="`waive:` of a policy names who")
    mine = [name for name in allowed if name in config.people[who.person].teams and team in {None, name}]
    if not mine:
        raise ApprovalError(f"{who.person} may not waive it", hint=f"somebody of {', '.join(allowed)} may")
    if len(mine) > 1:
        raise ApprovalError(f"{who.person} could sign as {' or '.join(mine)}", hint="say which with --as TEAM")
    return mine[0], who.signing()


def _show(item: Mapping[str, Any]) -> None:
    from runner.engine.ports import stamp, wall_clock
    from runner.terminal.console import console
    from runner.terminal.evidence import evidence_blocks
    from runner.terminal.paint import show

    show(evidence_blocks((item,), stamp(wall_clock())), console("stderr"))
