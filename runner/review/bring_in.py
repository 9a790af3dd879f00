"""Take in a decision that came as text: prove that it counts, and for which run, and only then journal it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from runner.canonical import NotCanonicalError
from runner.config.model import Loaded
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.record import Head, Journal, Record
from runner.review.afterwards import glass_of
from runner.review.answers import answered
from runner.review.approval import event_of, verify_approval
from runner.review.decide import refuse_withdrawal
from runner.review.exceptions import rebuilt
from runner.review.exchange import Decided
from runner.review.ledger import State
from runner.review.requests import Standing, requests_of
from runner.review.rules_then import rules_then
from runner.review.sshsig import APPROVAL, Refused, verify
from runner.review.statement import differences, head_in, kind_of, predicate_of, withdrawal_statement
from runner.review.waivers import refusal

_OPEN: tuple[State, ...] = ("waiting", "approved")


def bring_in(journal: Journal, config: Loaded, run: str, decided: Decided, now: datetime) -> Record:
    """Journal a decision, an answer, a withdrawal, a waiver or a look afterwards under the name of its signer.

    Raises ApprovalError where it does not count, with the reason; then nothing is journaled.
    """
    said = _said(decided, run)
    _refuse_foreign(journal, head_in(said), run)
    records = list(journal.records(run=run))
    if any(_statement(one.body) == decided.statement for one in records):
        raise ApprovalError(f"this decision of {said['person']} is in the journal already")
    step, person = said["step"], _text(said, "person")
    body: ev.Event
    match kind_of(decided.statement):
        case "approval":
            body = _decision(config, _standing(records, config, now, said), decided, now)
        case "withdrawal":
            body = _withdrawal(config, _standing(records, config, now, said), decided, now)
        case "answer":
            body = _answer(config, records, decided, now)
        case ev.WaiverGiven.name | ev.BreakglassReviewed.name:
            body = _exception(config, records, decided, said, now)
        case _:
            raise ApprovalError("this is no approval, rejection, answer, withdrawal, waiver or post-review")
    return journal.append(body, run=run, step=step, person=person)


def _said(decided: Decided, run: str) -> dict[str, Any]:
    try:
        said = predicate_of(decided.statement)
        if said["run"] != run:
            raise ApprovalError(
                f"it was signed for another run: {said['run']}, not {run}", hint=f"`shisa import {said['run']} FILE`"
            )
        return {**said, "step": said["step"]}
    except (NotCanonicalError, KeyError) as error:
        raise ApprovalError(f"this does not count: the statement is malformed ({error})") from error


def _text(said: Mapping[str, Any], name: str) -> str:
    """Take a text out of what was signed; raises ApprovalError where there is none of that name."""
    match said.get(name):
        case str() as text:
            return text
    raise ApprovalError(f"this does not count: the statement is malformed (it has no text '{name}')")


def _refuse_foreign(journal: Journal, head: Head, run: str) -> None:
    """Refuse what was signed over a line that this journal does not have."""
    if head.seq == 0:
        return
    there = 0 < head.seq <= journal.head().seq
    line = next(iter(journal.lines(after=head.seq - 1)), None) if there else None
    if line is None or line.seq != head.seq or line.hash != head.hash.encode():
        raise ApprovalError(
            f"its signer saw line {head.seq} of a journal, and this journal has another one or none there",
            hint=f"`shisa verify {run}` looks for a journal that was cut off or written anew",
        )


def _standing(records: Sequence[Record], config: Loaded, now: datetime, said: Mapping[str, Any]) -> Standing:
    for standing in requests_of(records, config.config, now):
        if standing.id == said.get("request"):
            return standing
    raise ApprovalError("it was signed for another request than those of this run")


def _decision(config: Loaded, standing: Standing, decided: Decided, now: datetime) -> ev.Event:
    counted = verify_approval(
        decided.statement,
        decided.signature,
        standing.request,
        people=config.config.people,
        now=now,
        excluded_keys=standing.operator_keys,
    )
    if isinstance(counted, Refused):
        raise ApprovalError(f"this does not count: {counted.reason}")
    if standing.state not in (_OPEN if counted.decision == "reject" else _OPEN[:1]):
        because = f": {standing.reason}" if standing.reason else ""
        raise ApprovalError(f"it comes too late: the request is {standing.state}{because}")
    return event_of(counted, standing.request, decided.statement, decided.signature)


def _withdrawal(config: Loaded, standing: Standing, decided: Decided, now: datetime) -> ev.Event:
    said = predicate_of(decided.statement)
    request, person, reason = standing.request, _text(said, "person"), _text(said, "reason")
    due = withdrawal_statement(
        standing.id,
        run=request.run,
        step=request.step,
        reason=reason,
        person=person,
        at=said["at"],
        head=head_in(said),
    )
    wrong = differences(decided.statement, due)
    if wrong:
        raise ApprovalError(f"this does not count: the statement's field {wrong[0]} is not what it must be")
    signer = verify(
        decided.signature,
        decided.statement.encode(),
        namespace=APPROVAL,
        person=person,
        people=config.config.people,
        at=now,
    )
    if isinstance(signer, Refused):
        raise ApprovalError(f"this does not count: {signer.reason}")
    refuse_withdrawal(standing, person, now)
    return ev.ApprovalWithdrawn(
        request=standing.id, reason=reason, statement=decided.statement, signature=decided.signature
    )


def _answer(config: Loaded, records: Sequence[Record], decided: Decided, now: datetime) -> ev.Event:
    said = predicate_of(decided.statement)
    step, person = _text(said, "step"), _text(said, "person")
    asked = [one for one in records if one.step == step and isinstance(one.body, ev.QuestionAsked)]
    if not asked:
        raise ApprovalError(f"step {step} of run {records[0].run} asks nobody anything")
    body = ev.QuestionAnswered(
        choice=_text(said, "choice"),
        as_team=_text(said, "as_team"),
        statement=decided.statement,
        signature=decided.signature,
    )
    counted = answered(body, asked[-1], person=person, people=config.config.people, now=now)
    if isinstance(counted, Refused):
        raise ApprovalError(f"this answer does not count: {counted.reason}")
    return body


def _exception(
    config: Loaded, records: Sequence[Record], decided: Decided, said: Mapping[str, Any], now: datetime
) -> ev.Event:
    """Build a waiver, or a look at a broken glass, from what was signed, and judge it as `shisa` does at a screen."""
    run, person = records[0].run, _text(said, "person")
    try:
        body = rebuilt(decided.statement, decided.signature)
    except NotCanonicalError as error:
        raise ApprovalError(f"this does not count: the statement is malformed ({error})") from error
    if isinstance(body, ev.WaiverGiven):
        if any(isinstance(one.body, ev.RunClosed) for one in records):
            raise ApprovalError("it comes too late: the run has ended")
        reason = refusal(records, _text(said, "step"), body, person, config=config.config, now=now)
    else:
        glass = glass_of(records, config.config, rules_then(config))
        if glass.looked is None or glass.looked.state != "open":
            raise ApprovalError(f"run {run} has no broken glass that nobody has looked at")
        reason = glass.refusal(body, run=run, step=None, person=person, at=now, config=config.config)
    if reason is not None:
        raise ApprovalError(f"this does not count: {reason}")
    return body


def _statement(body: ev.Event) -> str | None:
    return body.statement if isinstance(body, ev.Decided) else None
