"""``shisa break-glass``: go on without the second person, in the open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import Desk, add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.cli.note import worded
from runner.errors import ApprovalError, UsageError

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from runner.config.model import Notify
    from runner.engine.fold.state import State
    from runner.journal.events import BreakglassOpened
    from runner.review.identity import Identity
    from runner.review.keys import KeyRef
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


def run(arguments: argparse.Namespace) -> int:
    """Let the person type the target's name, sign and journal it, and tell everybody who was done without."""
    from runner.engine.fold.state import fold
    from runner.engine.people.telling import broken_glass
    from runner.engine.ports import stamp, wall_clock
    from runner.figures import moment
    from runner.journal.events import BreakglassOpened
    from runner.review.breakglass import skipped
    from runner.review.exceptions import give

    reason, ticket = worded(arguments.reason, "the reason"), worded(arguments.ticket, "the ticket")
    at = desk(arguments)
    _demand_terminal()
    who = person(arguments, at.config)
    now = wall_clock()
    until = _until(arguments.length, now)
    records = one_run(at.journal, arguments.run)
    state = fold(records)
    standing = _standing(state, at, arguments.step, now)
    key = _key(standing, at, who)
    body = BreakglassOpened(
        reason=reason,
        ticket=ticket,
        until=stamp(until),
        skipped=skipped(standing.request, (vote.person for vote in standing.votes), who.person, at.config.config),
        request=standing.id,
        policy_digest=at.config.digest,
    )
    if not _typed(state, standing, body, at.config.config.notify):
        say("the glass is whole; nothing was journaled")
        return 0
    request = standing.request
    give(
        at.journal,
        body,
        run=request.run,
        step=request.step,
        person=who.person,
        key=key,
        people=at.config.config.people,
        now=wall_clock(),
    )
    say(f"{request.step} of {request.run}: the glass is broken by {who.person} until {moment(body.until)}, signed")
    for told in broken_glass(at.config, state, request, body, who.person):
        at.journal.append(told, run=request.run, step=request.step, person=who.person)
        say(f"  {', '.join(told.to)}: {'told' if told.failed is None else f'NOT TOLD: {told.failed}'}")
    say(f"  next: {state.operator} starts it (shisa resume {request.run}); guards are asked all the same")
    say(f"  afterwards a second person looks at it: shisa post-review {request.run}")
    return 0


def _demand_terminal() -> None:
    from runner.terminal.prompts import demand_terminal

    demand_terminal()


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


def _standing(state: State, at: Desk, step: str, now: datetime) -> Standing:
    """Find the request that waits; whoever has said no is not passed over."""
    from runner.review.requests import requests_of

    asked = requests_of(at.journal.records(run=state.run), at.config.config, now)
    mine = [one for one in asked if step in one.request.steps]
    if state.closed is not None:
        raise UsageError(f"run {state.run} has ended: {state.closed.state}")
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


def _key(standing: Standing, at: Desk, who: Identity) -> KeyRef:
    from runner.review.breakglass import who_may

    policies = standing.request.body.policies
    allowed = who_may(policies, at.config.config)
    if who.person not in allowed:
        raise ApprovalError(
            f"{who.person} may not break the glass of {' and '.join(policies)}",
            hint=f"these may: {', '.join(allowed) or 'nobody'}",
        )
    if at.config.digest != standing.request.body.policy_digest:
        raise ApprovalError("your shisa.yaml has other people or policies than the request's")
    return who.signing()


def _typed(state: State, standing: Standing, body: BreakglassOpened, notify: Notify) -> bool:
    from runner.engine.reviewer.shown import refuse_untrue
    from runner.figures import as_written
    from runner.terminal.console import console
    from runner.terminal.paint import show
    from runner.terminal.prompts import Prompter
    from runner.terminal.step_card import step_card

    refuse_untrue(state, standing.request)
    step, steps = standing.request.step, standing.request.steps
    for path in steps:
        entered = state.step(path).entered
        if entered is None:
            raise TypeError(path)
        show(step_card(path, entered), console("stderr"))
    target = next((one for one in state.opened.targets if one.fingerprint == standing.request.body.target), None)
    word = step if target is None else target.name
    where = "" if target is None else f" on {target.name}, environment {target.environment or 'unknown'}"
    told = ", ".join(body.skipped) or "nobody"
    told += " will be told" if notify.command else " must be told by you (no notify: command)"
    starts = f"{step}{where} starts" if len(steps) == 1 else f"the group of {as_written(steps)}{where} starts"
    question = f"BREAK-GLASS: {starts} without a second person. {told}; it stays in every report."
    try:
        return Prompter().type_word(question, word)
    except EOFError:
        return False
