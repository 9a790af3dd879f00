"""SQL outside of a transaction, and what of it is known when it fails; secrets in what a server answers."""

import pytest

from tests.runner.engine.stage import Player


def outside(statement, more=""):
    return (
        f"  - id: change\n    title: Change\n    target: live\n    sql: {statement}\n    transaction: false\n"
        f"    approval: cross\n{more}"
    )


@pytest.fixture
def play(stage):
    """Plays a runbook whose approvals are given."""

    def one(steps, **options):
        stage.write(steps, head=options.pop("head", ""))
        return stage.play(Player(on_wait=stage.sign), **options)

    return one


def test_what_cannot_run_in_a_transaction_runs_outside_of_any(play, accounts):
    done = play(outside("CREATE INDEX CONCURRENTLY by_owner ON account (owner)"))
    (intended,) = done.bodies("step.intended")
    assert done.ending.exit_code == 0
    assert intended.xid is None
    assert accounts("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_owner'::regclass") == [True]


def test_an_index_that_fails_halfway_leaves_the_outcome_unknown_and_is_not_made_again(play, stage, accounts, database):
    database.execute("UPDATE account SET balance = 7")
    done = play(outside("CREATE UNIQUE INDEX CONCURRENTLY by_balance ON account (balance)"))
    assert (done.state, done.ending.exit_code, done.ended("change").sqlstate) == ("unknown", 7, "23505")
    assert "part of it may stand" in done.reason
    assert accounts("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_balance'::regclass") == [False]
    again = stage.resume(done.run, Player(on_wait=stage.sign))
    assert (again.state, len(again.bodies("step.intended"))) == ("unknown", 1)


def test_a_statement_that_the_server_objects_to_has_not_happened(play):
    done = play(outside("CREATE INDEX CONCURRENTLY by_nothing ON account (nothing)"))
    assert (done.ending.exit_code, done.ended("change").sqlstate) == (3, "42703")


def test_a_plain_statement_rolls_itself_back(play, accounts):
    done = play(outside("INSERT INTO account VALUES (4, 'dan'), (1, 'twin')"))
    assert (done.ending.exit_code, done.ended("change").outcome) == (3, "failed")
    assert accounts() == [1, 2, 3]


def test_the_second_of_two_statements_that_fails_leaves_the_first(play, accounts):
    done = play(outside("INSERT INTO account VALUES (4, 'dan'); INSERT INTO account VALUES (1, 'twin')"))
    assert (done.ending.exit_code, done.ended("change").outcome) == (7, "unknown")
    assert accounts() == [1, 2, 3, 4]


def test_an_error_inside_of_a_procedure_that_commits_leaves_the_outcome_unknown(play, accounts, database):
    database.execute(
        "CREATE PROCEDURE halves() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO account VALUES (4, 'dan'); COMMIT;"
        "INSERT INTO nowhere VALUES (1); END $$"
    )
    done = play(outside("CALL halves()"))
    assert (done.ending.exit_code, done.ended("change").sqlstate) == (7, "42P01")
    assert accounts() == [1, 2, 3, 4]


TIMEOUTS = {
    "none where none is given": ("", "0/0"),
    "the step's time for a statement": ("    timeout: 90s\n", "0/90s"),
    "what is given": ("    lock_timeout: 3s\n    statement_timeout: 2min\n    timeout: 1h\n", "3s/2min"),
}


@pytest.mark.parametrize(("keys", "shown"), TIMEOUTS.values(), ids=TIMEOUTS)
def test_the_timeouts_outside_of_a_transaction_are(play, accounts, database, keys, shown):
    database.execute(f"ALTER DATABASE {database.name} SET lock_timeout = '5s'")
    insert = (
        "INSERT INTO account SELECT 4, current_setting('lock_timeout') || '/' || current_setting('statement_timeout')"
    )
    assert play(outside(insert, keys)).ending.exit_code == 0
    assert accounts("SELECT owner FROM account WHERE id = 4") == [shown]


def test_a_step_opens_no_transaction_of_its_own(play):
    done = play(outside("BEGIN; DELETE FROM account WHERE id = 1"))
    assert done.ending.exit_code == 1
    assert "BEGIN cannot stand in a step" in done.reason


def test_a_timeout_that_postgresql_does_not_take_fails_before_the_step_begins(play, accounts):
    done = play(
        "  - {id: add, title: Add, target: live, sql: INSERT INTO account VALUES (4), statement_timeout: 99999d}\n"
    )
    assert done.ending.exit_code == 3
    assert done.names.count("step.intended") == 1
    assert accounts() == [1, 2, 3]


def test_what_survives_a_rollback_has_an_unknown_outcome_when_it_fails(play, stage, database, accounts):
    database.execute("CREATE SEQUENCE numbers")
    done = play(
        "  - id: jump\n    title: Jump\n    target: live\n    approval: cross\n"
        "    sql: SELECT setval('numbers', 500); INSERT INTO account VALUES (1, 'twin')\n"
    )
    assert (done.state, done.ending.exit_code) == ("unknown", 7)
    assert "a ROLLBACK does not undo all of this step" in done.reason
    assert accounts("SELECT last_value FROM numbers") == [500]
    assert stage.resume(done.run).state == "unknown"


SECRET = {"head": "params: {pin: {type: secret}}\n"}


@pytest.mark.parametrize("transaction", ["true", "false"])
def test_a_secret_that_the_server_repeats_stands_nowhere_in_the_journal(play, stage, monkeypatch, transaction):
    monkeypatch.setenv("PIN", "hunter2-hunter2")
    done = play(
        f"  - {{id: use, title: Use, target: live, sql: \"SELECT :'pin'::int\", transaction: {transaction}}}\n",
        params={"pin": "env:PIN"},
        **SECRET,
    )
    assert done.ended("use").sqlstate == "22P02"
    assert "‹secret pin›" in done.ended("use").message
    assert [record for record in stage.records() if "hunter2" in record.text] == []


def test_a_secret_is_not_captured_and_what_would_have_left_it_is_rolled_back(play, stage, accounts, monkeypatch):
    monkeypatch.setenv("PIN", "hunter2-hunter2")
    done = play(
        """\
  - id: use
    title: Use
    target: live
    sql: "UPDATE account SET owner = :'pin' WHERE id = 1 RETURNING owner"
    capture: {kept: {column: owner, type: string}}
""",
        params={"pin": "env:PIN"},
        **SECRET,
    )
    assert done.ended("use").outcome == "failed"
    assert "what would be captured as kept holds a secret" in done.ended("use").message
    assert "hunter2-hunter2" not in accounts("SELECT owner FROM account WHERE id = 1")
    assert [record for record in stage.records() if "hunter2" in record.text] == []
