"""A read-only session cannot change anything, cannot wait for ever, and leaves nothing behind."""

from datetime import timedelta

import pytest

from checks.base import CannotAskError
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession


@pytest.fixture
def session(database):
    with connect(database.dsn, application_name="shisa/test") as connection:
        yield ReadOnlySession(
            connection, statement_timeout=timedelta(seconds=5), lock_timeout=timedelta(milliseconds=100)
        )


def one(session, sql):
    return session.fetch(sql).rows[0][0]


def test_the_timeouts_are_set_for_the_snapshot_only(session):
    with session.snapshot():
        assert one(session, "SELECT current_setting('statement_timeout')") == "5s"
        assert one(session, "SELECT current_setting('lock_timeout')") == "100ms"
    assert session._connection.execute("SHOW statement_timeout").fetchone() == ("0",)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE u (n int)",
        "INSERT INTO public.t VALUES (1) RETURNING n",
        "SELECT nextval('public.s')",
        "SELECT setval('public.s', 5)",
    ],
)
def test_a_write_is_refused_by_the_server(sql, database, session):
    database.execute("CREATE TABLE t (n int); CREATE SEQUENCE s")
    with session.snapshot(), pytest.raises(CannotAskError, match="it would have written") as refused:
        session.fetch(sql)
    assert refused.value.sqlstate == "25006"
    with database.connect() as other:
        assert other.execute("SELECT last_value, is_called FROM s").fetchone() == (1, False)


def test_all_queries_see_one_moment(database, session):
    database.execute("CREATE TABLE t (n int)")
    with session.snapshot():
        assert one(session, "SELECT count(*) FROM public.t") == 0
        database.execute("INSERT INTO t VALUES (1)")
        assert one(session, "SELECT count(*) FROM public.t") == 0


def test_a_locked_table_is_not_waited_for(database, session):
    database.execute("CREATE TABLE t (n int)")
    with database.connect(autocommit=False) as other:
        other.execute("LOCK TABLE t")
        with session.snapshot(), pytest.raises(CannotAskError, match="it had to wait for a lock"):
            session.fetch("SELECT n FROM public.t")


def test_locks_are_given_back_at_once(database, session):
    database.execute("CREATE TABLE t (n int)")
    with session.snapshot():
        session.fetch("SELECT n FROM public.t")
        database.execute("SET lock_timeout = '1s'; ALTER TABLE t ADD m int")


def test_rows_hidden_by_a_policy_are_an_error(database, session):
    database.execute("CREATE TABLE t (n int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO pg_monitor")
    session._connection.execute("SET ROLE pg_monitor")
    with session.snapshot(), pytest.raises(CannotAskError, match="row-level security policy"):
        session.fetch("SELECT n FROM public.t")


def test_nothing_is_sent_outside_a_snapshot(session):
    with pytest.raises(CannotAskError, match="outside the read-only snapshot"):
        session.fetch("SELECT 1")
    with pytest.raises(CannotAskError, match="outside the read-only snapshot"):
        session.fetch_foreign("SELECT 1")


def test_an_error_leaves_the_session_usable(session):
    with pytest.raises(CannotAskError), session.snapshot():
        session.fetch("SELECT 1/0")
    with session.snapshot():
        assert one(session, "SELECT 1") == 1


def test_a_function_known_to_be_harmless_may_be_called(database):
    database.execute("CREATE FUNCTION fiscal() RETURNS int LANGUAGE sql AS 'SELECT 2026'")
    with connect(database.dsn, application_name="shisa/test") as connection:
        session = ReadOnlySession(connection, harmless=frozenset({"public.fiscal"}))
        with session.snapshot():
            assert session.fetch_foreign("SELECT public.fiscal()").rows == [(2026,)]
            with pytest.raises(CannotAskError, match="not proven to be read-only"):
                session.fetch_foreign("SELECT fiscal()")


def test_columns_are_told_for_no_rows_too(session):
    with session.snapshot():
        table = session.fetch("SELECT 1 AS a, 2 AS b WHERE false")
    assert (table.columns, table.rows) == (("a", "b"), [])
