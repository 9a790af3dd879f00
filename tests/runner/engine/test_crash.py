"""kill -9 of the operator's process around every effect, and at moments that only the clock chooses; then resume."""

import os
import subprocess
import time

import pytest

from tests.runner.engine.surviving import finish, killed

ALL = bool(os.environ.get("SHISA_TEST_ALL"))
LATER = 60 if ALL else 3
"""Deaths at a moment that only the clock chooses."""


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
SQL_DEATHS = [
    *(f"later:{0.02 + 0.5 * n / LATER:.4f}" for n in range(LATER)),
    "before-commit",
    "after-commit",
    "waiting",
]


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


@pytest.mark.parametrize("die", ["append:3", "before-commit", "after-commit"])
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
BEGUN = "the program ended while bring-back ran; look whether it happened"


@pytest.mark.parametrize(
    "die", [*(f"append:{n}" for n in ((1, 2, 3, 4, 5, 6, 7) if ALL else (5, 6))), "after-restoring"]
)
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
    ours = "datname = current_database() AND application_name LIKE 'shisa/%'"
    await_none(accounts, f"SELECT pid FROM pg_stat_activity WHERE {ours}")
    assert finish(stage).state == "unknown"
    assert accounts("SELECT count(*) FROM plan") in ([0], [1])  # it ends at its next message, or was at its last
    assert stage.problems() == []


PLAIN = "{from: plan.sql}"
CLONE = "{from: plan.dump, into: {schemas: {public: twin}}}"


@pytest.mark.parametrize(
    "die", ["append:5", "append:6", "before-commit", "after-commit"] if ALL else ["append:5", "after-commit"]
)
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


def test_killed_while_raising_sequences_it_is_done_again_and_nothing_is_lowered(stage, driver, accounts, backup):
    accounts("SELECT setval('ticket_id_seq', 5)")
    stage.write(SEQUENCES)
    assert killed(driver(stage, die="after-raising"))
    assert accounts("SELECT last_value FROM ticket_id_seq") == [30]
    assert finish(stage).state == "completed"
    assert accounts("SELECT last_value FROM ticket_id_seq") == [30]
    assert stage.problems() == []


SAVE = """\
  - id: save
    title: Save the accounts
    target: live
    backup: {to: saved.dump, tables: [public.account]}
"""


@pytest.mark.parametrize(("die", "dumps"), [("before-placing", 2), ("after-placing", 1)])
def test_a_killed_backup_is_kept_where_it_has_its_name_and_else_made_anew(  # noqa: PLR0917 - a case's columns
    stage, driver, backup, monkeypatch, die, dumps
):
    monkeypatch.chdir(stage.folder)
    stage.write(SAVE)
    assert killed(driver(stage, die=die, environ=backup["environ"]))
    play = finish(stage)
    assert play.state == "completed", play.reason
    assert len(play.bodies("step.intended")) == dumps
    assert [path.name for path in stage.folder.iterdir() if "saved" in path.name] == ["saved.dump"]
    assert stage.problems() == []


MOVE = """\
  - id: move
    title: Move the accounts one by one
    target: live
    sql: DELETE FROM account WHERE id = (SELECT min(id) FROM account)
    repeat: {until: {rows: 0}, max: 9}
    approval: cross
"""
OUTSIDE = "    transaction: false\n    verify: SELECT count(*) = 2 FROM account\n"


@pytest.mark.parametrize("more", ["", OUTSIDE], ids=["in a transaction", "outside of one"])
def test_an_iteration_that_was_settled_after_a_kill_is_not_taken_for_the_last_one(stage, driver, accounts, more):
    stage.write(MOVE + more)
    assert killed(driver(stage, die="inside:8"))
    assert accounts() == [2, 3]
    play = finish(stage)
    assert play.state == "completed", play.reason
    assert accounts() == []
