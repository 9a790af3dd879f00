"""Loops: approved once, journaled each, resumed where they stopped."""

import msgspec

from runner.engine.fold.loops import pause_before
from runner.engine.fold.state import State, StepState
from runner.engine.ports import wall_clock
from runner.journal.events import ItemsExpanded, StepEntered
from runner.review.approval import Request, verify_approval
from runner.review.sshsig import Refused
from runner.terminal.history import limits
from tests.runner.engine.simulated_world import OPENED
from tests.runner.engine.stage import Player

FOR_EACH = """\
  - id: each
    title: One account after the other
    target: live
    for_each:
      query: SELECT id FROM account ORDER BY id
      as: account
      steps:
        - id: empty
          title: Empty account {{ account }}
          target: live
          sql: UPDATE account SET balance = 0 WHERE id = :account
          expect: {rows: 1}
          approval: cross
"""


def test_a_for_each_lists_its_items_before_it_is_approved_once(stage, accounts):
    stage.write(FOR_EACH)
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    assert play.bodies("items.expanded")[0].items == (1, 2, 3)
    assert play.names.index("items.expanded") < play.names.index("approval.requested")
    assert len(play.bodies("approval.requested")) == 1
    assert [each.step for each in play.session.records if each.body.name == "step.ended"] == [
        "each[1]/empty",
        "each[2]/empty",
        "each[3]/empty",
        "each",
    ]
    assert accounts("SELECT sum(balance)::int FROM account") == [0]


def test_items_that_are_not_approved_are_not_touched(stage, accounts):
    stage.write(FOR_EACH)
    play = stage.play(Player(on_wait=lambda view, request: stage.sign(view, request, decision="reject", reason="no")))
    assert (play.state, play.ending.exit_code) == ("rejected", 4)
    assert accounts("SELECT sum(balance)::int FROM account") == [60]


def test_a_failed_iteration_is_made_again_by_resume_and_the_done_ones_are_not(stage, accounts, database):
    database.execute(
        "CREATE TABLE visit (account int);"
        "CREATE FUNCTION visit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  IF NEW.id = 2 AND current_setting('shisa.broken', true) IS DISTINCT FROM 'no' THEN RAISE 'broken'; END IF;"
        "  INSERT INTO visit VALUES (NEW.id); RETURN NEW; END $$;"
        "CREATE TRIGGER visit BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION visit();"
    )
    stage.write(FOR_EACH)
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert play.reason.startswith("each[2]/empty: rolled back: broken")
    database.execute(
        "DROP TRIGGER visit ON account; CREATE TRIGGER visit BEFORE UPDATE ON account FOR EACH ROW "
        "WHEN (NEW.id <> 2) EXECUTE FUNCTION visit()"
    )
    again = stage.resume(play.run, Player(on_wait=stage.sign))
    assert again.state == "completed"
    assert accounts("SELECT account FROM visit ORDER BY 1") == [1, 3]
    assert stage.problems() == []


def test_a_repeat_ends_when_there_is_nothing_left(stage, accounts):
    stage.write(
        "  - id: purge\n    title: In batches\n    target: live\n    approval: cross\n"
        "    sql: DELETE FROM account WHERE id IN (SELECT id FROM account LIMIT 2)\n"
        "    expect: {rows: {max: 2}}\n    repeat: {until: {rows: 0}, max: 9}\n"
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    assert [body.rows for body in play.bodies("step.ended")] == [(2,), (1,), (0,), ()]
    assert len(play.bodies("approval.requested")) == 1
    assert accounts() == []


def test_a_repeat_that_never_ends_is_told_and_what_it_did_stands(stage, accounts):
    stage.write(
        "  - id: grow\n    title: Grow\n    target: live\n"
        "    sql: INSERT INTO account SELECT max(id) + 1, 'x' FROM account\n    repeat: {until: {rows: 0}, max: 3}\n"
    )
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert "not at its end after 3 iterations, 3 rows in all; the iterations stand" in play.reason
    assert accounts() == [1, 2, 3, 4, 5, 6]


PURGE = """\
  - id: purge
    title: In batches
    target: live
    approval: cross
    sql: DELETE FROM account WHERE id IN (SELECT id FROM account LIMIT 1)
    repeat: {until: {rows: 0}, max: 9, total_rows: BOUNDS}
"""


def test_a_repeat_begins_nothing_more_once_it_has_touched_more_rows_than_it_may_in_all(stage, accounts):
    stage.write(PURGE.replace("BOUNDS", "{max: 1}"))
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert "2 iterations, 2 rows in all, expected at most 1; the iterations stand" in play.reason
    assert len(accounts()) == 1


def test_a_repeat_that_touches_fewer_rows_than_it_must_in_all_has_failed(stage, accounts):
    stage.write(PURGE.replace("BOUNDS", "{min: 4, max: 9}"))
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert "4 iterations, 3 rows in all, expected 4 to 9; the iterations stand" in play.reason
    stage.write(PURGE.replace("BOUNDS", "0"))
    assert stage.play(Player(on_wait=stage.sign)).state == "completed"


def test_the_numbers_of_a_repeat_may_be_parameters(stage, accounts):
    stage.write(
        "  - id: purge\n    title: In batches\n    target: live\n    approval: cross\n"
        "    sql: DELETE FROM account WHERE id IN (SELECT id FROM account LIMIT 2)\n"
        "    repeat: {until: {rows: '{{ none }}'}, max: '{{ most }}', pause: '{{ breath }}',"
        " total_rows: {max: '{{ all }}'}}\n",
        head="params:\n  none: {type: integer, default: 0}\n  most: {type: integer, default: 9}\n"
        "  all: {type: integer, default: 3}\n  breath: {type: duration, default: 1ms}\n",
    )
    assert stage.play(Player(on_wait=stage.sign)).state == "completed"
    assert accounts() == []


def test_the_pause_of_a_for_each_may_be_a_parameter(stage, accounts):
    steps = with_keys("      pause: '{{ breath }}'\n")
    stage.write(steps, head="params: {breath: {type: duration, default: 1ms}}\n")
    assert stage.play(Player(on_wait=stage.sign)).state == "completed"
    assert accounts("SELECT sum(balance)::int FROM account") == [0]


BROKEN = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;"
    "CREATE TRIGGER refuse BEFORE UPDATE ON account FOR EACH ROW WHEN (NEW.id <= {last}) EXECUTE FUNCTION refuse()"
)


def with_keys(keys):
    return FOR_EACH.replace("      as: account\n", f"      as: account\n{keys}")


def test_items_that_fail_are_told_when_the_others_are_done_and_made_again(stage, accounts, database):
    database.execute(BROKEN.format(last=1))
    stage.write(with_keys("      stop_after_failures: 2\n"))
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert play.reason.startswith("each[1]/empty: rolled back: broken")
    assert accounts("SELECT balance FROM account ORDER BY id") == [10, 0, 0]
    database.execute("DROP TRIGGER refuse ON account")
    again = stage.resume(play.run, Player(on_wait=stage.sign))
    assert again.state == "completed"
    assert accounts("SELECT balance FROM account ORDER BY id") == [0, 0, 0]
    assert stage.problems() == []


def test_a_loop_stops_at_as_many_failures_as_it_says(stage, accounts, database):
    database.execute(BROKEN.format(last=2))
    stage.write(with_keys("      stop_after_failures: 2\n"))
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "failed"
    assert accounts("SELECT balance FROM account ORDER BY id") == [10, 20, 30]


def test_the_operator_is_asked_once_behind_the_canaries(stage, accounts):
    stage.write(with_keys("      canary: 1\n"))
    player = Player({"each[2]/empty": "stop"}, on_wait=stage.sign)
    play = stage.play(player)
    assert (play.state, play.ending.exit_code) == ("stopped", 5)
    assert accounts("SELECT balance FROM account ORDER BY id") == [0, 20, 30]
    player = Player(on_wait=stage.sign)
    assert stage.resume(play.run, player).state == "completed"
    assert [view.path for view in player.seen] == ["each[2]/empty"]
    assert accounts("SELECT balance FROM account ORDER BY id") == [0, 0, 0]


def test_batches_pause_between_them_only():
    loop = {"as": "n", "items": [1, 2, 3, 4, 5], "batch": 2, "pause": "3s", "steps": [{"id": "a"}, {"id": "b"}]}
    rendered = {"for_each": loop}
    entered = StepEntered(kind="for_each", title="", step_digest="0", rendered=rendered, destructive=False)
    state = State("261127-abcdef", OPENED, "alice", "", steps={"each": StepState("each", entered=entered)})
    paths = [f"each[{number}]/{inner}" for number in range(1, 6) for inner in "ab"]
    assert [path for path in paths if pause_before(state, path)] == ["each[3]/a", "each[5]/a"]


def test_items_that_come_after_those_that_were_approved_are_no_items(stage, accounts):
    def add(view):
        journal = stage.journal()
        journal.append(ItemsExpanded(items=(1, 2, 3)), run=view.run, step="each", person="alice")
        journal.close()

    stage.write(FOR_EACH.replace("ORDER BY id", "WHERE id = 1"))
    play = stage.play(Player(on_wait=stage.sign, on_go=add))
    assert play.state == "completed"
    assert accounts("SELECT balance FROM account ORDER BY id") == [0, 20, 30]


def test_the_items_are_signed(stage, accounts):
    stage.write(FOR_EACH)
    play = stage.play(Player(on_wait=stage.sign))
    (request,) = play.bodies("approval.requested")
    assert limits(request) == ("3 items: [1, 2, 3]",)
    (given,) = play.bodies("approval.given")
    others = msgspec.structs.replace(request, envelope=request.envelope | {"items": [1]})
    shown = Request(play.run, "each", next(iter(play.session.records)).at, others)
    found = verify_approval(
        given.statement, given.signature, shown, people=stage.config.config.people, now=wall_clock()
    )
    assert found == Refused("it was signed within other limits than the request's")


def test_a_loop_needs_the_policies_of_every_target_that_its_steps_work_on(stage, accounts):
    stage.settings["policies"]["strict"] = {"need": [{"team": "dev", "n": 1}, {"team": "ops", "n": 1}]}
    stage.settings["targets"]["prod"] = {**stage.settings["targets"]["live"], "policy": "strict"}
    stage.save()
    stage.write(FOR_EACH.replace("          target: live", "          target: prod"))
    stage.runbook.write_text(stage.runbook.read_text().replace("{live: {}}", "{live: {}, prod: {}}"))
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert request.policies == ("cross", "strict")
    assert accounts("SELECT sum(balance)::int FROM account") == [60]
