"""An operator waits in one terminal; a second person looks and decides in another."""

import json
from pathlib import Path

import pytest
import yaml

from runner.review.keys import generate_key
from tests.e2e.stage import PURGE

ASK_FIRST = """\
  - id: look
    title: Look at the graphs
    manual: Is the load low?
    expected: It is.
"""
DECIDE = "> approve, reject, leave:"
REFUSALS = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text())


def waiting(stage):
    """alice, at the moment at which her run waits for a second person."""
    terminal = stage.sit_down("alice", "run", "purge.yaml")
    terminal.see("waits for approval under cross-review", "shisa review")
    return terminal


@pytest.fixture
def operator(stage):
    return waiting(stage)


@pytest.mark.parametrize("tool", ["ssh-keygen", "cryptography"])
def test_the_operator_goes_on_when_the_second_person_has_signed(stage, tool):
    stage.sign_with(tool)
    operator = waiting(stage)
    run = stage.run_id()
    reviewer = stage.sit_down("bob", "review", run)
    reviewer.see(
        "purge of purge",
        f"database {stage.database.name}",
        "asked by alice",
        "What it does",
        "can be undone",
        "The exact text",
        "DELETE FROM session WHERE ended",
        "What is different",
        "What the guards measured",
        "Who has approved",
        "1 of dev",
        "Until when",
        "bob, what do you decide?",
        DECIDE,
    )
    reviewer.type("approve")
    reviewer.see("Which target does this run on?")
    reviewer.type("staging")
    reviewer.see("Which target does this run on?")
    reviewer.type("live")
    reviewer.see("What is the name of the target's database?")
    reviewer.type(stage.database.name)
    reviewer.see(f"purge of {run}: approved by bob, signed")
    assert reviewer.ended() == 0
    assert stage.sessions() == 10

    operator.see("purge by bob as dev", "Type purge to go on")
    operator.type("purge")
    operator.see("DONE", "purge", "is completed")
    assert operator.ended() == 0
    assert stage.sessions() == 7
    given = next(one.body for one in stage.records() if one.body.name == "approval.given")
    assert '"wrong_answers":1' in given.statement
    assert '"target":"live"' in given.statement
    assert given.signature.startswith("-----BEGIN SSH SIGNATURE-----")


def test_each_sees_what_the_other_does(stage, operator):
    """The operator is told who looks, and the reviewer sees the run go on after signing."""
    before = stage.events()
    reviewer = stage.sit_down("bob", "review", stage.run_id(), "--follow")
    operator.see("bob is looking at it now")
    assert stage.events() == before
    stage.read_back(reviewer)
    reviewer.see("approved by bob, signed")
    operator.see("APPROVED", "purge by bob as dev (signed, primed", "Type purge to go on")
    operator.type("purge")
    reviewer.see("START", "purge", "DONE", "CLOSED", "completed")
    assert reviewer.ended() == 0
    assert operator.ended() == 0


def test_a_rejection_ends_the_waiting_with_its_reason(stage, operator):
    reviewer = stage.sit_down("bob", "review", stage.run_id())
    reviewer.see("what do you decide?", DECIDE)
    reviewer.type("reject")
    reviewer.see("Why is it rejected?")
    reviewer.type("")
    reviewer.see("Why is it rejected?")
    reviewer.type("the sessions of tenant 7 are needed for an audit")
    reviewer.see("rejected by bob, signed")
    assert reviewer.ended() == 0
    operator.see("the sessions of tenant 7 are needed for an audit")
    assert operator.ended() == 4
    assert stage.sessions() == 10


def test_leaving_decides_nothing(stage, operator):
    before = stage.events()
    reviewer = stage.sit_down("bob", "review", stage.run_id())
    reviewer.see("what do you decide?", DECIDE)
    reviewer.type("leave")
    assert reviewer.ended() == 0
    reviewer = stage.sit_down("bob", "review", stage.run_id())
    reviewer.see("what do you decide?", DECIDE)
    reviewer.press("d")
    reviewer.see("nothing was decided")
    assert reviewer.ended() == 0
    assert stage.events() == before
    inbox = stage.shisa("bob", "review")
    assert inbox.code == 0
    assert f"{stage.run_id()}  purge  Remove the sessions" in inbox.said
    assert "asked by alice" in inbox.said
    assert "missing: 1 of dev for cross-review: bob, dan" in inbox.said


def test_what_is_read_back_wrong_twice_is_not_signed(stage, operator):
    before = stage.events()
    reviewer = stage.sit_down("bob", "approve", stage.run_id(), "purge")
    reviewer.see("Which target does this run on?")
    reviewer.type("staging")
    reviewer.see("That is not what the screen shows", "Which target does this run on?")
    reviewer.type("production")
    reviewer.see("what was read back is not what the screen shows", "nothing is signed")
    assert reviewer.ended() == 4
    assert stage.events() == [*before, "note"]
    note = stage.records()[-1]
    assert (note.person, note.step) == ("bob", "purge")
    assert "read back twice what the screen of purge does not show; nothing was signed" in note.body.text


def test_whoever_may_not_sign_is_told_why_before_they_read_anything_back(stage, operator):
    run, before = stage.run_id(), stage.events()
    for case in REFUSALS:
        words = [word.format(run=run, homes=stage.folder / "homes") for word in case["call"]]
        reviewer = stage.sit_down(case["who"], *words, columns=200)
        reviewer.see(case["because"].format(run=run), case["hint"])
        assert reviewer.ended() == case["code"], case
    assert stage.events() == before


def test_the_operator_under_another_name_is_still_the_operator(stage):
    """alice opens a run, hands her key to an invented colleague in dev, and signs with it."""
    stage.runbook(PURGE.replace("steps:\n", f"steps:\n{ASK_FIRST}"))
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("Is look done?", "done, stop:")
    operator.press("d")
    assert operator.ended() == 5
    generate_key(stage.home("alice") / "new", "alice@example")
    stage.configure(
        people={
            "alice": {"teams": ["ops"], "keys": [(stage.home("alice") / "new.pub").read_text().strip()]},
            "zoe": {"teams": ["dev"], "keys": [stage.public("alice")]},
        }
    )
    alice = ("--person", "alice", "--key", stage.home("alice") / "new")
    waits = stage.shisa("alice", "resume", stage.run_id(), "--detach", "--answers", stage.answers(look="done"), *alice)
    assert waits.code == 6, waits.said
    before = stage.events()
    reviewer = stage.sit_down("alice", "approve", stage.run_id(), "purge", "--person", "zoe", columns=200)
    reviewer.see("is the one that alice, the operator, signed with")
    assert reviewer.ended() == 4
    assert stage.events() == before


def test_one_key_of_two_people_is_refused_wherever_it_is_read(stage, operator):
    whole = json.loads(stage.config.read_text())
    whole["people"]["zoe"] = {"teams": ["dev"], "keys": [stage.public("alice")]}
    stage.config.write_text(json.dumps(whole, indent=1))
    for words in (("review", stage.run_id()), ("run", "purge.yaml"), ("resume", stage.run_id())):
        refused = stage.sit_down("alice", *words, "--person", "zoe", columns=200)
        refused.see(
            "alice and zoe share one key, so nobody could tell who signed", "hint: Each person needs an own key"
        )
        assert refused.ended() == 2


def test_a_reviewer_with_other_policies_than_the_operator_is_told_to_compare_them(stage, operator):
    whole = json.loads(stage.config.read_text())
    whole["policies"]["cross-review"]["need"] = [{"team": "cs", "n": 1}]
    other = stage.folder / "other.yaml"
    other.write_text(json.dumps(whole))
    reviewer = stage.sit_down("eve", "approve", stage.run_id(), "purge", "--config", other, columns=200)
    reviewer.see("your shisa.yaml has other people or policies than the operator's", f"compare {other}")
    assert reviewer.ended() == 4
