"""Which answers to a question count, and why the others do not."""

import dataclasses
from datetime import timedelta

import pytest

from runner.journal import events as ev
from runner.review.answers import answered
from runner.review.sshsig import ANSWER, Refused, Signer
from runner.review.statement import answer_statement
from tests.runner.review.people import HEAD, NOON, stamp
from tests.runner.review.test_requests import Story

QUESTION = ev.QuestionAsked(team="dev", question="Any saved row?", choices={"none": "No", "saved": "Yes"})


@dataclasses.dataclass(frozen=True)
class Answer:
    """bob of dev answers the question; what a case changes is what its line says, or who signed it, and when."""

    choice: str = "none"
    person: str = "bob"
    signed_as: str = "bob"
    signed_by: str = "bob"
    seconds: int = 0
    asking: int = 0
    statement: str | None = None
    signature: str | None = None
    unsigned: bool = False

    def judged(self, crew):
        askings = Story(crew).at(0, QUESTION).at(0, QUESTION).records
        at = stamp(NOON + timedelta(seconds=self.seconds))
        said = {"choice": "none", "facts": None, "person": self.signed_as, "as_team": "dev"}
        statement = answer_statement(askings[self.asking], at=at, head=HEAD, **said)
        body = ev.QuestionAnswered(
            choice=self.choice,
            as_team="dev",
            statement=statement if self.statement is None else self.statement,
            signature=crew.sign(self.signed_by, statement, ANSWER) if self.signature is None else self.signature,
        )
        given = {"person": self.person, "people": crew.people, "now": NOON, "unsigned": self.unsigned}
        return answered(body, askings[0], **given)


REFUSED = {
    "no choice of the question": (Answer("some"), "'some' is none of the choices"),
    "somebody whom nobody knows": (Answer(person="zoe"), "zoe is not in team dev, which was asked"),
    "another team": (Answer(person="carol"), "carol is not in team dev, which was asked"),
    "another choice than was signed": (Answer("saved"), "it was signed with another choice"),
    "another person than signed": (Answer(signed_as="dan", signed_by="dan"), "it was signed with another person"),
    "another asking": (Answer(asking=1), "it was signed for another asking of the question"),
    "another's key": (Answer(signed_by="dan"), "belongs to dan, not to bob"),
    "a time to come": (Answer(seconds=31), "it was signed at 2026-11-23T12:00:31"),
    "a time before it was asked": (Answer(seconds=-31), "it was signed at 2026-11-23T11:59:29"),
    "nobody's signature": (Answer(signature=""), "that is not an armoured SSH signature"),
    "no statement": (Answer(statement="{}"), "its statement cannot be read"),
    "a wrong signature in a rehearsal": (Answer(signed_by="dan", unsigned=True), "belongs to dan, not to bob"),
}


@pytest.mark.parametrize(("answer", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_answer_does_not_count_that_is_of(answer, reason, crew):
    found = answer.judged(crew)
    assert isinstance(found, Refused), found
    assert reason in found.reason


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_an_answer_of_the_team_that_was_asked_counts_while_the_clocks_agree(seconds, crew):
    assert isinstance(Answer(seconds=seconds).judged(crew), Signer)


def test_a_rehearsal_takes_an_answer_without_a_signature(crew):
    assert Answer(signature="", unsigned=True).judged(crew) == Signer("bob", "")
