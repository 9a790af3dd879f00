"""Whole runs on a real PostgreSQL: what runs, what is refused and why, what a resume does."""

import pytest

from runner.journal import open_journal
from runner.journal.events import RunClosed
from tests.runner.engine.stage import Player

DELETE = """\
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
"""
INSERT = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
"""


def test_a_runbook_of_manual_steps_runs_without_any_target(stage):
    stage.runbook.write_text(
        "shisa: 1\nid: day-one\ntitle: By hand\nsteps:\n"
        "  - {id: look, title: Look at the dashboard, manual: Look., expected: All green.}\n"
        "  - {id: tell, title: Tell the others, manual: Tell them.}\n"
    )
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("completed", 0)
    assert [body.outcome for body in play.bodies("step.ended")] == ["done", "done"]
    assert stage.problems() == []


def test_a_statement_runs_once_and_its_xid_is_journaled_before_the_effect(stage, accounts):
    rows_at_intent = []
    stage.write(INSERT)

    def observe(record):
        if record.body.name == "step.intended":
            rows_at_intent.append(len(accounts()))

    play = stage.play(observers=(observe,))
    (intended,) = play.bodies("step.intended")
    assert play.ending.exit_code == 0
    assert rows_at_intent == [3]
    assert accounts(f"SELECT pg_xact_status('{intended.xid}')") == ["committed"]
    assert accounts("SELECT system_identifier::text FROM pg_control_system()") == [intended.system_identifier]
    assert play.ended("add").rows == (1,)
    assert accounts() == [1, 2, 3, 4]


def test_what_a_step_captures_and_when_decide_what_follows(stage, accounts):
    stage.write(
        "  - id: count\n    title: Count\n    target: live\n"
        "    sql: SELECT count(*) AS total FROM account\n    capture: {total: {column: total, type: integer}}\n"
        "  - id: never\n    title: Not here\n    when: total == 4\n    target: live\n"
        "    sql: INSERT INTO account VALUES (8, 'x')\n"
        "  - id: here\n    title: Here\n    when: total == 3\n    target: live\n"
        "    sql: INSERT INTO account VALUES (:total + 100, 'x')\n"
    )
    play = stage.play()
    assert play.ending.exit_code == 0
    assert play.bodies("step.skipped", "never")[0].reason == "when: total == 4 is false"
    assert accounts() == [1, 2, 3, 103]


def test_what_a_failed_attempt_captured_is_not_known(stage):
    stage.write(
        "  - id: count\n    title: Count\n    target: live\n    sql: SELECT count(*) AS total FROM account\n"
        "    capture: {total: {column: total, type: integer}}\n    expect: {sql: SELECT false}\n"
    )
    play = stage.play()
    assert play.state == "failed"
    assert play.session.state.captured == {}


def test_a_value_that_cannot_be_captured_fails_the_step(stage, accounts):
    stage.write(
        "  - id: add\n    title: Add\n    target: live\n    sql: INSERT INTO account VALUES (4, 'dan')\n"
        "    capture: {total: {column: total}}\n"
    )
    play = stage.play()
    assert play.ending.exit_code == 3
    assert "there is no row with a column total to capture as total" in play.reason
    assert accounts() == [1, 2, 3]


OUTSIDE = {
    "rows": (
        "UPDATE account SET balance = 0 WHERE id < 3",
        "{rows: 1}",
        "statement 1 touched 2 rows; expected exactly 1",
    ),
    "rows-of-the-second": (
        "INSERT INTO account VALUES (4, 'dan'); UPDATE account SET balance = 0 WHERE id < 3",
        "{rows: [1, {max: 1}]}",
        "statement 2 touched 2 rows; expected at most 1",
    ),
    "changes": (
        "UPDATE account SET balance = 0 WHERE id < 3",
        "{changes: [{table: account, updated: {max: 1}}]}",
        "account: 2 rows updated, expected at most 1",
    ),
    "changes-of-another-kind": (
        "INSERT INTO account VALUES (4, 'dan')",
        "{changes: [{table: account, updated: 1}]}",
        "account: 1 rows inserted, expected exactly 0",
    ),
    "sql": (
        "UPDATE account SET balance = 0 WHERE id < 3",
        "{sql: SELECT sum(balance) = 60 FROM account}",
        "expect.sql answered False instead of true",
    ),
    "sql-of-null": (
        "UPDATE account SET balance = 0 WHERE id < 3",
        "{sql: SELECT NULL::boolean}",
        "expect.sql answered None instead of true",
    ),
}


@pytest.mark.parametrize(("statement", "expect", "reason"), OUTSIDE.values(), ids=OUTSIDE)
def test_an_expectation_that_does_not_hold_rolls_the_step_back(stage, accounts, statement, expect, reason):
    stage.write(
        f"  - id: change\n    title: Change\n    target: live\n    sql: {statement}\n    approval: cross\n"
        f"    expect: {expect}\n"
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert reason in play.reason
    assert play.ended("change").outcome == "failed"
    assert accounts("SELECT balance FROM account ORDER BY id") == [10, 20, 30]


def test_a_failed_step_is_tried_again_by_a_resume(stage, accounts, database):
    stage.write(INSERT)
    database.execute("INSERT INTO account VALUES (4, 'somebody')")
    first = stage.play()
    assert (first.ending.exit_code, first.ended("add").sqlstate) == (3, "23505")
    database.execute("DELETE FROM account WHERE id = 4")
    again = stage.resume(first.run)
    assert again.ending.exit_code == 0
    assert [body.attempt for body in again.bodies("step.intended")] == [1, 2]
    assert accounts() == [1, 2, 3, 4]
    assert stage.problems() == []


def test_an_expectation_that_writes_is_refused_before_anything_runs(stage, accounts):
    stage.write(INSERT + "    expect: {sql: DELETE FROM account RETURNING true}\n")
    play = stage.play()
    assert play.ending.exit_code == 1
    assert "expect.sql must be one query that only looks" in play.reason
    assert "step.intended" not in play.names
    assert accounts() == [1, 2, 3]


def test_an_expectation_cannot_write_through_a_function_that_was_called_harmless(stage, accounts, database):
    database.execute(
        "CREATE FUNCTION sweep() RETURNS boolean LANGUAGE sql AS 'DELETE FROM account WHERE id = 1 RETURNING true'"
    )
    stage.settings["functions"] = {"harmless": ["sweep"]}
    stage.save()
    stage.write(INSERT + "    expect: {sql: SELECT sweep()}\n")
    play = stage.play()
    assert (play.ending.exit_code, play.ended("add").sqlstate) == (3, "25006")
    assert accounts() == [1, 2, 3]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO account VALUES (4, 'dan'); COMMIT; INSERT INTO account VALUES (5, 'eve')", "COMMIT cannot stand"),
        ("VACUUM account", "VACUUM cannot run inside a transaction"),
    ],
)
def test_sql_that_would_leave_the_steps_transaction_is_refused(stage, accounts, statement, reason):
    stage.write(f"  - id: change\n    title: Change\n    target: live\n    sql: {statement}\n    approval: cross\n")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.ending.exit_code == 1
    assert reason in play.reason
    assert accounts() == [1, 2, 3]


def test_a_destructive_step_on_a_target_without_a_policy_is_refused(stage, accounts):
    del stage.settings["targets"]["live"]["policy"]
    stage.save()
    stage.write(DELETE)
    play = stage.play()
    assert play.ending.exit_code == 1
    assert "clean is destructive, but target live has no policy" in play.reason
    assert accounts() == [1, 2, 3]


def test_the_targets_own_policy_holds_where_the_step_names_none(stage):
    stage.write(DELETE.replace("    approval: cross\n", ""))
    play = stage.play(detach=True)
    assert play.ending.exit_code == 6
    assert play.bodies("approval.requested")[0].policies == ("cross",)


def test_a_policy_that_is_not_defined_closes_the_gate(stage):
    stage.write(DELETE.replace("cross", "nobody"))
    play = stage.play()
    assert play.ending.exit_code == 1
    assert "needs policy 'nobody', which shisa.yaml does not define" in play.reason


def test_stop_ends_with_5_and_a_resume_goes_on_where_it_stopped(stage, accounts):
    stage.write(INSERT + INSERT.replace("add", "more").replace("4, 'dan'", "5, 'eve'"))
    first = stage.play(Player(answers={"more": "stop"}))
    assert (first.state, first.ending.exit_code) == ("stopped", 5)
    assert accounts() == [1, 2, 3, 4]
    again = stage.resume(first.run)
    assert again.ending.exit_code == 0
    assert accounts() == [1, 2, 3, 4, 5]
    assert len(again.bodies("step.intended", "add")) == 1


def test_a_manual_step_that_is_not_done_stops_the_run_and_is_asked_again(stage):
    stage.write("  - {id: tell, title: Tell, manual: Tell them.}\n")
    first = stage.play(Player(answers={"tell": "stop"}))
    assert (first.state, first.ending.exit_code) == ("stopped", 5)
    assert stage.resume(first.run).ending.exit_code == 0


def test_a_plain_step_can_be_skipped_with_a_reason(stage, accounts):
    stage.write(INSERT)
    play = stage.play(Player(answers={"add": "skip"}))
    assert play.ending.exit_code == 0
    assert play.bodies("step.skipped")[0].reason == "add was done yesterday"
    assert accounts() == [1, 2, 3]


GUARDED = """\
    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}
"""


@pytest.mark.parametrize("step", [DELETE, INSERT + GUARDED], ids=["approved", "guarded"])
def test_skip_is_not_offered_for_what_is_approved_or_guarded_and_not_taken_either(stage, accounts, step):
    stage.write(step)
    name = "clean" if "clean" in step else "add"
    player = Player(answers={name: "skip"}, on_wait=stage.sign)
    play = stage.play(player)
    assert [view.may_skip for view in player.seen] == [False]
    assert (play.state, play.names.count("step.skipped")) == ("stopped", 0)
    assert accounts() == [1, 2, 3]


def test_a_guard_that_blocks_stops_the_run_and_is_asked_again_by_a_resume(stage, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    stage.write(INSERT + GUARDED)
    first = stage.play()
    assert (first.state, first.ending.exit_code) == ("blocked", 1)
    assert "duplicate-keys-in-tree says block" in first.reason
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 2, 3]
    database.execute("DELETE FROM child")
    again = stage.resume(first.run)
    assert again.ending.exit_code == 0
    assert [body.verdict for body in again.bodies("guards.asked")] == ["block", "pass", "pass"]
    assert accounts() == [1, 2, 3, 4]


def test_a_guard_that_may_not_look_closes_the_gate(stage, accounts, database):
    role = f"poor_{database.name}"
    database.execute(f"CREATE ROLE {role}; GRANT INSERT ON account TO {role}")
    try:
        stage.settings["targets"]["live"]["dsn"] = _as_role(database.dsn, role)
        stage.save()
        stage.write(INSERT + GUARDED)
        play = stage.play()
        assert play.ending.exit_code == 1
        assert "duplicate-keys-in-tree says unknown" in play.reason
        assert accounts() == [1, 2, 3]
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def _as_role(dsn, role):
    """Reach the same database with another role's rights, without another login."""
    return f"{dsn}{'&' if '?' in dsn else '?'}options=-c%20role%3D{role}"


def test_a_guard_whose_target_went_away_closes_the_gate(stage, own_server):
    server = own_server()
    stage.settings["targets"]["live"]["dsn"] = server.dsn()
    stage.save()
    stage.write("  - {id: wait, title: Wait, manual: Wait.}\n" + INSERT + GUARDED.replace("account", "pg_class"))

    class Leaving(Player):
        def done(self, view):
            server.stop("immediate")
            return "done"

    play = stage.play(Leaving())
    assert play.ending.exit_code == 1
    assert "duplicate-keys-in-tree says unknown" in play.reason
    assert "No server listens" in play.reason


def test_a_guard_after_the_step_that_blocks_stops_the_run_and_does_not_repeat_the_step(stage, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account)")
    stage.write(
        "  - id: add\n    title: Add\n    target: live\n    sql: INSERT INTO child VALUES (1, 'twin')\n"
        + GUARDED.replace("before", "after")
    )
    first = stage.play()
    assert (first.state, first.ended("add").outcome) == ("blocked", "done")
    again = stage.resume(first.run)
    assert (again.state, len(again.bodies("step.intended"))) == ("blocked", 1)
    database.execute("DELETE FROM child")
    assert stage.resume(first.run).ending.exit_code == 0
    assert stage.problems() == []


def test_a_run_that_somebody_ends_meanwhile_begins_nothing_more(stage, accounts):
    stage.write(INSERT)

    def abort(view):
        journal = open_journal(stage.config.config.journal, stage.folder)
        journal.append(RunClosed(state="aborted", reason="not today"), run=view.run, step=None, person="alice")
        journal.close()

    play = stage.play(Player(on_go=abort))
    assert (play.state, play.ending.exit_code) == ("aborted", 5)
    assert "somebody ended the run while this program worked on it" in play.reason
    assert accounts() == [1, 2, 3]
