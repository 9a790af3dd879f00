"""Questions in writing: asked of a team, answered and signed, and checked against the database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from checks.duration import parse_duration
from runner.engine.guard.looking import look
from runner.engine.ports import stamp
from runner.errors import GateClosedError
from runner.journal.events import QuestionAnswered, QuestionAsked
from runner.review.answers import answered
from runner.review.sshsig import Refused
from runner.runbook.model import Ask, step_of

if TYPE_CHECKING:
    from runner.engine.session import Session

_LOOK_S = 1.0
"""Seconds after which the limit is looked at though nobody wrote."""


def ask(session: Session, path: str) -> None:
    """Journal the question as it is rendered."""
    question = _question(session, path)
    limit = None if question.limit is None else stamp(session.clock() + parse_duration(question.limit))
    session.append(
        QuestionAsked(team=question.team, question=question.question, choices=dict(question.choices), not_after=limit),
        path,
    )


def wait(session: Session, path: str) -> bool:
    """Wait for an answer; False where the operator does not want to wait here.

    Raises GateClosedError when the limit has passed.
    """
    asked = session.state.step(path).question
    if asked is None:
        raise AssertionError
    choice = session.operator.asked(session.run, path, asked)
    if choice is not None and session.state.opened.unattended:
        answer = QuestionAnswered(choice=choice, as_team=asked.team, statement="", signature="")
        session.append(answer, path)
    if session.detach:
        return False
    session.locks.release()
    while session.state.step(path).answer is None:
        if _late(asked, session.clock()):
            raise GateClosedError(
                f"{path}: nobody of {asked.team} answered by {asked.not_after}", hint="ask them, resume"
            )
        session.journal.wait_for_change(_LOOK_S)
        session.refresh()
    return True


def agreed(session: Session, path: str) -> str:
    """Prove that the newest answer lets the run go on, and that the facts say the same; gives both in words.

    Raises GateClosedError where the answer does not count, does not let the run go on, or disagrees with the
    database, whoever gave it.
    """
    step = session.state.step(path)
    question = _question(session, path)
    if step.answer is None or step.asked is None or step.answered_by is None:
        raise AssertionError
    person, choice = step.answered_by, step.answer.choice
    counted = answered(
        step.answer,
        step.asked,
        person=person,
        people=session.config.config.people,
        now=session.clock(),
        unsigned=session.state.opened.unattended,
    )
    if isinstance(counted, Refused):
        raise GateClosedError(f"{path}: the answer of {person} does not count: {counted.reason}")
    said = f"{person} of {step.answer.as_team} answered {choice} ({question.choices[choice]})"
    if question.facts is not None:
        fact = measured(session, path, question)
        if fact != choice:
            raise GateClosedError(
                f"{path}: {said}, but the database says {fact} ({question.choices.get(fact, 'no known choice')})",
                hint="find out together which is true; `shisa answer` gives another answer, then resume",
            )
        said += ", and so says the database"
    if choice not in question.proceed_on:
        raise GateClosedError(f"{path}: {said}; the runbook goes on only with {', '.join(question.proceed_on)}")
    return said


def measured(session: Session, path: str, question: Ask) -> str:
    """Ask the database the question's facts.

    Raises GateClosedError where the query does not give exactly one value.
    """
    if question.facts is None:
        raise AssertionError
    table = look(session, path, question.facts.target, question.facts.sql)
    if len(table.rows) != 1 or len(table.columns) != 1:
        raise GateClosedError(f"{path}: the facts are {len(table.rows)} rows instead of one value")
    return str(table.rows[0][0])


def still_agreed(session: Session) -> None:
    """Measure the facts of every answered question again, before a destructive step.

    Raises GateClosedError where one has changed since.
    """
    for path, step in session.state.steps.items():
        if step.answer is not None:
            agreed(session, path)


def _question(session: Session, path: str) -> Ask:
    entered = session.state.step(path).entered
    question = None if entered is None else step_of(entered.rendered).ask
    if question is None:
        raise AssertionError
    return question


def _late(asked: QuestionAsked, now: datetime) -> bool:
    return asked.not_after is not None and now > datetime.fromisoformat(asked.not_after)
