"""What ``review``, ``approve`` and ``reject`` share: find a request that waits, look at it, and sign a decision."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from runner.errors import ApprovalError, UsageError
from runner.review.decide import capacity, signed_decision
from runner.review.requests import Standing, requests_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from runner.cli.common import Desk
    from runner.cli.sources import Source
    from runner.review.identity import Identity
    from runner.review.keys import KeyRef
    from runner.review.statement import Decision
    from runner.terminal.review_view import ReviewView
    from runner.terminal.reviewing import Case


def waiting(at: Desk, now: datetime) -> list[Standing]:
    """Every request that waits for somebody, oldest first."""
    return [one for one in requests_of(at.journal.records(), at.config.config, now) if one.state == "waiting"]


def find(source: Source, step: str | None, now: datetime, *, decision: Decision | None = None) -> Case:
    """Find the request of a run (and step) that can be decided.

    What is approved and has not begun can still be rejected, but not approved again.

    Raises UsageError where there is none, with what became of the newest one.
    """
    from runner.terminal.reviewing import case_of

    run, lines = source.run, source.records()
    mine = [one for one in requests_of(lines, source.config.config, now) if one.request.run == run]
    if not mine:
        raise UsageError(f"run {run} asks nobody for an approval", hint="`shisa review` lists what waits")
    fitting = [one for one in mine if step is None or step in one.request.steps]
    if not fitting:
        asked = ", ".join(dict.fromkeys(one.request.step for one in mine))
        raise UsageError(f"step {step} of run {run} asks for no approval", hint=f"steps that asked: {asked}")
    standing = fitting[-1]
    if standing.state not in ({"waiting", "approved"} if decision == "reject" else {"waiting"}):
        raise ApprovalError(
            f"the request of {standing.request.step} is {standing.state}"
            + (f": {standing.reason}" if standing.reason else ""),
            hint=f"`shisa show {run}` tells what became of it",
        )
    return case_of(standing, lines)


def look_at(source: Source, case: Case, person: str | None, runbook: Path | None) -> ReviewView:
    """Render and measure the step again on this machine, and put the reviewer's screen together."""
    from runner.cli.sources import told_by
    from runner.engine.ports import wall_clock
    from runner.engine.reviewer.second_look import second_look
    from runner.terminal.reviewing import view_of

    look = second_look(case.state, case.standing.request.steps, source.config, wall_clock, runbook=runbook)
    return view_of(case, source.config.config, wall_clock(), look=look, person=person, source=told_by(source))


def read_back(source: Source, view: ReviewView, seen: float, person: str) -> dict[str, Any]:
    """Let a reviewer read back; what is wrong twice is journaled where there is a journal, and nothing is signed."""
    from runner.journal.events import Note
    from runner.terminal.prompts import Prompter
    from runner.terminal.reviewing import WrongReadBackError, attest

    try:
        return attest(view, Prompter(), seen)
    except WrongReadBackError:
        if source.journal is not None:
            told = f"read back twice what the screen of {view.step} does not show; nothing was signed"
            source.journal.append(Note(text=told), run=view.run, step=view.step, person=person)
        raise


@dataclasses.dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who may decide a request: as which team, and with which key."""

    person: str
    key: KeyRef
    team: str


def reviewer(source: Source, case: Case, who: Identity, team: str | None, decision: Decision = "approve") -> Reviewer:
    """Tell in which capacity a person may decide.

    Raises ApprovalError where their decision would not count, with the reason; `decide` proves it again.
    """
    key = _key_to_decide(source, case, who)
    return Reviewer(who.person, key, capacity(case.standing, source.config, who.person, team, decision))


def reviewers(source: Source, case: Case, who: Identity, team: str | None) -> dict[str, Reviewer]:
    """Tell what a person may decide, each with the capacity; before they read a long screen back in vain.

    Raises ApprovalError where that is nothing, with the reason.
    """
    found: dict[str, Reviewer] = {}
    refused: ApprovalError | None = None
    decisions: tuple[Decision, ...] = ("approve", "reject")
    for decision in decisions:
        try:
            found[decision] = reviewer(source, case, who, team, decision)
        except ApprovalError as error:
            refused = refused or error
    if refused is not None and not found:
        raise refused
    return found


def _key_to_decide(source: Source, case: Case, who: Identity) -> KeyRef:
    """Give the key of a person who may decide at all.

    Raises ApprovalError with the reason why they may not.
    """
    request = case.standing.request.body
    if who.person == request.operator:
        raise ApprovalError(
            f"{who.person} is the operator, and nobody approves their own step", hint="somebody else must review it"
        )
    key = who.signing()
    if key.public.fingerprint in case.standing.operator_keys:
        raise ApprovalError(
            f"your key {key.public.fingerprint} is the one that {request.operator}, the operator, signed with",
            hint="somebody else must review it, with a key of their own",
        )
    if source.config.digest != request.policy_digest:
        raise ApprovalError(
            "your shisa.yaml has other people or policies than the operator's",
            hint=f"compare {source.config.path} with theirs; both should come from the same place",
        )
    return key


def sign(
    source: Source, case: Case, by: Reviewer, decision: Decision, *, attested: Any, reason: str | None = None
) -> str:
    """Sign a decision and hand it in; gives what is left to do.

    Raises ApprovalError where it would not count, with the reason.
    """
    from runner.engine.ports import wall_clock

    body = signed_decision(
        source.config,
        case.standing,
        decision=decision,
        person=by.person,
        key=by.key,
        as_team=by.team,
        attested=attested,
        head=source.head(),
        now=wall_clock(),
        reason=reason,
    )
    return source.hand_in(body, case.standing.request.step, by.person)
