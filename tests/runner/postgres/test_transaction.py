"""A step's transaction: its timeouts, what it changed, and what became of it."""

import dataclasses

import psycopg
import pytest

from runner.errors import StepFailedError
from runner.postgres.transaction import _BEGIN, Result, TableDelta, Transaction, fate, leave_note


@pytest.fixture
def begun(database):
    """Gives a new transaction with its xid, on a connection of its own."""

    def begin(lock_timeout="2s", statement_timeout="0"):
        transaction = Transaction(database.connect(), lock_timeout=lock_timeout, statement_timeout=statement_timeout)
        return transaction, transaction.begin()

    return begin


def test_the_timeouts_are_set_for_this_transaction_only(database):
    connection = database.connect()
    transaction = Transaction(connection, lock_timeout="1500ms", statement_timeout="2min")
    transaction.begin()
    shown = connection.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
    assert shown.fetchone() == ("1500ms", "2min")
    transaction.commit()
    shown = connection.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
    assert shown.fetchone() == ("0", "0")


def test_a_server_that_shows_other_timeouts_than_were_set_is_not_worked_on(database, monkeypatch):
    without = _BEGIN.replace("set_config('lock_timeout', {lock}, true)", "current_setting('lock_timeout')")
    monkeypatch.setattr("runner.postgres.transaction._BEGIN", without)
    transaction = Transaction(database.connect(), lock_timeout="2s", statement_timeout="0")
    with pytest.raises(StepFailedError, match="does not show the timeouts that were set"):
        transaction.begin()


def test_a_lock_that_is_not_to_be_had_ends_the_statement(database, begun):
    database.execute("CREATE TABLE t ()")
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE t")
    transaction, _ = begun(lock_timeout="20ms")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        transaction.send("LOCK TABLE t")


def test_the_xid_is_that_of_the_transaction_on_the_database_asked(database, begun):
    transaction, xid = begun()
    assert transaction.send("SELECT pg_current_xact_id()::text").first == (xid.xid,)
    identity = database.connect().execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert identity == (xid.system_identifier,)


def test_what_a_statement_did_is_counted_and_its_first_row_kept(begun):
    transaction, _ = begun()
    assert transaction.send("CREATE TABLE t (a int, b text)") == Result(0)
    assert transaction.send("INSERT INTO t VALUES (1, 'x'), (2, 'y') RETURNING b, a") == Result(2, ("b", "a"), ("x", 1))
    assert transaction.send("UPDATE t SET b = '%s' WHERE a = 1") == Result(1), "a percent sign is no parameter"


def test_changes_count_cascades_and_triggers_and_nothing_from_before(database):
    database.execute(
        "CREATE TABLE parent (id int PRIMARY KEY);"
        "CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE);"
        "CREATE TABLE log (what text);"
        "INSERT INTO parent VALUES (1), (2), (3); INSERT INTO child VALUES (1), (1), (2)"
    )
    database.execute(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (TG_OP);"
        "RETURN NULL; END $$; CREATE TRIGGER note AFTER DELETE ON parent FOR EACH ROW EXECUTE FUNCTION note()"
    )
    connection = database.connect()
    connection.execute("INSERT INTO log VALUES ('earlier on this connection')")
    transaction = Transaction(connection, lock_timeout="2s", statement_timeout="0")
    transaction.begin()
    transaction.send("DELETE FROM parent WHERE id = 1")
    transaction.send("UPDATE parent SET id = 4 WHERE id = 3")
    assert set(transaction.changes()) == {
        TableDelta("parent", 0, 1, 1),
        TableDelta("child", 0, 0, 2),
        TableDelta("log", 1, 0, 0),
    }


def test_after_only_look_nothing_can_be_written_any_more(begun):
    transaction, _ = begun()
    transaction.send("CREATE TABLE t (a int)")
    transaction.only_look()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        transaction.send("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize(("end", "verdict"), [("commit", "committed"), ("rollback", "aborted")])
def test_the_fate_of_a_transaction_that_ended(database, begun, end, verdict):
    transaction, xid = begun()
    assert fate(database.connect(), xid)[0] == "in progress"
    getattr(transaction, end)()
    assert fate(database.connect(), xid) == (verdict, f"the server reports transaction {xid.xid} as {verdict}")


def test_a_transaction_whose_backend_was_ended_is_aborted(database, begun):
    transaction, xid = begun()
    (pid,) = transaction.send("SELECT pg_backend_pid()").first
    admin = database.connect()
    assert admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,)).fetchone() == (True,)
    assert fate(admin, xid)[0] == "aborted"


UNKNOWN = {
    "another cluster": ({"system_identifier": "7"}, "the target is another cluster now"),
    "another timeline": ({"timeline": 9}, "the target's timeline was 9 and is 1 now"),
    "a transaction of the future": ({"xid": "999999999"}, "the server does not know transaction 999999999"),
    "a transaction that is too old": ({"xid": "3"}, "the server has forgotten transaction 3"),
}


@pytest.mark.parametrize(("change", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_the_fate_is_unknown_of(database, begun, change, reason):
    transaction, xid = begun()
    transaction.commit()
    verdict, why = fate(database.connect(), dataclasses.replace(xid, **change))
    assert verdict == "unknown"
    assert reason in why


def test_the_fate_is_unknown_where_the_connection_breaks_while_asking(database, begun):
    _, xid = begun()
    asking = database.connect()
    database.connect().execute("SELECT pg_terminate_backend(%s, 10000)", (asking.info.backend_pid,))
    verdict, why = fate(asking, xid)
    assert verdict == "unknown"
    assert "the target does not say which it is" in why


def committing_others(server, count):
    """Let other traffic use up transaction ids."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for _ in range(count):
            connection.execute("SELECT pg_current_xact_id()")


@pytest.mark.parametrize("noted", [True, False])
def test_a_server_that_crashes_gives_an_xid_to_others_unless_a_note_of_it_was_left(own_server, noted):
    server = own_server(durable=True)
    transaction = Transaction(psycopg.connect(server.dsn(), autocommit=True), lock_timeout="2s", statement_timeout="0")
    xid = transaction.begin()
    if noted:
        with psycopg.connect(server.dsn(), autocommit=True) as second:
            leave_note(second, "run", "step", xid)
    server.kill()
    server.start()
    committing_others(server, 20)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        assert fate(connection, xid)[0] == ("aborted" if noted else "committed")
    transaction._connection.close()


def test_a_commit_survives_a_crash_where_the_server_is_told_to_be_careless(own_server):
    server = own_server(durable=True, settings={"synchronous_commit": "off", "wal_writer_delay": "10s"})
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int); CHECKPOINT")
        transaction = Transaction(connection, lock_timeout="2s", statement_timeout="0")
        xid = transaction.begin()
        transaction.send("INSERT INTO t VALUES (1)")
        transaction.commit()
        server.kill()
    server.start()
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
        assert fate(connection, xid)[0] == "committed"
