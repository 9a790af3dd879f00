"""kill -9 of the operator's process at every line of the journal and around every effect; then resume."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runner.engine.stage import Player

ROOT = Path(__file__).parents[3]
ALL = bool(os.environ.get("SHISA_TEST_ALL"))
LATER = 450 if ALL else 6
"""Deaths at a moment that only the clock chooses."""


@pytest.fixture(scope="module")
def driver():
    """Sends orders to one driver process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.runner.engine.driver"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def drive(stage, *, run=None, die=None, params=None, environ=None):
        order = {
            "folder": str(stage.folder),
            "run": run,
            "die": die,
            "params": params or {},
            "environ": environ or {},
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield drive
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def finish(stage, *, params=None, tries=6):
    """Resume what was killed until it is completed or nobody knows; a run that was never opened is opened."""
    player = Player(on_wait=stage.sign)
    records = stage.records()
    if records and records[-1].body.name == "run.closed":
        return Closed(records)
    play = stage.resume(records[0].run, player) if records else stage.play(player, params=params)
    for _ in range(tries):
        if play.state in {"completed", "unknown"}:
            return play
        play = stage.resume(play.run, player)
    return play


class Closed:
    """A run that had come to its end before its process died."""

    reason = ""

    def __init__(self, records):
        self.records = records
        self.state = records[-1].body.state

    def bodies(self, name, step=None):
        return [each.body for each in self.records if each.body.name == name and (step is None or each.step == step)]


def killed(answer):
    return answer["signal"] in {signal.SIGKILL, signal.SIGALRM}


SQL = """\
  - id: add
    title: Add an account and remember it
    target: live
    sql: INSERT INTO account VALUES (4, 'dan') RETURNING id
    capture: {new: {column: id, type: integer}}
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM account WHERE id = 2
    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}
    approval: cross
  - id: next
    title: Add another one behind it
    target: live
    sql: INSERT INTO account VALUES (:new + 1, 'eve')
"""
SQL_LINES = 16
SQL_DEATHS = [
    *(f"append:{n}" for n in range(1, SQL_LINES + 1)),
    *(f"inside:{n}" for n in range(1, SQL_LINES + 1, 1 if ALL else 4)),
    *(f"later:{0.02 + 0.5 * n / LATER:.4f}" for n in range(LATER)),
    "before-commit",
    "after-commit",
    "waiting",
]


def test_an_undisturbed_run_writes_as_many_lines_as_are_killed_at(stage, driver, accounts):
    stage.write(SQL)
    assert driver(stage)["exit_code"] == 0
    assert len(stage.records()) == SQL_LINES
    assert accounts() == [1, 3, 4, 5]


@pytest.mark.parametrize("die", SQL_DEATHS)
def test_a_killed_run_of_sql_steps_does_each_of_them_exactly_once(stage, driver, accounts, die):
    stage.write(SQL)
    assert killed(driver(stage, die=die)) or die.startswith("later")
    assert stage.problems() == []
    play = finish(stage)
    assert play.state == "completed", play.reason
    assert accounts() == [1, 3, 4, 5]
    for step in ("add", "clean", "next"):
        assert [body.outcome for body in play.bodies("step.ended", step)].count("done") == 1
    assert stage.problems() == []


@pytest.mark.parametrize("die", ["append:2", "append:3", "append:5", "before-commit", "after-commit"])
def test_a_resume_that_is_killed_too_is_taken_up_like_any_other(stage, driver, accounts, die):
    stage.write(SQL)
    assert killed(driver(stage, die="append:6"))
    assert killed(driver(stage, run=stage.records()[0].run, die=die))
    assert finish(stage).state == "completed"
    assert accounts() == [1, 3, 4, 5]
    assert stage.problems() == []


def test_who_dies_while_waiting_finds_the_approval_that_came_meanwhile(stage, driver, accounts):
    stage.write(SQL)
    assert killed(driver(stage, die="waiting"))
    stage.sign()
    play = finish(stage)
    assert play.state == "completed"
    assert play.names.count("approval.requested") == 1
    assert accounts() == [1, 3, 4, 5]


@pytest.fixture
def backup(stage, database, archive_tools, monkeypatch):
    """An archive of one table without a key, which is empty now: rows that come twice are seen."""
    database.execute(
        "CREATE TABLE plan (name text); INSERT INTO plan VALUES ('free');"
        "CREATE TABLE ticket (id serial PRIMARY KEY); INSERT INTO ticket SELECT FROM generate_series(1, 20)"
    )
    path = stage.folder / "plan.dump"
    argv = [archive_tools.path("pg_dump"), "-Fc", "-t", "plan", "-t", "ticket*", "-f", path, "-d", database.dsn]
    subprocess.run(argv, check=True)
    database.execute("TRUNCATE plan")
    stage.write(RESTORE, head="params: {backup: {type: path}}\n")
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")
    return {"params": {"backup": str(path)}, "environ": {"PATH": os.environ["PATH"]}}


RESTORE = """\
  - id: bring-back
    title: Bring the plans back
    target: live
    restore: {from: "{{ backup }}", tables: [public.plan], section: data}
    approval: cross
"""
RESTORE_LINES = 7
BEGUN = "the program ended while bring-back ran; look whether it happened"


@pytest.mark.parametrize("die", [*(f"append:{n}" for n in range(1, RESTORE_LINES + 1)), "after-restoring"])
def test_a_killed_restore_is_made_once_or_reported_unknown(stage, driver, accounts, backup, die):
    assert killed(driver(stage, die=die, **backup))
    play = finish(stage, params=backup["params"])
    if die in {"append:5", "after-restoring"}:
        assert (play.state, play.ending.exit_code) == ("unknown", 7)
        assert BEGUN in play.reason
        assert accounts("SELECT count(*) FROM plan") == [0 if die == "append:5" else 1]
    else:
        assert play.state == "completed", play.reason
        assert accounts("SELECT count(*) FROM plan") == [1]
    assert len(play.bodies("step.intended")) == 1
    assert stage.problems() == []


ROWS_DEATHS = ["append:5", "before-keeping", "after-applying", "before-commit", "after-commit"]


@pytest.mark.parametrize("die", ROWS_DEATHS)
def test_a_killed_restore_of_rows_is_made_exactly_once(stage, driver, accounts, backup, die):
    stage.write(RESTORE.replace("section: data", "rows: insert-missing"), head="params: {backup: {type: path}}\n")
    assert killed(driver(stage, die=die, **backup))
    play = finish(stage, params=backup["params"])
    assert play.state == "completed", play.reason
    assert accounts("SELECT count(*) FROM plan") == [1]
    assert [body.outcome for body in play.bodies("step.ended", "bring-back")].count("done") == 1
    assert stage.problems() == []


def test_a_restore_whose_program_is_gone_is_never_made_again(stage, driver, accounts, backup, database):
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE plan")
    assert killed(driver(stage, die="while-restoring", **backup))
    first = finish(stage)
    assert (first.state, first.ending.exit_code) == ("unknown", 7)
    holder.rollback()
    await_none(accounts, "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'shisa/%'")
    assert finish(stage).state == "unknown"
    assert accounts("SELECT count(*) FROM plan") in ([0], [1])  # it ends at its next message, or was at its last
    assert stage.problems() == []


PLAIN = "{from: plan.sql}"
CLONE = "{from: plan.dump, into: {schemas: {public: twin}}}"


@pytest.mark.parametrize("die", ["append:5", "append:6", "before-commit", "after-commit"])
@pytest.mark.parametrize(("restore", "look"), [(PLAIN, "SELECT name FROM plan"), (CLONE, "SELECT name FROM twin.plan")])
def test_a_plain_dump_and_a_clone_are_restored_exactly_once(  # noqa: PLR0917 - fixtures
    stage, driver, accounts, backup, archive_tools, monkeypatch, restore, look, die
):
    pg_restore = [archive_tools.path("pg_restore"), "-a", "-t", "plan", "-f", stage.folder / "plan.sql"]
    subprocess.run([*pg_restore, backup["params"]["backup"]], check=True)
    monkeypatch.chdir(stage.folder)
    stage.write(RESTORE.replace('{from: "{{ backup }}", tables: [public.plan], section: data}', restore))
    assert killed(driver(stage, die=die, environ=backup["environ"]))
    play = finish(stage)
    assert play.state == "completed", play.reason
    assert accounts(look) == ["free"]
    assert [body.outcome for body in play.bodies("step.ended", "bring-back")].count("done") == 1
    assert stage.problems() == []


def await_none(accounts, query):
    deadline = time.monotonic() + 30
    while accounts(query):
        assert time.monotonic() < deadline, "somebody is still there"
        time.sleep(0.02)


SEQUENCES = """\
  - id: lift
    title: Raise the numbers of tickets
    target: live
    sequences: {raise: {sequences: [public.ticket_id_seq]}, margin: 10}
    approval: cross
"""
SEQUENCES_LINES = 7


@pytest.mark.parametrize("die", [*(f"append:{n}" for n in range(1, SEQUENCES_LINES + 1)), "after-raising"])
def test_killed_while_raising_sequences_it_is_done_again_and_nothing_is_lowered(stage, driver, accounts, backup, die):
    accounts("SELECT setval('ticket_id_seq', 5)")
    stage.write(SEQUENCES)
    assert killed(driver(stage, die=die))
    between = accounts("SELECT last_value FROM ticket_id_seq")[0]
    assert finish(stage).state == "completed"
    assert between in {5, 30}
    assert accounts("SELECT last_value FROM ticket_id_seq") == [30]
    assert stage.problems() == []


MANUAL = "  - {id: tell, title: Tell, manual: Tell them.}\n"


@pytest.mark.parametrize("die", [f"append:{n}" for n in range(1, 6)])
def test_a_killed_manual_step_is_asked_again_until_it_is_done(stage, driver, die):
    stage.write(MANUAL)
    assert killed(driver(stage, die=die))
    assert finish(stage).state == "completed"
    assert stage.problems() == []


BACK = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
    rollback: {sql: "INSERT INTO account VALUES (40, 'was dan')", auto: true}
  - id: raise
    title: Raise a balance
    target: live
    sql: UPDATE account SET balance = balance + 1 WHERE id = 1
    rollback: {sql: UPDATE account SET balance = balance - 1 WHERE id = 1, auto: true}
  - {id: fail, title: Fail, target: live, sql: SELECT 1 / 0}
"""
BACK_LINES = 18
BACK_BEGINS = 10
"""The line that says that the rollback has begun; before it, a resume tries the failed step again."""


@pytest.mark.parametrize("die", [f"append:{n}" for n in range(BACK_BEGINS, BACK_LINES, 1 if ALL else 2)])
def test_a_killed_rollback_goes_on_and_takes_each_step_back_exactly_once(stage, driver, accounts, die):
    stage.write(BACK)
    assert killed(driver(stage, die=die))
    assert len(stage.records()) == int(die.removeprefix("append:"))
    play = stage.resume(stage.records()[0].run)
    assert play.state == "rolled-back", play.reason
    assert accounts() == [1, 2, 3, 4, 40]
    assert accounts("SELECT balance FROM account WHERE id = 1") == [10]
    assert stage.problems() == []


COMMAND = """\
  - id: call
    title: Call a program
    command: [sh, -c, "echo x >> DONE"]
    verify: {command: [test, -s, DONE]}
    approval: cross
"""
COMMAND_LINES = 7


@pytest.mark.parametrize("die", [f"append:{n}" for n in range(1, COMMAND_LINES + 1)][:: 1 if ALL else 2])
def test_a_killed_program_whose_effect_can_be_verified_is_run_once(stage, driver, die):
    stage.write(COMMAND.replace("DONE", str(stage.folder / "done")))
    assert killed(driver(stage, die=die))
    assert finish(stage).state == "completed"
    assert (stage.folder / "done").read_text() == "x\n"
    assert stage.problems() == []


LOOP = """\
  - id: each
    title: Add two accounts
    for_each:
      items: [4, 5]
      as: number
      steps:
        - {id: add, title: Add one, target: live, sql: "INSERT INTO account VALUES (:number, 'x')"}
"""
LOOP_LINES = 12


@pytest.mark.parametrize("die", [f"append:{n}" for n in range(1, LOOP_LINES + 1)][:: 1 if ALL else 3])
def test_a_killed_loop_makes_each_iteration_once(stage, driver, accounts, die):
    stage.write(LOOP)
    assert killed(driver(stage, die=die))
    assert finish(stage).state == "completed"
    assert accounts() == [1, 2, 3, 4, 5]
    assert stage.problems() == []


def test_the_kinds_write_as_many_lines_as_are_killed_at(stage, driver):
    for steps, lines in ((COMMAND, COMMAND_LINES), (LOOP, LOOP_LINES)):
        stage.write(steps.replace("DONE", str(stage.folder / "done")))
        run = driver(stage)["run"]
        assert len(stage.records(run)) == lines
