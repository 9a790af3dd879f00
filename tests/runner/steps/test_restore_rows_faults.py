"""Whatever goes wrong while rows are restored: one clear sentence, and not a row of today is another one."""

import contextlib
import threading

import psycopg
import pytest
import yaml

from runner.errors import ShisaError
from tests.fixtures.needs import small_disk
from tests.runner.steps.effects import dump, restore

MANY = """
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT g, repeat(md5(g::text), 8) FROM generate_series(1, 1200) g"""
TYPES = {"tables": ["public.t"], "rows": "overwrite"}


@pytest.fixture
def backup(database, archive_tools, tmp_path):
    """A table of 1,200 rows, of which a backup was taken; later some are changed and some are gone."""
    database.execute(MANY)
    path = dump(archive_tools, database.dsn, tmp_path / "b", "-Fc")
    database.execute("DELETE FROM t WHERE id % 3 = 0; UPDATE t SET v = 'new' WHERE id % 3 = 1")
    return path


@pytest.fixture
def untouched(database):
    """Compares the whole table by its digest at the end with what it was."""
    look = database.connect()
    return lambda: look.execute("SELECT md5(string_agg(t::text, '' ORDER BY id)), count(*) FROM t").fetchone()


def test_a_truncated_archive(database, backup, untouched, tmp_path):
    before = untouched()
    backup.write_bytes(backup.read_bytes()[:-3_000])
    with pytest.raises(ShisaError, match="is truncated or damaged"):
        restore(database.dsn, tmp_path, {"from": "b", **TYPES})
    assert untouched() == before


def test_an_archive_of_a_pg_dump_that_is_newer_than_all_that_is_known(database, backup, untouched, tmp_path):
    before = untouched()
    content = bytearray(backup.read_bytes())
    content[6] = 99
    backup.write_bytes(content)
    with pytest.raises(ShisaError, match=r"1\.99"):
        restore(database.dsn, tmp_path, {"from": "b", **TYPES})
    assert untouched() == before


def test_an_archive_of_another_database(database, backup, untouched, tmp_path):
    before, foreign = untouched(), "x" * len(database.name)
    backup.write_bytes(backup.read_bytes().replace(database.name.encode(), foreign.encode()))
    with pytest.raises(ShisaError, match=f"^b is a backup of the database {foreign}, not of {database.name}$") as why:
        restore(database.dsn, tmp_path, {"from": "b", **TYPES})
    assert why.value.hint == f"if that is meant, say `from_database: {foreign}` in the step"
    assert untouched() == before
    meant = restore(database.dsn, tmp_path, {"from": "b", "from_database": foreign, **TYPES})
    assert meant.ended.outcome == "done"


def test_an_archive_that_is_said_to_be_of_another_database_and_is_of_this_one(database, backup, untouched, tmp_path):
    before = untouched()
    with pytest.raises(ShisaError, match=f"is a backup of the database {database.name}, not of shop"):
        restore(database.dsn, tmp_path, {"from": "b", "from_database": "shop", **TYPES})
    assert untouched() == before


def test_a_lock_that_somebody_holds(database, backup, untouched, tmp_path):
    before = untouched()
    other = database.connect(autocommit=False)
    other.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES}, lock_timeout="100ms").ended
    assert (done.outcome, done.sqlstate) == ("failed", "55P03")
    assert "canceling statement due to lock timeout" in done.message
    other.rollback()
    assert untouched() == before


def test_a_statement_that_takes_longer_than_it_may(database, backup, untouched, tmp_path):
    before = untouched()
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(9); RETURN NEW; END';"
        "CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES}, statement_timeout="700ms").ended
    assert (done.outcome, done.sqlstate) == ("failed", "57014")
    assert untouched() == before


def test_a_connection_that_is_lost_half_way(database, backup, untouched, tmp_path):
    before = untouched()
    database.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.id > 900 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END';"
        "CREATE TRIGGER die BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION die()"
    )
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES})
    assert done.intended.xid is not None
    assert done.ended.outcome == "failed"
    assert "terminating connection due to administrator command" in done.ended.message
    assert untouched() == before


def test_more_temporary_space_than_the_server_gives(database, backup, untouched, tmp_path):
    before = untouched()
    database.execute(
        f"ALTER DATABASE {database.name} SET temp_file_limit = 64; ALTER DATABASE {database.name} SET work_mem = 64"
    )
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES}).ended
    assert (done.outcome, done.sqlstate) == ("failed", "53400")
    assert "temporary file size exceeds" in done.message
    assert untouched() == before


@pytest.mark.long
def test_no_space_for_the_staging_table(own_server, archive_tools, tmp_path):
    server = own_server()
    small = server.folder / "small"
    small.mkdir()
    with small_disk(small), contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(MANY)
            dump(archive_tools, server.dsn(), tmp_path / "b", "-Fc")
            connection.execute("DELETE FROM t WHERE id = 7")
            connection.execute(f"CREATE TABLESPACE small LOCATION '{small}'")
            connection.execute("ALTER ROLE CURRENT_USER SET temp_tablespaces = small")
        with pytest.raises(ShisaError, match="the server has no space for its temporary tables"):
            restore(server.dsn(), tmp_path, {"from": "b", **TYPES})
        with psycopg.connect(server.dsn()) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1_199,)


def test_rows_outside_of_what_is_expected_are_rolled_back(database, backup, untouched, tmp_path):
    before = untouched()
    for expect, why in {
        "{max: 500}": "800 rows would change (public.t: 400 inserted, 400 updated); expected at most 500",
        "7": "expected exactly 7",
        "[1, 2]": "2 row counts are expected, but a restore has one, of all its tables together",
    }.items():
        done = restore(database.dsn, tmp_path, {"from": "b", **TYPES}, expect={"rows": yaml.safe_load(expect)}).ended
        assert done.outcome == "failed"
        assert done.message.startswith("rolled back: ")
        assert why in done.message
    changes = [{"table": "t", "inserted": 400, "updated": 1}]
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES}, expect={"changes": changes}).ended
    assert done.message == "rolled back: t: 400 rows updated, expected exactly 1"
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES}, expect={"sql": "SELECT count(*) = 1 FROM t"}).ended
    assert done.message == "rolled back: expect.sql answered False instead of true"
    assert untouched() == before


def test_nobody_writes_between_the_count_and_the_change(database, backup, tmp_path):
    """Somebody inserts one of the missing rows while the restore waits for their lock: theirs stays."""
    other = database.connect(autocommit=False)
    other.execute("INSERT INTO t VALUES (3, 'theirs')")
    found = []
    working = threading.Thread(
        target=lambda: found.append(
            restore(database.dsn, tmp_path, {"from": "b", **TYPES, "rows": "insert-missing"}, lock_timeout="20s")
        )
    )
    working.start()
    look = database.connect()
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'"
    while working.is_alive() and look.execute(waiting).fetchone() == (0,):
        pass
    other.commit()
    working.join(60)
    assert found[0].ended.message.startswith("public.t: 399 inserted; committed")
    assert look.execute("SELECT v FROM t WHERE id = 3").fetchone() == ("theirs",)


def test_writers_wait_and_readers_do_not(database, backup, tmp_path, monkeypatch):
    from runner.steps import rows_once

    seen = {}

    def looking(*args, **kwargs):
        with database.connect() as other:
            other.execute("SET lock_timeout = '50ms'")
            seen["read"] = other.execute("SELECT count(*) FROM t").fetchone()
            try:
                other.execute("INSERT INTO t VALUES (-1, '')")
            except Exception as error:  # noqa: BLE001
                seen["write"] = error.sqlstate
        return apply(*args, **kwargs)

    apply = rows_once.apply
    monkeypatch.setattr(rows_once, "apply", looking)
    assert restore(database.dsn, tmp_path, {"from": "b", **TYPES}).ended.outcome == "done"
    assert seen == {"read": (800,), "write": "55P03"}


UNDONE = {
    "an updated row": "UPDATE t SET v = 'theirs' WHERE id = 1",
    "an updated row that only looks the same": "UPDATE t SET v = v WHERE id = 1",
    "an updated row that is gone": "DELETE FROM t WHERE id = 1",
    "an inserted row": "UPDATE t SET v = 'theirs' WHERE id = 3",
    "an inserted row that is gone": "DELETE FROM t WHERE id = 3",
    "a deleted row that is there again": "INSERT INTO t VALUES (1201, 'again')",
}


@pytest.mark.parametrize("said", UNDONE)
def test_what_others_changed_since_is_not_undone(said, database, backup, untouched, tmp_path):
    database.execute("INSERT INTO t VALUES (1201, 'newer'), (1202, 'newer')")
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES, "rows": "replace"})
    assert done.ended.message.startswith("public.t: 400 inserted, 400 updated, 2 deleted")
    database.execute(UNDONE[said])
    before = untouched()
    with pytest.raises(ShisaError, match=r"public\.t was written to since the restore: 1 of "):
        restore(database.dsn, tmp_path, "undo", undoes=done)
    assert untouched() == before


def test_rows_that_others_added_since_stay_when_it_is_undone(database, backup, untouched, tmp_path):
    before = untouched()
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES, "rows": "replace"})
    database.execute("INSERT INTO t VALUES (30000, 'theirs')")
    database.execute("VACUUM FREEZE t")
    undone = restore(database.dsn, tmp_path, "undo", undoes=done)
    assert undone.ended.message.startswith("public.t: 400 updated, 400 deleted; committed")
    database.execute("DELETE FROM t WHERE id = 30000")
    assert untouched() == before


def test_kept_rows_are_readable_by_their_owner_and_proven(database, backup, tmp_path):
    done = restore(database.dsn, tmp_path, {"from": "b", **TYPES})
    kept = tmp_path / "kept" / done.intended.kept
    assert done.ended.detail["kept"] == done.intended.kept
    assert kept.stat().st_mode & 0o777 == 0o600
    content = kept.read_bytes()
    assert content.count(b"\n") == 1 + 400 + 400
    kept.write_bytes(content.replace(b"new", b"old", 1))
    with pytest.raises(ShisaError, match="was changed after it was written"):
        restore(database.dsn, tmp_path, "undo", undoes=done)
