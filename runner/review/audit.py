"""What ``shisa verify`` asks of each signature in the journal: that it holds, and that its line says the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runner.canonical import NotCanonicalError
from runner.config.model import Person
from runner.journal import events as ev
from runner.journal.record import Record
from runner.journal.verify import SignatureCheck, SignedLine
from runner.review.approval import Request
from runner.review.exceptions import signer_of
from runner.review.ledger import judge_by
from runner.review.sshsig import ANSWER, APPROVAL, RUN, Refused, verify
from runner.review.statement import (
    answer_statement,
    closed_statement,
    differences,
    handed_statement,
    head_in,
    opened_statement,
    predicate_of,
    withdrawal_statement,
)

_NAMESPACES = {ev.RunClosed.name: RUN, ev.ApprovalWithdrawn.name: APPROVAL, ev.QuestionAnswered.name: ANSWER}
"""Event signed by the person of its line → the namespace of that signature."""


def signature_check(people: Mapping[str, Person]) -> SignatureCheck:
    """Judge signatures as of their time against the keys of shisa.yaml."""
    judge = judge_by(people)

    def check(line: SignedLine) -> str | None:
        record = line.record
        match record.body:
            case ev.ApprovalGiven() | ev.ApprovalRejected():
                request = _request(line.about)
                if request is None:
                    return "there is no request that it answers"
                found = judge(request, record, ())
                return found.reason if isinstance(found, Refused) else None
            case ev.RunOpened(operator=person) | ev.RunHandedOver(to_person=person):
                return _signed_by(line, person, RUN, people)
            case ev.RunClosed() | ev.ApprovalWithdrawn() | ev.QuestionAnswered() as body:
                return _signed_by(line, record.person, _NAMESPACES[body.name], people)
            case ev.WaiverGiven() | ev.BreakglassOpened() | ev.BreakglassReviewed() as excepted:
                at, who = datetime.fromisoformat(record.at), record.person
                by = signer_of(excepted, run=record.run, step=record.step, person=who, people=people, at=at)
                return by.reason if isinstance(by, Refused) else None
            case body:
                return f"this version of shisa cannot judge the signature of {body.name}"

    return check


def _request(about: Record | None) -> Request | None:
    if about is None or not isinstance(about.body, ev.ApprovalRequested):
        return None
    return Request(about.run, about.step or "", about.at, about.body)


def _signed_by(line: SignedLine, person: str, namespace: str, people: Mapping[str, Person]) -> str | None:
    """Check that a person signed what the line says."""
    try:
        said = predicate_of(line.statement)
        expected = _expected(line, said)
    except (NotCanonicalError, KeyError) as error:
        return f"the statement is malformed ({error})"
    if expected is None:
        return "there is no question that it answers"
    other = differences(line.statement, expected)
    if other:
        return f"what was signed and what the line says differ in {', '.join(other)}"
    found = verify(
        line.signature,
        line.statement.encode(),
        namespace=namespace,
        person=person,
        people=people,
        at=datetime.fromisoformat(line.record.at),
    )
    return found.reason if isinstance(found, Refused) else None


def _expected(line: SignedLine, said: Mapping[str, Any]) -> str | None:
    record, at, head = line.record, said["at"], head_in(said)
    match record.body:
        case ev.RunOpened() as opened:
            return opened_statement(opened, run=record.run, at=at, head=head)
        case ev.RunHandedOver() as handed:
            return handed_statement(handed, run=record.run, at=at, head=head)
        case ev.RunClosed(state=state, reason=reason):
            return closed_statement(run=record.run, state=state, reason=reason, person=record.person, at=at, head=head)
        case ev.ApprovalWithdrawn(request=request, reason=reason):
            return withdrawal_statement(
                request,
                run=record.run,
                step=record.step or "",
                reason=reason,
                person=record.person,
                at=at,
                head=head,
            )
        case ev.QuestionAnswered() as answer if line.about and isinstance(line.about.body, ev.QuestionAsked):
            return answer_statement(
                line.about,
                choice=answer.choice,
                facts=answer.facts,
                person=record.person,
                as_team=answer.as_team,
                at=at,
                head=head,
            )
        case _:
            return None
