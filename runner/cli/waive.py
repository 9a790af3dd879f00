"""``shisa waive``: accept one finding of a guard for one step of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.common import add_config, add_person, say
from runner.cli.lookup import add_run
from runner.cli.note import worded
from runner.cli.sources import add_exchange, of_a_stranger
from runner.errors import ApprovalError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from runner.cli.excepting import Sitting

HELP = "Waive a finding that closed a gate, by name, within what was measured, for a time; signed."
EXAMPLE = (
    '  shisa waive 261123-4f2a1c restore replication-lag:replica-2 --reason "it is being rebuilt" --until 4h --as ops\n'
    '  shisa waive --request request.txt --out decision.txt replication-lag:replica-2 --reason "…" --until 4h'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser, optional=True)
    parser.add_argument("step", metavar="STEP", nargs="?")
    parser.add_argument(
        "finding",
        metavar="FINDING",
        nargs="?",
        help="CHECK:OBJECT, or CHECK where it has one finding; alone after --request",
    )
    parser.add_argument("--reason", metavar="WHY", required=True)
    parser.add_argument("--until", metavar="TIME", required=True, help="4h, 02:00, or a time with its zone")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you sign for")
    add_exchange(parser)
    add_config(parser)
    add_person(parser)


@of_a_stranger
def run(arguments: argparse.Namespace) -> int:
    """Show the finding, let the person type its name, sign the waiver and hand it in."""
    from runner.cli.excepting import sign, sit_down
    from runner.engine.guard.waivable import closing_finding, waiver_of
    from runner.engine.people.windows import parse_until
    from runner.engine.ports import stamp, wall_clock
    from runner.figures import moment

    reason = worded(arguments.reason, "the reason")
    if arguments.request is not None and arguments.step is None:  # the text says of which run and step it is
        arguments.run, arguments.finding = None, arguments.run
    at = sit_down(arguments)
    step = at.source.step or arguments.step
    if step is None or arguments.finding is None:
        raise UsageError("what shall be waived?", hint="`shisa waive RUN STEP FINDING`; the blocked run names it")
    until = stamp(parse_until(arguments.until, wall_clock()))
    item, finding = closing_finding(at.state, step, arguments.finding)
    team = _capacity(at, step, arguments.team)
    body = waiver_of(
        at.state, step, item, finding, reason=reason, until=until, as_team=team, policy_digest=at.source.config.digest
    )
    name, who = body.object or body.check, at.who.person
    _show(item)
    left = sign(at, body, step, question=f"{who} waives {name} until {moment(until)}.", word=name)
    if left is None:
        say("nothing was waived")
        return 0
    say(f"{step} of {at.state.run}: {name} is waived by {who} as {team} until {moment(until)}, signed{left}")
    if at.source.journal is not None:
        say(f"  next: shisa resume {at.state.run}, where it does not wait for this")
    return 0


def _capacity(at: Sitting, step: str, team: str | None) -> str:
    """Tell as which team a person waives; raises ApprovalError with the reason why they may not."""
    from runner.review.waivers import teams_that_waive

    entered, who = at.state.step(step).entered, at.who.person
    allowed = () if entered is None else teams_that_waive(entered.policies, at.config)
    if who == at.state.operator:
        raise ApprovalError(f"{who} is the operator, and nobody waives a finding of their own run")
    if not allowed:
        raise ApprovalError(f"the policies of {step} let nobody waive a finding", hint="`waive:` of a policy names who")
    mine = [name for name in allowed if name in at.config.people[who].teams and team in {None, name}]
    if not mine:
        raise ApprovalError(f"{who} may not waive it", hint=f"somebody of {', '.join(allowed)} may")
    if len(mine) > 1:
        raise ApprovalError(f"{who} could sign as {' or '.join(mine)}", hint="say which with --as TEAM")
    return mine[0]


def _show(item: Mapping[str, Any]) -> None:
    from runner.engine.ports import stamp, wall_clock
    from runner.terminal.console import console
    from runner.terminal.evidence import evidence_blocks
    from runner.terminal.paint import show

    show(evidence_blocks((item,), stamp(wall_clock())), console("stderr"))
