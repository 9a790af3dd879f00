"""A reviewer waives a named finding: who may, for which object, within which limit, until when."""

import dataclasses
from datetime import timedelta

import msgspec
import pytest

from runner.engine.fold.state import fold
from runner.engine.guard.waivable import closing_finding, waiver_of
from runner.engine.ports import stamp, wall_clock
from runner.errors import ApprovalError, UsageError
from runner.journal.events import RunHandedOver
from runner.report.flags import flags
from runner.report.summary import summary
from runner.review.ledger import operator_keys
from runner.review.waivers import waivers_of
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE

GUARDED = DELETE + "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}\n"
NAME = "duplicate-keys-in-tree:public.account"


@pytest.fixture
def twins(stage, database):
    """Two tables of one tree share a key, so that the gate is closed; dev may waive that."""
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    stage.settings["policies"]["cross"]["waive"] = [{"team": "dev", "n": 1}]
    stage.save()
    stage.write(GUARDED)
    return database


def waive(stage, run, *, person="bob", team="dev", hours=1.0, name="duplicate-keys-in-tree", keys=(), **changes):
    """Do what ``shisa waive`` does; ``changes`` are made after the finding was measured."""
    now = wall_clock()
    state = fold(stage.records(run))
    item, finding = closing_finding(state, "clean", name)
    until = stamp(now + timedelta(hours=hours))
    body = waiver_of(
        state,
        "clean",
        item,
        finding,
        reason="the copy is dropped tonight",
        until=until,
        as_team=team,
        policy_digest=stage.config.digest,
    )
    stage.make_exception(msgspec.structs.replace(body, **changes), run, "clean", person, keys=keys)


def test_a_waived_finding_is_shown_and_does_not_close_the_gate(stage, twins, accounts):
    first = stage.play()
    assert (first.state, first.ending.exit_code) == ("blocked", 1)
    waive(stage, first.run)
    again = stage.resume(first.run, Player(on_wait=stage.sign))
    assert again.ending.exit_code == 0, again.reason
    asked = [body for body in again.bodies("guards.asked") if body.verdict == "warn"]
    assert [body.moment for body in asked] == ["before", "again"]
    (finding,) = [one for one in asked[0].evidence[0]["findings"] if "waived" in one]
    assert (finding["verdict"], finding["waived"]["by"]) == ("block", "bob")
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 3]
    assert stage.problems() == []
    assert flags(summary(stage.records(first.run), stage.config.config))[0].word == "WAIVER"


def test_a_run_that_waits_for_the_waiver_goes_on_at_once(stage, twins, accounts):
    asked = []

    def bob(gate):
        asked.append(gate.teams)
        waive(stage, gate.view.run)
        return "wait"

    play = stage.play(Player(on_closed=bob, on_wait=stage.sign))
    assert (play.ending.exit_code, asked) == (0, [("dev",)])
    assert "run.paused" not in play.names


def test_it_is_void_when_what_is_there_is_worse_than_its_limit(stage, twins, accounts):
    first = stage.play()
    waive(stage, first.run)
    twins.execute("INSERT INTO child VALUES (3, 'twin')")
    player = Player()
    again = stage.resume(first.run, player)
    assert again.state == "blocked"
    (said,) = player.said
    assert said.startswith("the waiver of bob for duplicate-keys-in-tree on public.account is void: ")
    assert said.endswith("duplicate_keys was accepted up to 1 and is 2 now")


def test_it_is_void_when_its_time_is_over_also_after_the_approval(stage, twins, accounts):
    first = stage.play()
    waive(stage, first.run, hours=0.2)
    waits = stage.resume(first.run, detach=True)
    assert waits.state == "waiting"
    stage.sign()
    later = wall_clock() + timedelta(minutes=13)
    player = Player()
    again = stage.resume(first.run, player, clock=lambda: later)
    assert again.ending.exit_code == 1
    (stale,) = again.bodies("approval.stale")
    assert "is block now, and was not when it was accepted" in " ".join(stale.reasons)
    assert any(said.startswith("a waiver of bob is void: it expired at ") for said in player.said)
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 2, 3]


def test_it_is_void_for_another_text_of_the_step(stage, twins):
    first = stage.play()
    waive(stage, first.run)
    lines = stage.records(first.run)
    config, now = stage.config.config, wall_clock()
    assert [one.by for one in waivers_of(lines, "clean", config, now).holding] == ["bob"]
    entered = next(one for one in lines if one.body.name == "step.entered")
    other = dataclasses.replace(entered, body=msgspec.structs.replace(entered.body, step_digest="11"))
    found = waivers_of([*lines, other], "clean", config, now)
    assert (found.holding, found.refused) == ((), (("bob", "it was given for another text of the step"),))


WHO = {
    "the operator": (
        {"person": "alice", "team": "ops"},
        "alice is an operator of it, and nobody waives a finding of their own run",
    ),
    "another team": ({"person": "carol", "team": "ops"}, "carol as ops may not waive a finding of this step"),
    "a team that they are not in": ({"person": "carol", "team": "dev"}, "carol as dev may not waive a finding"),
    "a check that is not there": ({"check": "gone-by"}, "what gone-by finds cannot be waived"),
    "a check that is not to be waived": ({"check": "target-identity"}, "what target-identity finds cannot be waived"),
}


@pytest.mark.parametrize(("how", "reason"), WHO.values(), ids=WHO)
def test_what_does_not_count_leaves_the_gate_shut_and_says_why(stage, twins, how, reason):
    """The line is journaled by hand, past what the command line refuses."""
    first = stage.play()
    waive(stage, first.run, **how)
    player = Player()
    assert stage.resume(first.run, player).state == "blocked"
    assert any(reason in said for said in player.said)


def test_no_line_about_another_finding_or_limit_than_was_signed_counts(stage, twins):
    first = stage.play()
    waive(stage, first.run)
    lines = stage.records(first.run)
    given = lines[-1]
    for change in (
        {"object": "public.other"},
        {"limits": {"duplicate_keys": 99}},
        {"until": stamp(wall_clock() + timedelta(days=9))},
    ):
        forged = dataclasses.replace(given, body=msgspec.structs.replace(given.body, **change))
        found = waivers_of([*lines[:-1], forged], "clean", stage.config.config, wall_clock())
        assert not found.holding
        assert "what was signed and what the line says differ" in found.refused[0][1]


def test_where_a_policy_asks_two_people_one_is_not_enough_and_the_stricter_holds(stage, twins):
    stage.settings["policies"]["cross"]["waive"] = [{"team": "dev", "n": 1}, {"team": "ops", "n": 1}]
    stage.save()
    first = stage.play()
    waive(stage, first.run)
    assert waivers_of(stage.records(first.run), "clean", stage.config.config, wall_clock()).holding == ()
    assert stage.resume(first.run).state == "blocked"
    waive(stage, first.run, person="carol", team="ops", limits={"duplicate_keys": 0})
    player = Player()
    assert stage.resume(first.run, player).state == "blocked"
    assert "duplicate_keys was accepted up to 0 and is 1 now" in player.said[0]
    waive(stage, first.run, person="carol", team="ops")
    waivers = waivers_of(stage.records(first.run), "clean", stage.config.config, wall_clock()).holding
    assert waivers[0].by == "bob and carol"


def test_a_policy_that_names_nobody_lets_nobody_waive(stage, twins):
    del stage.settings["policies"]["cross"]["waive"]
    stage.save()
    asked = []
    play = stage.play(Player(on_closed=lambda gate: asked.append(gate.teams) or "stop"))
    assert (play.state, asked) == ("blocked", [()])


def test_a_guard_that_could_not_look_can_be_waived_as_a_whole(stage, twins, accounts):
    stage.write(GUARDED.replace("public.account", "public.gone"))
    first = stage.play()
    assert "duplicate-keys-in-tree says unknown" in first.reason
    waive(stage, first.run)
    assert stage.resume(first.run, Player(on_wait=stage.sign)).ending.exit_code == 0


def test_the_operators_key_under_another_name_waives_nothing(stage, twins):
    first = stage.play()
    keys = operator_keys(fold(stage.records(first.run)).opened, "alice")
    (stage.folder / "bob.key").write_bytes((stage.folder / "alice.key").read_bytes())
    (stage.folder / "bob.key.pub").write_bytes((stage.folder / "alice.key.pub").read_bytes())
    stage.settings["people"] = {"bob": {"teams": ["dev"], "keys": stage.settings["people"]["alice"]["keys"]}}
    stage.save()
    with pytest.raises(ApprovalError, match="is the one that the operator signed with"):
        waive(stage, first.run, keys=keys)


def test_who_took_the_run_over_waives_nothing_that_they_waived_before(stage, twins):
    first = stage.play()
    waive(stage, first.run)
    lines = stage.records(first.run)
    heir = dataclasses.replace(lines[-1], body=RunHandedOver(from_person="alice", to_person="bob"), step=None)
    found = waivers_of([*lines, heir], "clean", stage.config.config, wall_clock())
    assert found.refused == (("bob", "bob is an operator of it, and nobody waives a finding of their own run"),)


UNFIT = {
    "nothing-like-it": "nothing-like-it names 0 findings of clean",
    "duplicate-keys-in-tree:public.other": "names 0 findings",
}


@pytest.mark.parametrize(("name", "reason"), UNFIT.items())
def test_a_finding_that_is_not_there_is_not_waived(stage, twins, name, reason):
    first = stage.play()
    with pytest.raises(UsageError) as refused:
        closing_finding(fold(stage.records(first.run)), "clean", name)
    assert reason in refused.value.message
    assert refused.value.hint.startswith("these close the gate: duplicate-keys-in-tree")


def test_a_step_whose_gate_is_open_has_nothing_to_waive(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    with pytest.raises(UsageError, match="no guard keeps clean of run"):
        closing_finding(fold(stage.records(first.run)), "clean", "x")


ASKED_TWICE = (
    DELETE
    + """\
    guards:
      before:
        - {check: sql, with: {sql: "SELECT balance FROM account WHERE id = 3", at_most: 5}}
        - {check: sql, with: {sql: "SELECT count(*)::int FROM account WHERE owner = 'eve'", at_most: 0}}
"""
)


@pytest.fixture
def asked_twice(stage):
    """Two guards of one check, of which the first objects; dev may waive that."""
    stage.settings["policies"]["cross"]["waive"] = [{"team": "dev", "n": 1}]
    stage.save()
    stage.write(ASKED_TWICE)
    return stage


def test_what_one_guard_found_is_not_waived_where_another_of_the_same_check_finds_it(asked_twice, database, accounts):
    first = asked_twice.play()
    waive(asked_twice, first.run, name="sql")
    database.execute("INSERT INTO account VALUES (4, 'eve')")
    again = asked_twice.resume(first.run, detach=True)
    assert (again.state, again.reason) == ("blocked", "clean: sql says block: count is 1, and must be at most 0.")
    waive(asked_twice, first.run, name="sql#2:answer")
    waits = asked_twice.resume(first.run, detach=True)
    assert waits.state == "waiting", waits.reason
    assert accounts() == [1, 2, 3, 4]


def test_a_guard_that_could_not_look_is_not_waived_with_another_of_the_same_check(asked_twice, database):
    database.execute("ALTER TABLE account RENAME balance TO saldo")
    first = asked_twice.play()
    waive(asked_twice, first.run, name="sql")
    assert asked_twice.resume(first.run, detach=True).state == "waiting", "the first one's silence is waived"
    asked_twice.sign()
    database.execute("ALTER TABLE account RENAME owner TO holder")
    again = asked_twice.resume(first.run, detach=True)
    told = [(one.get("nth", 1), one["verdict"]) for one in again.bodies("guards.asked")[-1].evidence]
    assert told == [(1, "warn"), (2, "unknown")]
