"""Which answers to a question count, and why the others do not."""

import dataclasses
from datetime import timedelta

import pytest

from runner.journal import events as ev
from runner.review.answers import answered
from runner.review.sshsig import ANSWER, Refused, Signer
from runner.review.statement import answer_statement
from tests.runner.review.people import HEAD, NOON, RUN, STEP, stamp

QUESTION = ev.QuestionAsked(team="dev", question="Any saved row?", choices={"none": "No", "saved": "Yes"})


@dataclasses.dataclass(frozen=True)
class Answer:
    """bob of dev answers the question; what a case changes is what its line says, or who signed it."""

    choice: str = "none"
    person: str = "bob"
    signed_as: str = "bob"
    signed_by: str = "bob"
    signed_choice: str = "none"
    statement: str | None = None
    signature: str | None = None
    unsigned: bool = False

    def judged(self, crew):
        place = {"run": RUN, "step": STEP}
        statement = answer_statement(
            QUESTION, **place, choice=self.signed_choice, facts=None, person=self.signed_as, as_team="dev",
            at=stamp(NOON), head=HEAD,
        )  # fmt: skip
        body = ev.QuestionAnswered(
            choice=self.choice,
            as_team="dev",
            statement=statement if self.statement is None else self.statement,
            signature=crew.sign(self.signed_by, statement, ANSWER) if self.signature is None else self.signature,
        )
        now = NOON + timedelta(minutes=1)
        more = {"people": crew.people, "now": now, "unsigned": self.unsigned}
        return answered(body, QUESTION, **place, person=self.person, **more)


REFUSED = {
    "no choice of the question": (Answer("some"), "'some' is none of the choices"),
    "somebody whom nobody knows": (Answer(person="zoe"), "zoe is not in team dev, which was asked"),
    "another team": (Answer(person="carol"), "carol is not in team dev, which was asked"),
    "another choice than was signed": (Answer("saved"), "it was signed with another choice"),
    "another person than signed": (Answer(signed_as="dan", signed_by="dan"), "it was signed with another person"),
    "another's key": (Answer(signed_by="dan"), "belongs to dan, not to bob"),
    "nobody's signature": (Answer(signature=""), "that is not an armoured SSH signature"),
    "no statement": (Answer(statement="{}"), "its statement cannot be read"),
    "a wrong signature in a rehearsal": (Answer(signed_by="dan", unsigned=True), "belongs to dan, not to bob"),
}


@pytest.mark.parametrize(("answer", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_answer_does_not_count_that_is_of(answer, reason, crew):
    found = answer.judged(crew)
    assert isinstance(found, Refused), found
    assert reason in found.reason


def test_an_answer_of_the_team_that_was_asked_counts(crew):
    assert isinstance(Answer().judged(crew), Signer)


def test_a_rehearsal_takes_an_answer_without_a_signature(crew):
    assert Answer(signature="", unsigned=True).judged(crew) == Signer("bob", "")
