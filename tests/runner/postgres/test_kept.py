"""A session that a run keeps: fresh for each step, and no message more than it needs."""

import time

import psycopg
import pytest

from runner.postgres.connect import connect
from runner.postgres.kept import Kept
from runner.postgres.transaction import Transaction

LEFT = """
SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
       to_regclass('pg_temp.t') IS NOT NULL, current_setting('work_mem') = '77kB',
       (SELECT count(*) FROM pg_prepared_statements)"""
SHOWN = "SELECT current_setting('application_name'), current_setting('client_connection_check_interval')"


@pytest.fixture
def kept(database):
    """Gives a kept session that the step ``one`` has taken."""
    connection = connect(database.dsn, application_name="idle", made=Kept)
    assert connection.take("one")
    yield connection
    connection.close()


@pytest.fixture
def sent(kept, monkeypatch):
    """Notes what is sent over the session."""
    seen, real = [], psycopg.Cursor.execute

    def execute(self, query, *arguments, **options):
        if self.connection is kept:
            seen.append(query)
        return real(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute)
    return seen


def test_the_next_step_finds_nothing_of_the_one_before(kept):
    with kept:
        kept.execute("SELECT pg_advisory_lock(7)")
        kept.execute("CREATE TEMP TABLE t ()")
        kept.execute("SET work_mem = '77kB'")
        kept.execute("PREPARE p AS SELECT 1")
        assert kept.execute(LEFT).fetchone() == (1, True, True, 1)
    assert kept.take("two")
    with kept:
        assert kept.execute(LEFT).fetchone() == (0, False, False, 0)
        assert kept.execute(SHOWN).fetchone() == ("two", "1s")


def test_a_name_outlasts_a_transaction_that_is_rolled_back(kept):
    with kept:
        with kept.transaction(force_rollback=True):
            assert kept.execute(SHOWN).fetchone() == ("one", "1s")
        assert kept.execute(SHOWN).fetchone() == ("one", "1s")


def test_a_step_begins_with_one_message_and_is_named_in_it(kept, sent):
    with kept:
        transaction = Transaction(kept, lock_timeout="2s", statement_timeout="0", counting=False)
        transaction.begin()
        assert len(sent) == 1
        assert transaction.send(SHOWN).first == ("one", "1s")
        transaction.commit()
    assert kept.take("two")
    assert len(sent) == 3, "that everything is forgotten is waited for by nobody"


def test_a_session_that_was_ended_meanwhile_is_not_taken(kept, database):
    with kept:
        pid = kept.info.backend_pid
    database.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    assert not kept.take("two")
    assert kept.closed


def test_a_session_in_which_a_step_broke_off_is_not_taken(kept):
    with kept:
        pass
    assert kept.take("two")
    with pytest.raises(psycopg.errors.DivisionByZero), kept:
        kept.execute("SELECT 1 / 0")
    assert not kept.take("three")


@pytest.mark.parametrize("clock", [60, -3600], ids=["a minute", "a clock that was set back"])
def test_a_session_that_was_not_heard_of_for_a_while_is_asked(kept, sent, monkeypatch, clock):
    with kept:
        pass
    del sent[:]
    now = time.time()
    monkeypatch.setattr("runner.postgres.kept.time.time", lambda: now + clock)
    assert kept.take("two")
    assert len(sent) == 1
    assert kept.execute(SHOWN).fetchone() == ("two", "1s")


def test_a_session_that_cannot_forget_is_not_taken(kept):
    kept.pgconn.send_query(b"SELECT 1 / 0")  # stands for DISCARD ALL, which seldom fails
    kept._forgetting = True
    assert not kept.take("two")
    assert kept.closed
