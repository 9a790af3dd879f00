"""A waiver and a look at a broken glass that come as text: journaled where they count, or refused for a reason."""

import contextlib
from datetime import timedelta

import msgspec
import pytest

from runner.engine.fold.state import fold
from runner.engine.guard.waivable import closing_finding, waiver_of
from runner.engine.ports import stamp, wall_clock
from runner.errors import ApprovalError, UsageError
from runner.journal.events import BreakglassOpened, BreakglassReviewed, RunClosed
from runner.journal.record import Head
from runner.review.afterwards import post_review
from runner.review.bring_in import bring_in
from runner.review.exceptions import exception_statement
from runner.review.exchange import export_decision, export_request, import_decision, import_request
from runner.review.requests import requests_of
from runner.review.sshsig import APPROVAL, sign
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE
from tests.runner.engine.test_waivers import GUARDED


@pytest.fixture
def blocked(stage, database):
    """A run that a guard holds, and what bob would sign to waive that."""
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    stage.settings["policies"]["cross"]["waive"] = [{"team": "dev", "n": 1}]
    stage.save()
    stage.write(GUARDED)
    run = stage.play().run
    state = fold(stage.records(run))
    item, finding = closing_finding(state, "clean", "duplicate-keys-in-tree")
    until = stamp(wall_clock() + timedelta(hours=1))
    facts = {"reason": "it goes tonight", "until": until, "as_team": "dev", "policy_digest": stage.config.digest}
    return run, waiver_of(state, "clean", item, finding, **facts)


@pytest.fixture
def broken(stage):
    """A run that is completed without the second person, and what bob would sign to have looked at it."""
    stage.settings["policies"]["cross"]["break_glass"] = ["alice"]
    stage.save()
    stage.write(DELETE)
    run = stage.play(detach=True).run
    asked = requests_of(stage.records(run), stage.config.config, wall_clock())[-1].request
    until = stamp(wall_clock() + timedelta(hours=1))
    facts = {"ticket": "OPS-1", "until": until, "skipped": ("bob",), "policy_digest": stage.config.digest}
    stage.make_exception(BreakglassOpened(reason="all is down", request=asked.id, **facts), run, "clean", "alice")
    assert stage.resume(run).state == "completed"
    signed = {"policy_digest": stage.config.digest, "statement": "", "signature": ""}
    return run, BreakglassReviewed(note="it was right", as_team="dev", **signed)


def written(stage, body, run, step, *, person="bob", signer=None, head=None, **changes):
    """What a person's program writes, by mail; ``changes`` are made before they sign."""
    body = msgspec.structs.replace(body, **changes)
    with contextlib.closing(stage.journal()) as journal:
        seen = head or journal.head()
    at = stamp(wall_clock())
    statement = exception_statement(body, run=run, step=step, person=person, at=at, head=seen)
    return export_decision(statement, sign(stage.key(signer or person), APPROVAL, statement.encode()))


def taken(stage, run, text):
    with contextlib.closing(stage.journal()) as journal:
        return bring_in(journal, stage.config, run, import_decision(text), wall_clock())


def refused(stage, run, text, because):
    before = len(stage.records())
    with pytest.raises(ApprovalError, match=because):
        taken(stage, run, text)
    assert len(stage.records()) == before, "nothing is journaled"


def test_a_waiver_that_came_as_text_opens_the_gate(stage, blocked, accounts):
    run, body = blocked
    record = taken(stage, run, written(stage, body, run, "clean"))
    assert (record.body.name, record.person, record.step) == ("waiver.given", "bob", "clean")
    again = stage.resume(run, Player(on_wait=stage.sign))
    assert (again.state, accounts()) == ("completed", [1, 1, 3]), again.reason
    assert stage.problems() == []
    refused(stage, run, written(stage, body, run, "clean"), "it comes too late: the run has ended")


def test_one_waiver_is_taken_in_once(stage, blocked):
    run, body = blocked
    text = written(stage, body, run, "clean")
    taken(stage, run, text)
    refused(stage, run, text, "this decision of bob is in the journal already")


WAIVERS = {
    "of the operator": ({"person": "alice", "as_team": "ops"}, "alice is an operator of it"),
    "of the operator's key": ({"signer": "alice"}, "belongs to alice, not to bob"),
    "of another team": ({"person": "carol", "as_team": "ops"}, "carol as ops may not waive a finding of this step"),
    "of a team that is not theirs": ({"person": "carol"}, "carol as dev may not waive a finding of this step"),
    "of somebody unknown": ({"person": "zoe", "signer": "bob"}, "zoe as dev may not waive"),
    "that is over": ({"until": "2026-01-01T00:00:00.000000Z"}, "it expired at 2026-01-01"),
    "of another text": ({"step_digest": "00"}, "it was given for another text of the step"),
    "of a guard that allows none": ({"check": "target-identity"}, "what target-identity finds cannot be waived"),
    "over another journal": ({"head": Head(2, "0" * 64)}, "its signer saw line 2 of a journal"),
}


@pytest.mark.parametrize(("how", "because"), WAIVERS.values(), ids=WAIVERS)
def test_a_waiver_is_not_taken_in(stage, blocked, how, because):
    run, body = blocked
    refused(stage, run, written(stage, body, run, "clean", **how), because)


def test_a_waiver_of_another_step_or_run_is_not_taken_in(stage, blocked):
    run, body = blocked
    refused(stage, run, written(stage, body, run, "other"), "the step was not reached")
    refused(stage, run, written(stage, body, "261123-zzzzzz", "clean"), "signed for another run: 261123-zzzzzz")


def test_what_is_no_waiver_of_this_version_is_malformed(stage, blocked):
    run, body = blocked
    refused(stage, run, written(stage, body, run, "clean", limits={"rows": "many"}), "the statement is malformed")


def test_a_look_that_came_as_text_closes_the_run(stage, broken):
    run, body = broken
    record = taken(stage, run, written(stage, body, run, None))
    assert (record.body.name, record.person, record.step) == ("breakglass.reviewed", "bob", None)
    assert post_review(stage.records(run), stage.config.config).state == "done"
    assert stage.problems() == []
    refused(stage, run, written(stage, body, run, None), "no broken glass that nobody has looked at")


LOOKS = {
    "of whoever broke it": (None, {"person": "alice", "as_team": "ops"}, "alice took part in the run"),
    "of a team not asked": (None, {"person": "carol", "as_team": "ops"}, "carol is in no team that was done without"),
    "in another's name": (None, {"signer": "carol"}, "belongs to carol, not to bob"),
    "at a step": ("clean", {}, "what was signed and what the line says differ in step, subject"),
}


@pytest.mark.parametrize(("step", "how", "because"), LOOKS.values(), ids=LOOKS)
def test_a_look_is_not_taken_in(stage, broken, step, how, because):
    run, body = broken
    refused(stage, run, written(stage, body, run, step, **how), because)


def test_what_waits_for_an_exception_travels_with_the_lines_of_its_run(stage, broken):
    run, _ = broken
    with contextlib.closing(stage.journal()) as journal:
        text = export_request(journal.records(), run, None, journal.head())
    found = import_request(text)
    assert (found.step, [one.seq for one in found.records]) == (None, [one.seq for one in stage.records(run)])


def test_a_run_without_a_broken_glass_is_not_sent_to_be_looked_at(stage, blocked):
    run, _ = blocked
    with contextlib.closing(stage.journal()) as journal:
        with pytest.raises(UsageError, match="has no broken glass that somebody could look at"):
            export_request(journal.records(), run, None, journal.head())
        assert import_request(export_request(journal.records(), run, "clean", journal.head())).step == "clean"
    assert not any(isinstance(one.body, RunClosed) for one in stage.records(run))
