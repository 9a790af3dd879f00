"""Taking a run back: order, cover by the approval, automatic ones, points of no return, failures, crashes."""

import functools
from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.journal.events import StepIntended
from tests.runner.engine.stage import Player

STEPS = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
    approval: cross
    rollback: {{sql: DELETE FROM account WHERE id = 4{auto}}}
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
    rollback: {{sql: "INSERT INTO account VALUES (2, 'ben', 20)"{auto}}}
  - id: break
    title: Fail
    target: live
    sql: SELECT 1 / 0
"""
ASKED, AUTO = STEPS.format(auto=""), STEPS.format(auto=", auto: true")


def signing(stage, **more):
    return Player(on_wait=stage.sign, **more)


def test_a_failed_run_is_taken_back_newest_step_first_under_the_approvals_it_had(stage, accounts):
    stage.write(ASKED)
    play = stage.play(signing(stage, back=True))
    assert (play.state, play.ending.exit_code) == ("rolled-back", 3)
    assert accounts() == [1, 2, 3]
    intended = [record.step for record in play.session.records if isinstance(record.body, StepIntended)]
    assert intended == ["add", "clean", "break", "clean.rollback", "add.rollback"]
    assert play.names.count("approval.requested") == 2
    assert play.bodies("rollback.begun")[0].paths == ("clean.rollback", "add.rollback")
    assert play.bodies("run.closed")[0].state == "rolled-back"
    assert stage.problems() == []


def test_the_operator_sees_what_is_done_and_what_stays_before_it_begins(stage):
    steps = ASKED.replace(
        """    rollback: {sql: "INSERT INTO account VALUES (2, 'ben', 20)"}\n""", "    no_rollback: they asked\n"
    )
    stage.write(steps)
    player = signing(stage)
    play = stage.play(player)
    view = player.seen[-1]
    assert [(undo.path, undo.target, undo.body) for undo in view.undos] == [
        ("add.rollback", "live", {"sql": "DELETE FROM account WHERE id = 4"})
    ]
    assert view.stays == (("clean", "they asked"),)
    assert play.state == "failed"
    assert "rollback.begun" not in play.names


def test_where_every_step_says_auto_nobody_is_asked(stage, accounts):
    stage.write(AUTO)
    player = signing(stage)
    play = stage.play(player)
    assert play.state == "rolled-back"
    assert play.bodies("rollback.begun")[0].auto
    assert accounts() == [1, 2, 3]


def test_one_step_that_does_not_say_auto_has_the_operator_asked_for_all(stage, accounts):
    stage.write(AUTO.replace(", auto: true", "", 1))
    assert stage.play(signing(stage)).state == "failed"
    assert accounts() == [1, 3, 4]


def test_a_run_that_was_left_failed_is_taken_back_later(stage, accounts):
    stage.write(ASKED)
    left = stage.play(signing(stage))
    assert accounts() == [1, 3, 4]
    stage.runbook.write_text(stage.runbook.read_text().replace("1 / 0", "1 / 1"))  # mended meanwhile: no hindrance
    assert stage.roll_back(left.run).state == "rolled-back"
    assert accounts() == [1, 2, 3]
    assert stage.problems() == []


def test_who_looks_at_the_rollback_and_leaves_it_has_a_run_that_can_be_resumed(stage, accounts):
    stage.write(ASKED)
    left = stage.play(signing(stage))
    again = stage.roll_back(left.run, Player())
    assert (again.state, again.reason) == ("stopped", "the operator left the run as it is")
    assert stage.resume(left.run, signing(stage)).state == "failed"
    assert accounts() == [1, 3, 4]


def test_behind_a_point_of_no_return_no_rollback_is_offered(stage, accounts):
    stage.write(
        ASKED.replace("    title: Delete an account\n", "    title: Delete an account\n    point_of_no_return: true\n")
    )
    player = signing(stage, back=True)
    play = stage.play(player)
    assert play.state == "failed"
    with pytest.raises(UsageError, match="clean is a point of no return, and it is done"):
        stage.roll_back(play.run)
    assert stage.records()[-1].body.reason.startswith("it cannot be taken back: clean is a point of no return")
    assert accounts() == [1, 3, 4]


def test_a_run_that_changed_nothing_has_nothing_to_take_back(stage):
    stage.write("  - {id: break, title: Fail, target: live, sql: SELECT 1 / 0}\n")
    play = stage.play(signing(stage, back=True))
    assert play.state == "failed"
    with pytest.raises(UsageError, match="there is nothing to take back"):
        stage.roll_back(play.run)


def test_a_rollback_that_fails_says_what_is_in_place_and_whom_to_wake_and_goes_on_from_there(stage, accounts, database):
    stage.write(ASKED, head="owner: ops\n")
    left = stage.play(signing(stage))
    database.execute("INSERT INTO account VALUES (2, 'bea', 0)")
    failed = stage.roll_back(left.run)
    assert (failed.state, failed.ending.exit_code) == ("rollback-failed", 9)
    assert "clean.rollback" in failed.reason
    assert "23505" in failed.reason
    assert failed.ending.standing == (
        "in place    add (its rollback was not tried)",
        "in place    clean (its rollback failed)",
        "not done    break",
        "wake        ops, the owner of practice",
    )
    assert accounts() == [1, 2, 3, 4], "add is not taken back before clean is"
    database.execute("DELETE FROM account WHERE id = 2")
    assert stage.resume(left.run).state == "rolled-back", "a resume can only go on with the rollback"
    assert accounts() == [1, 2, 3]
    assert stage.problems() == []


def test_a_rollback_waits_for_nobody_who_has_signed_the_step_but_for_one_where_nobody_had_to(stage, accounts):
    stage.write(ASKED.replace("    approval: cross\n", "", 1))
    asked = []

    def sign(view, request):
        asked.append(view.path)
        stage.sign(view, request)

    assert stage.play(Player(back=True, on_wait=sign)).state == "rolled-back"
    assert asked == ["clean", "add.rollback"]
    assert accounts() == [1, 2, 3]


def test_nothing_is_taken_back_while_an_outcome_is_unknown(stage, accounts):
    stage.write(ASKED.replace("sql: SELECT 1 / 0", "sql: SELECT pg_reload_conf(), 1 / 0\n    approval: cross"))
    play = stage.play(signing(stage, back=True))
    assert play.state == "unknown"
    again = stage.roll_back(play.run)
    assert (again.state, again.ending.exit_code) == ("unknown", 7)
    assert "break" in again.reason
    assert "shisa resolve" in again.ending.hint
    assert accounts() == [1, 3, 4]


BUILD = """\
  - id: build
    title: Build an index that cannot be
    target: live
    transaction: false
    sql: CREATE UNIQUE INDEX CONCURRENTLY twice ON account ((1))
    verify: SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('twice') AND indisvalid)
    cleanup: {{sql: DROP INDEX CONCURRENTLY IF EXISTS twice, transaction: false{auto}}}
    approval: cross
"""
LEFT = "SELECT count(*) FROM pg_class WHERE relname = 'twice'"


@pytest.mark.parametrize(("auto", "asked"), [("", ["build", "build.cleanup"]), (", auto: true", ["build"])])
def test_a_failed_step_is_tidied_up_after_before_anything_else(stage, accounts, auto, asked):
    stage.write(BUILD.format(auto=auto))
    player = signing(stage)
    play = stage.play(player)
    assert play.state == "failed"
    assert accounts(LEFT) == [0]
    assert [view.path for view in player.seen] == asked
    assert [body.outcome for body in play.bodies("step.ended", "build.cleanup")] == ["done"]
    assert play.names.count("approval.requested") == 1


def test_a_cleanup_that_was_stopped_is_asked_for_again_and_one_left_out_needs_a_reason(stage, accounts):
    stage.write(BUILD.format(auto=""))
    play = stage.play(signing(stage, answers={"build.cleanup": "stop"}))
    assert (play.state, accounts(LEFT)) == ("stopped", [1])
    again = stage.resume(play.run, signing(stage, answers={"build.cleanup": "skip"}))
    assert again.state == "failed"
    assert again.bodies("step.skipped", "build.cleanup")[0].reason == "build.cleanup was done yesterday"
    assert again.names.count("step.entered") == 2, "build itself was not begun anew"
    assert accounts(LEFT) == [1]


def test_taking_a_run_back_begins_with_the_cleanup_of_the_step_that_failed(stage, accounts):
    first = ASKED.split("  - id: clean")[0]
    stage.write(first + BUILD.format(auto=""))
    play = stage.play(signing(stage, answers={"build.cleanup": "stop"}))
    back = stage.roll_back(play.run)
    assert back.state == "rolled-back", back.reason
    assert back.bodies("rollback.begun")[0].paths == ("build.cleanup", "add.rollback")
    assert (accounts(LEFT), accounts()) == ([0], [1, 2, 3])


LOOP = """\
  - id: each
    title: One account after the other
    approval: cross
    for_each:
      items: [1, 2, 3]
      as: n
      steps:
        - id: raise
          title: Raise a balance
          target: live
          sql: UPDATE account SET balance = balance + 1 / (3 - :n) WHERE id = :n
          rollback: {sql: "UPDATE account SET balance = :n * 10 WHERE id = :n", target: live}
"""


def test_the_iterations_of_a_loop_that_are_done_are_taken_back_one_by_one(stage, accounts):
    stage.write(LOOP)
    play = stage.play(signing(stage, back=True))
    assert play.state == "rolled-back", play.reason
    assert play.bodies("rollback.begun")[0].paths == ("each[2]/raise.rollback", "each[1]/raise.rollback")
    assert accounts("SELECT balance FROM account ORDER BY id") == [10, 20, 30]


def test_a_rollback_in_a_file_of_answers_needs_each_of_its_steps_named(stage, accounts):
    from runner.engine.ports import Answers

    stage.write(ASKED)
    said = []
    left = stage.play(signing(stage))
    answers = {"*": "go", "clean.rollback": "go"}
    assert stage.roll_back(left.run, Answers(answers, said.append), unattended=True).state == "stopped"
    answers["add.rollback"] = "go"
    assert stage.roll_back(left.run, Answers(answers, said.append), unattended=True).state == "rolled-back"
    assert accounts() == [1, 2, 3]


def test_a_value_in_a_rollback_that_looks_like_a_template_stays_what_was_signed(stage, accounts):
    stage.write(
        "  - id: empty\n    title: Empty\n    target: live\n    approval: cross\n"
        "    sql: UPDATE account SET balance = 0 WHERE id = 1 RETURNING owner\n"
        "    capture: {gone: {column: owner, type: string}}\n"
        "    rollback: {command: [sh, -c, 'echo \"$0\" > said', '{{ note }}']}\n"
        "  - {id: broken, title: Broken, target: live, sql: SELECT 1 / 0}\n",
        head="params: {note: {type: string}}\n",
    )
    play = stage.play(Player(on_wait=stage.sign, back=True), params={"note": "{{ gone }}"})
    assert play.state == "rolled-back", play.reason
    assert Path("said").read_text() == "{{ gone }}\n"


def test_an_approval_covers_a_rollback_only_under_the_policies_that_it_satisfied(stage, accounts):
    stage.settings["policies"]["weak"] = {"need": [{"team": "ops", "n": 1}]}
    stage.save()
    stage.write(
        "  - id: look\n    title: Look\n    target: live\n    approval: weak\n    sql: SELECT 1\n"
        "    rollback: {sql: DELETE FROM account}\n"
        "  - {id: broken, title: Broken, target: live, sql: SELECT 1 / 0}\n"
    )
    carol = functools.partial(stage.sign, person="carol", team="ops")
    first = stage.play(Player(on_wait=carol))
    assert first.state == "failed", first.reason
    back = stage.roll_back(first.run, Player(back=True), detach=True)
    assert (back.state, accounts()) == ("waiting", [1, 2, 3])
    assert [asked.policies for asked in back.bodies("approval.requested")] == [("weak",), ("weak", "cross")]


def test_a_rollback_that_takes_too_long_leaves_all_in_place_and_fails_again_when_tried_again(stage, accounts):
    stage.write(
        "  - id: add\n    title: Add\n    target: live\n    sql: INSERT INTO account VALUES (4, 'dan')\n"
        "    approval: cross\n"
        "    rollback: {sql: DELETE FROM account WHERE id = 4; SELECT pg_sleep(61), statement_timeout: 200ms}\n"
        "  - {id: break, title: Break, target: live, sql: SELECT 1 / 0}\n"
    )
    play = stage.play(Player(back=True, on_wait=stage.sign))
    again = stage.roll_back(play.run)
    for each in (play, again):
        assert (each.state, each.ending.exit_code) == ("rollback-failed", 9)
        assert "canceling statement due to statement timeout" in each.reason
        assert each.ending.standing[0].split() == ["in", "place", "add", "(its", "rollback", "failed)"]
    assert accounts() == [1, 2, 3, 4]
