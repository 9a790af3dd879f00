"""Consecutive steps of one group: one request, one signature, and any deviation ends it."""

import pytest

from runner.engine.ports import wall_clock
from runner.journal.events import GuardsAsked, StepIntended, StepResolved
from runner.review.requests import requests_of
from tests.runner.engine.stage import Player

HEAD = "params: {who: {type: integer, default: 2}}\n"


def step(number: int, sql: str, more: str = "", group: str = "together") -> str:
    return (
        f"  - id: part{number}\n    title: Part {number}\n    target: live\n    sql: {sql}\n"
        f"    approval: cross\n    group: {group}\n{more}"
    )


THREE = step(1, "DELETE FROM account WHERE id = 1") + step(2, "DELETE FROM account WHERE id = :who")
THREE += step(3, "DELETE FROM account WHERE id = 3")


def states(play):
    return {each.id: each.state for each in requests_of(play.session.records, play.session.config.config, wall_clock())}


def test_a_group_is_asked_for_once_and_each_step_uses_its_own_part(stage, accounts):
    stage.write(THREE, head=HEAD)
    play = stage.play(Player(on_wait=stage.sign))
    assert play.ending.exit_code == 0, play.reason
    (request,) = play.bodies("approval.requested")
    assert (request.group, [part.step for part in request.parts]) == ("together", ["part1", "part2", "part3"])
    assert request.target == play.session.targets.of("live").bound.fingerprint
    assert [part.step_digest for part in request.parts] == [
        play.bodies("step.entered", part.step)[0].step_digest for part in request.parts
    ]
    assert [body.requests for body in play.bodies("step.intended")] == [(request.request,)] * 3
    assert play.names.count("approval.given") == 1
    assert set(states(play).values()) == {"consumed"}
    assert accounts() == []
    assert stage.problems() == []


def test_the_operator_still_starts_each_step_by_hand(stage, accounts):
    stage.write(THREE, head=HEAD)
    first = stage.play(Player(on_wait=stage.sign, answers={"part2": "stop"}))
    assert (first.state, accounts()) == ("stopped", [2, 3])
    again = stage.resume(first.run)
    assert (again.state, accounts()) == ("completed", [])
    assert again.names.count("approval.requested") == 1


NEEDS = {
    "in its statement": step(2, "DELETE FROM account WHERE id = :gone + 1"),
    "in its condition": step(2, "DELETE FROM account WHERE id = 2", "    when: gone == 1\n"),
}


@pytest.mark.parametrize("second", NEEDS.values(), ids=NEEDS)
def test_a_step_that_needs_what_an_earlier_one_leaves_is_asked_for_later(stage, accounts, second):
    captured = "    capture: {gone: {column: id, type: integer}}\n"
    stage.write(
        step(1, "DELETE FROM account WHERE id = 1 RETURNING id", captured)
        + second
        + step(3, "DELETE FROM account WHERE id = 3")
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert play.ending.exit_code == 0, play.reason
    asked = play.bodies("approval.requested")
    assert [[part.step for part in each.parts] for each in asked] == [[], ["part2", "part3"]]
    assert accounts() == []


def test_another_group_or_a_step_between_begins_another_request(stage, accounts):
    between = "  - {id: look, title: Look, manual: Look at it.}\n"
    stage.write(
        step(1, "DELETE FROM account WHERE id = 1")
        + step(2, "DELETE FROM account WHERE id = 2", group="other")
        + between
        + step(3, "DELETE FROM account WHERE id = 3", group="other")
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert [(body.group, body.parts) for body in play.bodies("approval.requested")] == [(None, ())] * 3
    assert accounts() == []


def test_a_step_of_the_group_that_needs_no_approval_is_left_out_and_does_not_end_it(stage, accounts):
    look = "  - {id: look, title: Look, manual: Look at it., expected: It is there., group: together}\n"
    first, last = (step(number, f"DELETE FROM account WHERE id = {number}") for number in (1, 3))
    stage.write(first + look + last)
    play = stage.play(Player(on_wait=stage.sign))
    assert play.ending.exit_code == 0, play.reason
    (request,) = play.bodies("approval.requested")
    assert [part.step for part in request.parts] == ["part1", "part3"]
    assert accounts() == [2]


def test_a_step_on_another_target_is_asked_for_apart(stage, accounts):
    stage.settings["targets"]["copy"] = stage.settings["targets"]["live"]
    stage.save()
    other = step(2, "DELETE FROM account WHERE id = 2").replace("target: live", "target: copy")
    stage.write(step(1, "DELETE FROM account WHERE id = 1") + other + step(3, "DELETE FROM account WHERE id = 3"))
    stage.runbook.write_text(stage.runbook.read_text().replace("{live: {}}", "{live: {}, copy: {}}"))
    play = stage.play(Player(on_wait=stage.sign))
    assert play.ending.exit_code == 0, play.reason
    assert [body.parts for body in play.bodies("approval.requested")] == [(), (), ()]


def test_a_step_whose_condition_is_false_is_not_in_the_request(stage, accounts):
    stage.write(
        step(1, "DELETE FROM account WHERE id = 1")
        + step(2, "DELETE FROM account WHERE id = 2", "    when: who == 9\n")
        + step(3, "DELETE FROM account WHERE id = 3"),
        head=HEAD,
    )
    play = stage.play(Player(on_wait=stage.sign))
    (request,) = play.bodies("approval.requested")
    assert [part.step for part in request.parts] == ["part1", "part3"]
    assert accounts() == [2]


def test_a_failure_in_the_middle_ends_the_rest_of_the_approval(stage, accounts, database):
    stage.write(THREE.replace("id = :who", "id = :who AND 1 / (balance - 20) = 0"), head=HEAD)
    first = stage.play(Player(on_wait=stage.sign))
    assert (first.state, accounts()) == ("failed", [2, 3])
    assert set(states(first).values()) == {"stale"}
    database.execute("UPDATE account SET balance = 25 WHERE id = 2")
    again = stage.resume(first.run, detach=True)
    assert again.state == "waiting"
    old, new = again.bodies("approval.requested")
    assert [part.step for part in new.parts] == ["part2", "part3"]
    assert states(again) == {old.request: "stale", new.request: "waiting"}
    stage.sign()
    assert stage.resume(first.run).state == "completed"


@pytest.mark.parametrize("seen", ["done", "not-done"])
def test_what_somebody_had_to_look_up_in_the_middle_ends_the_rest_of_the_approval(stage, accounts, seen):
    stage.write(THREE, head=HEAD)
    first = stage.play(Player(on_wait=stage.sign, answers={"part1": "stop"}))
    (request,) = first.bodies("approval.requested")
    journal = stage.journal("alice")
    begun = StepIntended(step_digest=request.parts[0].step_digest, requests=(request.request,))
    for body in (begun, StepResolved(outcome=seen, reason="looked in psql")):  # killed between the intent and its end
        journal.append(body, run=first.run, step="part1", person="alice")
    journal.close()
    again = stage.resume(first.run, detach=True)
    assert again.state == "waiting"
    old, new = again.bodies("approval.requested")
    assert [part.step for part in new.parts] == ["part1"] * (seen == "not-done") + ["part2", "part3"]
    assert states(again) == {old.request: "stale", new.request: "waiting"}
    assert accounts() == [1, 2, 3]


GUARDED = "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}, severity: warn}]}\n"


def test_what_got_worse_for_one_step_ends_the_approval_of_all_that_are_left(stage, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (2, 'twin')")
    stage.write(
        step(1, "INSERT INTO child VALUES (3, 'twin')")
        + step(2, "DELETE FROM ONLY account WHERE id = 1", GUARDED)
        + step(3, "UPDATE account SET balance = 0 WHERE id = 2")
    )
    play = stage.play(Player(on_wait=stage.sign), detach=False)
    assert play.ending.exit_code == 0, play.reason
    (stale,) = play.bodies("approval.stale")
    assert [one for one in stale.reasons if "duplicate_keys was accepted up to 1 and is 2 now" in one]
    old, new = play.bodies("approval.requested")
    assert [part.step for part in new.parts] == ["part2", "part3"]
    assert states(play) == {old.request: "stale", new.request: "consumed"}


def test_a_guard_that_objects_after_a_step_ends_the_rest(stage, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account)")
    after = "    guards: {after: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}\n"
    stage.write(
        step(1, "INSERT INTO child VALUES (3, 'twin')", after) + step(2, "DELETE FROM ONLY account WHERE id = 1")
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "blocked"
    assert [body for body in play.bodies("guards.asked") if isinstance(body, GuardsAsked) and body.moment == "after"]
    assert set(states(play).values()) == {"stale"}
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 2, 3]


def test_a_guard_that_closes_the_gate_of_a_later_step_keeps_the_first_from_being_asked_for(stage, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (2, 'twin')")
    stage.write(
        step(1, "DELETE FROM account WHERE id = 1")
        + step(2, "DELETE FROM account WHERE id = 3", GUARDED.replace(", severity: warn", ""))
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "blocked"
    assert "part2: duplicate-keys-in-tree says block" in play.reason
    assert "approval.requested" not in play.names
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 2, 3]


@pytest.mark.parametrize("decision", ["reject", "approve"])
def test_a_decision_about_a_group_is_a_decision_about_all_of_it(stage, accounts, decision):
    stage.write(THREE, head=HEAD)
    first = stage.play(detach=True)
    stage.sign(decision=decision, reason="not now")
    steps = stage.resume(first.run, Player(answers={"part1": "stop"})).session.state.steps
    refused = {path: step.refused for path, step in steps.items()}
    wanted = "rejected by bob: not now" if decision == "reject" else None
    assert refused == dict.fromkeys(["part1", "part2", "part3"], wanted)
