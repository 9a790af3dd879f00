"""``invalid-indexes`` while an index is being built: work in progress is no leftover, and a leftover is no work."""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg
import pytest

from checks.base import Verdict
from tests.checks.test_live import ask, guest  # noqa: F401 - a fixture

PATIENCE_S = 20


@pytest.fixture
def building(database):
    """A CREATE INDEX CONCURRENTLY that waits for a writer; gives the builder's process."""
    database.execute("CREATE TABLE t (id int); CREATE TABLE other (id int PRIMARY KEY)")
    writer = database.connect(autocommit=False)
    writer.execute("INSERT INTO t VALUES (1)")
    builder = database.connect()

    def build():
        with contextlib.suppress(psycopg.errors.QueryCanceled):
            builder.execute("CREATE INDEX CONCURRENTLY i ON t (id)")

    thread = threading.Thread(target=build)
    thread.start()
    watcher = database.connect()
    deadline = time.monotonic() + PATIENCE_S
    waits = "SELECT FROM pg_stat_progress_create_index WHERE pid = %s AND index_relid > 0 AND phase LIKE 'waiting%%'"
    while not watcher.execute(waits, (builder.info.backend_pid,)).fetchall():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield builder.info.backend_pid
    watcher.execute("SELECT pg_cancel_backend(%s)", (builder.info.backend_pid,))
    thread.join(PATIENCE_S)
    writer.rollback()


def test_an_index_that_is_built_now_is_told_with_its_process(database, building):
    evidence = ask(database, "invalid-indexes")
    assert evidence.verdict is Verdict.WARN
    assert evidence.message == f"Process {building} is building public.i on public.t now; it is not used yet."


@pytest.mark.usefixtures("guest")
def test_a_build_that_the_role_may_not_see_is_unknown_until_it_may(database, building):
    assert ask(database, "invalid-indexes", role="guest").verdict is Verdict.UNKNOWN
    database.execute("GRANT pg_monitor TO guest")
    try:
        assert ask(database, "invalid-indexes", role="guest").verdict is Verdict.WARN
    finally:
        database.execute("REVOKE pg_monitor FROM guest")


def test_a_build_that_was_cancelled_blocks(database, building):
    with database.connect() as other:
        other.execute("SELECT pg_cancel_backend(%s)", (building,))
        deadline = time.monotonic() + PATIENCE_S
        while other.execute("SELECT FROM pg_stat_progress_create_index").fetchall():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    evidence = ask(database, "invalid-indexes")
    assert evidence.verdict is Verdict.BLOCK
    assert "public.i on public.t is not valid" in evidence.message
    (remedy,) = {finding.remedy.then[0]["sql"] for finding in evidence.findings}
    database.opened[0].rollback()  # the writer that was waited for
    database.execute(remedy)
    assert ask(database, "invalid-indexes").verdict is Verdict.PASS


def test_the_index_of_a_toast_table_that_a_rebuild_left_is_told_by_the_tables_name(database):
    database.execute("CREATE SCHEMA app; CREATE TABLE app.fat (t text); CREATE TABLE thin (id int PRIMARY KEY)")
    reader = database.connect(autocommit=False)
    reader.execute("SELECT FROM app.fat")
    with database.connect(options="-c lock_timeout=100ms") as builder, pytest.raises(psycopg.errors.LockNotAvailable):
        builder.execute("REINDEX TABLE CONCURRENTLY app.fat")
    reader.rollback()
    evidence = ask(database, "invalid-indexes", {"schemas": ["app"]})
    assert evidence.verdict is Verdict.BLOCK
    assert "of the TOAST table of app.fat, is not valid" in evidence.message
    assert evidence.findings[0].remedy is None
    assert ask(database, "invalid-indexes", {"schemas": ["public"]}).verdict is Verdict.PASS
