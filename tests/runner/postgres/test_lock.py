"""Whether a session still holds its locks is looked at on the server, and never taken for granted."""

import pytest

from runner.postgres.connect import connect
from runner.postgres.lock import WHOLE, Lock, owns, try_lock

MINE, KEY = Lock(WHOLE, shared=True), Lock("nightly")


@pytest.fixture
def session(database):
    with connect(database.dsn, application_name="shisa/test lock") as connection:
        for lock in (MINE, KEY):
            assert try_lock(connection, lock) is None
        yield connection


def test_a_session_owns_what_it_took(session):
    assert owns(session, [MINE, KEY])


@pytest.mark.parametrize(
    "lost",
    [
        "SELECT pg_advisory_unlock_all()",
        f"SELECT pg_advisory_unlock((SELECT classid FROM pg_locks WHERE objid = {KEY.number})::int4, {KEY.number})",
    ],
    ids=["all", "one"],
)
def test_what_a_living_session_lost_is_owned_no_more(session, lost):
    session.execute(lost)
    assert not owns(session, [MINE, KEY])


def test_a_session_that_was_ended_owns_nothing(session, database):
    database.execute(f"SELECT pg_terminate_backend({session.info.backend_pid}, 10000)")
    assert not owns(session, [MINE, KEY])


def test_a_lock_that_is_shared_is_not_the_whole_one(session):
    assert not owns(session, [Lock(WHOLE)])
    assert not owns(session, [Lock("another")])
