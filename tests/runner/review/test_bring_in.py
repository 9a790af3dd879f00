"""A decision that came as text is journaled only where it counts; each refusal has its reason, and writes nothing."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from runner.canonical import canonical, parse_canonical
from runner.config.model import Loaded
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.record import Head, Record
from runner.journal.sqlite import SqliteJournal
from runner.review.bring_in import bring_in
from runner.review.exchange import Decided
from runner.review.sshsig import ANSWER, APPROVAL, RUN
from runner.review.statement import answer_statement, closed_statement, withdrawal_statement
from tests.runner.review.people import POLICY_DIGEST, STEP, opened, requested, stamp
from tests.runner.review.people import RUN as NAME

HOUR = timedelta(hours=1)
QUESTION = ev.QuestionAsked(team="dev", question="Is it quiet?", choices={"yes": "Nobody is in", "no": "Somebody is"})


@dataclasses.dataclass
class Desk:
    """A journal with a run that waits for an approval and for an answer."""

    journal: SqliteJournal
    crew: object
    request: ev.ApprovalRequested
    asked: Record
    """The line of the newest question."""

    @property
    def config(self) -> Loaded:
        return Loaded(config=self.crew.config, path=Path("shisa.yaml"), digest=POLICY_DIGEST)

    def take(self, statement: str, signature: str, run: str = NAME):
        return bring_in(self.journal, self.config, run, Decided(statement, signature), datetime.now(UTC))

    def approval(self, who: str = "bob", team: str = "dev", **said) -> tuple[str, str]:
        facts = {"at": stamp(datetime.now(UTC)), "head": self.journal.head(), **said}
        return self.crew.decide(who, team, self.request, **facts)

    def answer(self, who: str = "bob", choice: str = "yes", **said) -> tuple[str, str]:
        facts = {"facts": None, "person": who, "as_team": "dev", "at": stamp(datetime.now(UTC))} | said
        statement = answer_statement(self.asked, choice=choice, head=self.journal.head(), **facts)
        return statement, self.crew.sign(who, statement, ANSWER)

    def withdrawal(self, who: str = "bob", signer: str | None = None, **said) -> tuple[str, str]:
        facts = {"run": NAME, "step": STEP, "reason": "oh", "person": who, "at": stamp(datetime.now(UTC))} | said
        statement = withdrawal_statement(self.request.request, head=self.journal.head(), **facts)
        return statement, self.crew.sign(signer or who, statement, APPROVAL)


@pytest.fixture
def desk(crew, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    now = datetime.now(UTC)
    request = requested(not_after=stamp(now + timedelta(hours=1)))
    for body, step in ((opened(crew, journal.head(), stamp(now)), None), (request, STEP), (QUESTION, "ask")):
        asked = journal.append(body, run=NAME, step=step, person="alice")
    yield Desk(journal, crew, request, asked)
    journal.close()


def test_what_counts_is_journaled_under_the_name_of_its_signer(desk):
    for signed, event in (
        (desk.approval(), "approval.given"),
        (desk.answer(), "question.answered"),
        (desk.withdrawal(), "approval.withdrawn"),
    ):
        record = desk.take(*signed)
        assert (record.body.name, record.person) == (event, "bob")


def test_a_rejection_is_taken_in_with_its_reason(desk):
    record = desk.take(*desk.approval(decision="reject", reason="not tonight"))
    assert (record.body.name, record.body.reason) == ("approval.rejected", "not tonight")
    with pytest.raises(ApprovalError, match="it comes too late: the request is rejected: bob rejected it"):
        desk.take(*desk.approval("carol", "ops"))


def refused(desk, because, statement, signature, run=NAME):
    before = desk.journal.head()
    with pytest.raises(ApprovalError, match=because):
        desk.take(statement, signature, run)
    assert desk.journal.head() == before


def without(desk, signed, name, namespace=APPROVAL):
    """Take a field out of a statement and let bob sign what is left."""
    said = parse_canonical(signed[0].encode())
    del said["predicate"][name]
    statement = canonical(said).decode()
    return statement, desk.crew.sign("bob", statement, namespace)


@pytest.mark.parametrize(
    ("made", "because"),
    [
        (lambda d: d.approval("alice", "ops"), "alice is the operator, and nobody approves their own step"),
        (lambda d: d.approval(signer="carol"), "belongs to carol, not to bob"),
        (lambda d: d.approval(reviewer_policy_digest="0" * 64), "has other people or policies than the operator's"),
        (
            lambda d: d.approval(head=Head(2, "0" * 64)),
            "its signer saw line 2 of a journal, and this journal has an",
        ),
        (lambda d: d.approval(head=Head(99, "0" * 64)), "its signer saw line 99 of a journal"),
        (lambda d: d.approval(head=Head(1 << 64, "0" * 64)), f"its signer saw line {1 << 64} of a journal"),
        (lambda d: without(d, d.approval(), "attested"), r"the statement is malformed \('attested'\)"),
        (lambda d: without(d, d.answer(), "as_team", ANSWER), r"is malformed \(it has no text 'as_team'\)"),
        (lambda d: without(d, d.withdrawal(), "reason"), r"is malformed \(it has no text 'reason'\)"),
        (lambda d: without(d, d.withdrawal(), "person"), r"is malformed \(it has no text 'person'\)"),
        (lambda d: d.approval(step="other"), "it was signed for another step"),
        (lambda d: d.answer(choice="perhaps"), "'perhaps' is none of the choices"),
        (lambda d: d.answer("carol"), "carol is not in team dev"),
        (lambda d: d.answer(at=stamp(datetime.now(UTC) - HOUR)), "it was signed at .*, and the question was asked at"),
        (lambda d: d.answer(at=stamp(datetime.now(UTC) + HOUR)), "it was signed at .*, and the question was asked at"),
        (lambda d: d.withdrawal(), "bob has not approved this step"),
        (lambda d: d.withdrawal(signer="carol"), "belongs to carol, not to bob"),
        (
            lambda d: d.withdrawal(step="other"),
            "the statement's field (subject|step) is not",
        ),
        (lambda _: ("no statement", ""), "the statement is malformed"),
        (lambda _: ("{}", ""), "the statement is malformed"),
    ],
)
def test_what_does_not_count_is_refused_for_its_reason(desk, made, because):
    refused(desk, because, *made(desk))


def test_what_is_signed_for_another_use_is_not_taken_in(desk):
    now = stamp(datetime.now(UTC))
    facts = {"run": NAME, "state": "completed", "reason": None, "person": "bob", "at": now}
    closing = closed_statement(**facts, head=desk.journal.head())
    closing = closing.replace('"operator":"bob"', '"operator":"bob","person":"bob"').replace('"run":', '"run":')
    refused(desk, "the statement is malformed|no approval, rejection", closing, desk.crew.sign("bob", closing, RUN))
    statement, _ = desk.approval()
    refused(desk, "signed for the namespace 'run@shisa'", statement, desk.crew.sign("bob", statement, RUN))
    answer, _ = desk.answer()
    refused(desk, "signed for the namespace 'approval@shisa'", answer, desk.crew.sign("bob", answer, APPROVAL))


def test_an_answer_to_an_earlier_asking_of_the_same_question_does_not_count(desk):
    signed = desk.answer()
    desk.asked = desk.journal.append(QUESTION, run=NAME, step="ask", person="alice")
    refused(desk, "it was signed for another asking of the question", *signed)
    other = msgspec.structs.replace(QUESTION, question="Is it Monday?")
    desk.journal.append(other, run=NAME, step="ask", person="alice")
    refused(desk, "it was signed for another asking of the question", *desk.answer())
    assert desk.take(*Desk(desk.journal, desk.crew, desk.request, last(desk)).answer()).person == "bob"


def last(desk):
    return [one for one in desk.journal.records() if one.body.name == "question.asked"][-1]


def test_what_was_taken_in_once_is_not_taken_in_again(desk):
    signed = desk.approval()
    desk.take(*signed)
    refused(desk, "this decision of bob is in the journal already", *signed)


def test_a_decision_for_another_run_names_it(desk):
    before = desk.journal.head()
    with pytest.raises(ApprovalError, match=f"signed for another run: {NAME}, not 261123-zzzzzz") as raised:
        desk.take(*desk.approval(), run="261123-zzzzzz")
    assert raised.value.hint == f"`shisa import {NAME} FILE`"
    assert desk.journal.head() == before


def test_an_earlier_requests_approval_does_not_count_for_a_new_one(desk):
    other = requested(request="req-" + "1" * 32, not_after=desk.request.not_after)
    signed = desk.crew.decide("bob", "dev", other, at=stamp(datetime.now(UTC)), head=desk.journal.head())
    refused(desk, "it was signed for another request than those of this run", *signed)
