"""Answers to written questions: signed by the one who gave them, in a team that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from runner.canonical import NotCanonicalError
from runner.config.model import Loaded, Person
from runner.errors import ApprovalError
from runner.journal.events import QuestionAnswered, QuestionAsked
from runner.journal.record import Head, Journal, Record
from runner.review.keys import KeyRef
from runner.review.sshsig import ANSWER, Refused, Signer, sign, verify
from runner.review.statement import answer_statement, differences, head_in, predicate_of


def give_answer(
    journal: Journal,
    config: Loaded,
    question: QuestionAsked,
    *,
    run: str,
    step: str,
    choice: str,
    person: str,
    key: KeyRef,
    now: datetime,
) -> Record:
    """Sign an answer and append it to the journal.

    Raises ApprovalError where it would not count, with the reason; then nothing is journaled.
    """
    said = {"run": run, "step": step, "choice": choice, "person": person}
    body = signed_answer(config, question, **said, key=key, head=journal.head(), now=now)
    return journal.append(body, run=run, step=step, person=person)


def signed_answer(
    config: Loaded,
    question: QuestionAsked,
    *,
    run: str,
    step: str,
    choice: str,
    person: str,
    key: KeyRef,
    head: Head,
    now: datetime,
) -> QuestionAnswered:
    """Sign an answer; raises ApprovalError where it would not count, with the reason."""
    statement = answer_statement(
        question,
        run=run,
        step=step,
        choice=choice,
        facts=None,
        person=person,
        as_team=question.team,
        at=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        head=head,
    )
    signature = sign(key, ANSWER, statement.encode())
    body = QuestionAnswered(choice=choice, as_team=question.team, statement=statement, signature=signature)
    counted = answered(body, question, run=run, step=step, person=person, people=config.config.people, now=now)
    if isinstance(counted, Refused):
        raise ApprovalError(f"this answer does not count: {counted.reason}")
    return body


def answered(
    answer: QuestionAnswered,
    question: QuestionAsked,
    *,
    run: str,
    step: str,
    person: str,
    people: Mapping[str, Person],
    now: datetime,
    unsigned: bool = False,
) -> Signer | Refused:
    """Say whether an answer counts: one of the choices, from the team, signed by the person of its line.

    ``unsigned`` lets an answer of a rehearsal's file pass; a run that takes those is not for production.
    """
    if answer.choice not in question.choices:
        return Refused(f"{answer.choice!r} is none of the choices")
    if unsigned and not answer.signature:
        return Signer(person, "")
    if person not in people or question.team not in people[person].teams:
        return Refused(f"{person} is not in team {question.team}, which was asked")
    try:
        said = predicate_of(answer.statement)
        due = answer_statement(
            question,
            run=run,
            step=step,
            choice=answer.choice,
            facts=None if said["facts"] is None else str(said["facts"]),
            person=person,
            as_team=question.team,
            at=said["at"],
            head=head_in(said),
        )
    except (NotCanonicalError, KeyError) as error:
        return Refused(f"its statement cannot be read ({error})")
    wrong = differences(answer.statement, due)
    if wrong:
        return Refused(f"it was signed with another {wrong[0]}")
    return verify(answer.signature, answer.statement.encode(), namespace=ANSWER, person=person, people=people, at=now)
