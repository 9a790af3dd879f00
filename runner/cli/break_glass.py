"""``shisa break-glass``: go on without the second person, in the open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, say
from runner.cli.lookup import add_run
from runner.cli.note import worded
from runner.errors import ApprovalError, UsageError

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from runner.cli.excepting import Sitting
    from runner.journal.events import BreakglassOpened
    from runner.review.requests import Standing

HELP = "Let one step of one run start without its signatures: only people whom its policies name, told to everybody."
EXAMPLE = '  shisa break-glass 261123-4f2a1c restore --reason "all customers are down, dev is asleep" --ticket OPS-4711'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    parser.add_argument("--reason", metavar="WHY", required=True)
    parser.add_argument("--ticket", metavar="ID", required=True, help="where it is followed up")
    parser.add_argument("--for", dest="length", metavar="TIME", default="1h", help="at most 1h (default: %(default)s)")
    add_config(parser)
    add_person(parser)
    parser.set_defaults(request=None, out=None)


def run(arguments: argparse.Namespace) -> int:
    """Let the person type the target's name, sign and journal it, and tell everybody who was done without."""
    from runner.cli.excepting import sign, sit_down
    from runner.engine.ports import stamp, wall_clock
    from runner.figures import moment
    from runner.journal.events import BreakglassOpened
    from runner.journal.sentences import sentence
    from runner.notify.deliver import deliver
    from runner.review.breakglass import skipped

    reason, ticket = worded(arguments.reason, "the reason"), worded(arguments.ticket, "the ticket")
    now = wall_clock()
    until = _until(arguments.length, now)
    at = sit_down(arguments)
    standing, who = _standing(at, arguments.step, now), at.who.person
    _refuse_others(at, standing)
    body = BreakglassOpened(
        reason=reason,
        ticket=ticket,
        until=stamp(until),
        skipped=skipped(standing.request, (vote.person for vote in standing.votes), who, at.config),
        request=standing.id,
        policy_digest=at.source.config.digest,
    )
    question, word = _shown(at, standing, body)
    if sign(at, body, standing.request.step, question=question, word=word) is None:
        say("the glass is whole; nothing was journaled")
        return 0
    request, journal = standing.request, at.source.journal
    say(f"{request.step} of {request.run}: the glass is broken by {who} until {moment(body.until)}, signed")
    if journal is not None:
        for told in map(sentence, deliver(at.source.config, journal, request.run, person=who, clock=wall_clock)):
            say(f"  {told.word} {told.text}")
    say(f"  next: {at.state.operator} starts it (shisa resume {request.run}); guards are asked all the same")
    say(f"  afterwards a second person looks at it: shisa post-review {request.run}")
    return 0


def _until(length: str, now: datetime) -> datetime:
    from checks.duration import parse_duration
    from runner.review.breakglass import LONGEST

    try:
        wanted = parse_duration(length)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not 0 < wanted.total_seconds() <= LONGEST.total_seconds():
        raise UsageError(f"a broken glass holds for at most 1h, not {length}")
    return now + wanted


def _standing(at: Sitting, step: str, now: datetime) -> Standing:
    """Find the request that waits; whoever has said no is not passed over."""
    from runner.review.requests import requests_of

    asked, state = requests_of(at.records, at.config, now), at.state
    mine = [one for one in asked if step in one.request.steps]
    state.require_open()
    if not mine:
        raise UsageError(
            f"step {step} of run {state.run} asks for no approval", hint="a glass is broken for a request that waits"
        )
    standing = mine[-1]
    if standing.state == "rejected":
        raise ApprovalError(f"{standing.reason}", hint="the glass is for nobody there, not for somebody who says no")
    if standing.state != "waiting":
        raise ApprovalError(
            f"the request of {step} is {standing.state}", hint=f"`shisa resume {state.run}` goes on, or asks again"
        )
    if standing.not_before is not None and standing.not_before > now:
        raise UsageError(
            f"{step} was asked for a window that has not begun",
            hint=f"`shisa resume {state.run} --not-before … --not-after …` asks for one that holds now",
        )
    return standing


def _refuse_others(at: Sitting, standing: Standing) -> None:
    """Refuse whoever may not break the glass; raises ApprovalError."""
    from runner.review.breakglass import who_may

    policies, who = standing.request.body.policies, at.who.person
    allowed = who_may(policies, at.config)
    if who not in allowed:
        raise ApprovalError(
            f"{who} may not break the glass of {' and '.join(policies)}",
            hint=f"these may: {', '.join(allowed) or 'nobody'}",
        )
    if at.source.config.digest != standing.request.body.policy_digest:
        raise ApprovalError("your shisa.yaml has other people or policies than the request's")


def _shown(at: Sitting, standing: Standing, body: BreakglassOpened) -> tuple[str, str]:
    """Show every step that it lets start, whole; gives the question, and the word that says yes."""
    from runner.engine.reviewer.shown import refuse_untrue
    from runner.figures import as_written
    from runner.terminal.console import console
    from runner.terminal.paint import show
    from runner.terminal.step_card import step_card

    state = at.state
    refuse_untrue(state, standing.request)
    step, steps = standing.request.step, standing.request.steps
    for path in steps:
        entered = state.step(path).entered
        if entered is None:
            raise TypeError(path)
        show(step_card(path, entered), console("stderr"))
    target = next((one for one in state.opened.targets if one.fingerprint == standing.request.body.target), None)
    where = "" if target is None else f" on {target.name}, environment {target.environment or 'unknown'}"
    told = ", ".join(body.skipped) or "nobody"
    ways = at.config.notify.command or at.config.notify.webhook
    told += " will be told" if ways else " must be told by you (shisa.yaml has no notify:)"
    starts = f"{step}{where} starts" if len(steps) == 1 else f"the group of {as_written(steps)}{where} starts"
    question = f"BREAK-GLASS: {starts} without a second person. {told}; it stays in every report."
    return question, step if target is None else target.name
