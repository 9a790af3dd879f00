"""Answers to written questions: signed by the one who gave them, in a team that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from runner.canonical import NotCanonicalError
from runner.clock import stamp
from runner.config.model import Loaded, Person
from runner.errors import ApprovalError
from runner.journal.events import QuestionAnswered
from runner.journal.record import Head, Journal, Record
from runner.review.keys import KeyRef
from runner.review.sshsig import ANSWER, Refused, Signer, sign, verify
from runner.review.statement import CLOCK_SKEW, answer_statement, asked_in, differences, head_in, predicate_of

_OTHERWISE = {
    "asked": "it was signed for another asking of the question",
    "subject": "it was signed for another question",
}
"""The field that differs → the reason, the most telling first."""


def give_answer(
    journal: Journal, config: Loaded, asked: Record, *, choice: str, person: str, key: KeyRef, now: datetime
) -> Record:
    """Sign an answer and append it to the journal.

    Raises ApprovalError where it would not count, with the reason; then nothing is journaled.
    """
    body = signed_answer(config, asked, choice=choice, person=person, key=key, head=journal.head(), now=now)
    return journal.append(body, run=asked.run, step=asked.step, person=person)


def signed_answer(
    config: Loaded, asked: Record, *, choice: str, person: str, key: KeyRef, head: Head, now: datetime
) -> QuestionAnswered:
    """Sign an answer to the question of a line; raises ApprovalError where it would not count, with the reason."""
    team, at = asked_in(asked).team, stamp(now)
    statement = answer_statement(asked, choice=choice, facts=None, person=person, as_team=team, at=at, head=head)
    signature = sign(key, ANSWER, statement.encode())
    body = QuestionAnswered(choice=choice, as_team=team, statement=statement, signature=signature)
    counted = answered(body, asked, person=person, people=config.config.people, now=now)
    if isinstance(counted, Refused):
        raise ApprovalError(f"this answer does not count: {counted.reason}")
    return body


def answered(
    answer: QuestionAnswered,
    asked: Record,
    *,
    person: str,
    people: Mapping[str, Person],
    now: datetime,
    unsigned: bool = False,
) -> Signer | Refused:
    """Say whether an answer counts: one of the choices, from the team, signed by the person of its line.

    ``asked`` is the line of the question. ``unsigned`` lets an answer of a rehearsal's file pass; a run that takes
    those is not for production.
    """
    question = asked_in(asked)
    if answer.choice not in question.choices:
        return Refused(f"{answer.choice!r} is none of the choices")
    if unsigned and not answer.signature:
        return Signer(person, "")
    if person not in people or question.team not in people[person].teams:
        return Refused(f"{person} is not in team {question.team}, which was asked")
    other = _otherwise(answer, asked, person, now)
    if other is not None:
        return Refused(other)
    return verify(answer.signature, answer.statement.encode(), namespace=ANSWER, person=person, people=people, at=now)


def _otherwise(answer: QuestionAnswered, asked: Record, person: str, now: datetime) -> str | None:
    """Say why what was signed is not this answer to this asking; None where it is."""
    try:
        said = predicate_of(answer.statement)
        due = answer_statement(
            asked,
            choice=answer.choice,
            facts=None if said["facts"] is None else str(said["facts"]),
            person=person,
            as_team=asked_in(asked).team,
            at=said["at"],
            head=head_in(said),
        )
        signed = datetime.fromisoformat(said["at"])
        timely = datetime.fromisoformat(asked.at) - CLOCK_SKEW <= signed <= now + CLOCK_SKEW
    except (NotCanonicalError, KeyError, TypeError, ValueError) as error:
        return f"its statement cannot be read ({error})"
    wrong = differences(answer.statement, due)
    if wrong:
        known = [_OTHERWISE[field] for field in _OTHERWISE if field in wrong]
        return known[0] if known else f"it was signed with another {wrong[0]}"
    if not timely:
        return f"it was signed at {said['at']}, and the question was asked at {asked.at}; look at the clocks"
    return None
