"""A backup's rows against the live rows, on a real server with archives that pg_dump wrote."""

from __future__ import annotations

import dataclasses
import errno
import gzip
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import lz4.frame
import psycopg
import pytest
import yaml
import zstandard

from checks.answers import RowExample
from checks.base import CannotAskError, Selection, StepContext
from runner.errors import UsageError
from runner.guards import GuardAsk
from runner.postgres import diff_window
from runner.postgres.connect import connect
from runner.postgres.diff_session import BesideSession
from runner.postgres.readonly import ReadOnlySession
from tests.fixtures.needs import missing
from tests.fixtures.postgres import Database

CASES = yaml.safe_load(Path(__file__).with_name("row_diff.yaml").read_text("utf-8"))
FORMATS = {"custom": "-Fc", "directory": "-Fd", "tar": "-Ft", "plain": "-Fp"}
LIMIT = timedelta(minutes=2)
SMALL = """CREATE TABLE t (id int PRIMARY KEY, tenant int, v text);
INSERT INTO t SELECT g, g % 7, 'value ' || g FROM generate_series(1, 20000) g"""


def dump(tools, database, path, *options, **environment):
    command = [tools.path("pg_dump"), "--dbname", database.dsn, "--file", path, *options]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    return path


def diff(database, backup, *, role=None, tables=(), limit=LIMIT, **question):
    with connect(database.dsn, application_name="shisa/test") as connection:
        if role:
            connection.execute(f"SET ROLE {role}")
        port = GuardAsk(ReadOnlySession(connection), target="live")
        with port.snapshot():
            return port.diff(backup, tables, limit=limit, **question)


def told(table):
    if table.unseen:
        return table.unseen
    return [[each.group, each.changed_since, each.deleted_since, each.inserted_since] for each in table.groups]


@pytest.mark.parametrize(
    ("case", "form"),
    [
        pytest.param(case, form, id=f"{case['name']}: {form}")
        for at, case in enumerate(CASES)
        for form in case.get("formats") or ["custom", ("directory", "tar", "plain")[at % 3]]
    ],
)
def test_case(case, form, database, archive_tools, tmp_path):
    if case.get("tools") == "icu" and not knows_icu(database):
        pytest.skip("this PostgreSQL was built without ICU")
    if case.get("tools") == "contrib" and not available(database, "citext"):
        missing(UsageError("The server has no citext.", hint="It comes with PostgreSQL's contrib modules."))
    if "guest" in case["before"]:
        database.execute("DO $$ BEGIN CREATE ROLE guest; EXCEPTION WHEN duplicate_object THEN END $$")
        database.execute("REVOKE pg_read_all_data FROM guest")
    database.execute(case["before"])
    database.execute(case.get("setup", "SELECT 1"))
    options = [FORMATS[form], *case.get("dump", ())]
    backup = dump(archive_tools, database, tmp_path / "b", *options, **case.get("environment", {}))
    for script in (case.get("after", "SELECT 1"), case.get("then", "SELECT 1")):
        database.execute(script)
    question = {key: case[key] for key in ("group_by", "tenant_of", "where", "role") if key in case}
    facts = diff(database, backup, **question)
    found = {table.table: told(table) for table in facts.tables}
    assert found.keys() == case["expect"].keys()
    for table, expected in case["expect"].items():
        assert found[table] == expected or (isinstance(expected, str) and found[table].startswith(expected))
    assert "keyed" not in case or {table.keyed for table in facts.tables} == {case["keyed"]}


def available(database, extension):
    with database.connect() as connection:
        known = "SELECT FROM pg_available_extensions WHERE name = %s"
        return bool(connection.execute(known, (extension,)).fetchall())


def knows_icu(database):
    try:
        database.execute("CREATE COLLATION probe (provider = icu, locale = 'und')")
        database.execute("SELECT 'a' < 'b' COLLATE probe; DROP COLLATION probe")
    except psycopg.errors.FeatureNotSupported:
        return False
    return True


def test_rows_that_change_meanwhile_do_not_confuse_it(database, archive_tools, tmp_path):
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    database.execute("UPDATE t SET v = 'changed' WHERE id <= 70")
    moving = []

    class Moving(ReadOnlySession):
        def share(self):
            shared = super().share()
            database.execute("UPDATE t SET v = v || '!' WHERE id > 70; DELETE FROM t WHERE id = 1")
            database.execute("VACUUM t")
            moving.append(True)
            return shared

    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(Moving(connection), target="live")
        with port.snapshot():
            (table,) = port.diff(backup, limit=LIMIT, group_by="tenant").tables
    assert moving
    assert told(table) == [[str(tenant), 10, 0, 0] for tenant in range(7)]
    (now,) = diff(database, backup).tables
    assert told(now) == [[None, 19999, 1, 0]]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_third_of_the_rows_changed_and_the_heap_written_in_another_order(form, database, archive_tools, tmp_path):
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", form)
    database.execute("UPDATE t SET v = 'changed' WHERE id % 10 < 3; CREATE INDEX i ON t (md5(id::text))")
    database.execute("CLUSTER t USING i")
    (table,) = diff(database, backup).tables
    assert told(table) == [[None, 6000, 0, 0]]
    assert (table.backup_rows, table.live_rows) == (20000, 20000)


def test_what_waits_may_go_to_files(database, archive_tools, tmp_path, monkeypatch):
    monkeypatch.setattr("runner.postgres.row_diff.cancel", lambda *sides: diff_window.cancel(*sides, cap=1 << 16))
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    database.execute("DELETE FROM t WHERE id = 5; CREATE INDEX i ON t (md5(id::text))")
    database.execute("CLUSTER t USING i")
    (table,) = diff(database, backup).tables
    assert told(table) == [[None, 0, 1, 0]]


def test_a_standby_tells_equal_rows_and_does_not_guess_the_others(database, archive_tools, tmp_path):
    class Standby(ReadOnlySession):
        def share(self):
            return dataclasses.replace(super().share(), standby=True)

    database.execute("CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE TABLE b AS TABLE a")
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    database.execute("UPDATE b SET id = 2")
    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(Standby(connection), target="live")
        with port.snapshot():
            first, second = port.diff(backup, limit=LIMIT).tables
    assert told(first) == []
    assert told(second) == "2 rows differ as text, and a standby has no temporary tables to compare them in"


def test_examples_name_keys_and_columns_and_no_values(database, archive_tools, tmp_path):
    database.execute(
        "CREATE TABLE t (id int, k text, v text, w int, PRIMARY KEY (id, k)); "
        "INSERT INTO t SELECT g, 'k', 'secret', 1 FROM generate_series(1, 9) g"
    )
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    database.execute("UPDATE t SET v = 'hidden', w = 2 WHERE id < 5; DELETE FROM t WHERE id = 6")
    (table,) = diff(database, backup, examples=2).tables
    assert not table.unseen
    (group,) = table.groups
    assert (group.changed_since, len(group.examples)) == (4, 2)
    assert "secret" not in repr(table)
    assert "hidden" not in repr(table)
    (one,) = diff(database, backup, examples=2, where={"public.t": "id IN (4, 10)"}).tables
    assert one.groups[0].examples == (RowExample('"id"=4, "k"=k', ("v", "w")),)
    (gone,) = diff(database, backup, examples=2, where={"public.t": "id = 6"}).tables
    assert gone.groups[0].examples == (RowExample('"id"=6, "k"=k', ()),)


def test_a_schema_may_have_another_name_on_the_target(database, archive_tools, tmp_path):
    database.execute("CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY, v int); INSERT INTO a.t VALUES (1, 1)")
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    database.execute("ALTER SCHEMA a RENAME TO c; UPDATE c.t SET v = 2")
    step = StepContext("r", "restore", backup=backup, selection=Selection(into={"a": "c"}))
    with connect(database.dsn, application_name="shisa/test") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live", step=step)
        with port.snapshot():
            facts = port.diff(backup, ("c.t", "a.t"), limit=LIMIT)
    assert [(table.table, told(table)) for table in facts.tables] == [("c.t", [[None, 1, 0, 0]])]
    assert facts.absent == ("a.t",)


def test_nothing_is_left_on_the_server(database, archive_tools, tmp_path):
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    database.execute("UPDATE t SET v = 'x' WHERE id = 1")
    digest = "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM t"
    count = f"SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM t), ({digest})"
    with database.connect() as connection:
        before = connection.execute(count).fetchone()
        diff(database, backup)
        assert connection.execute(count).fetchone() == before


def test_a_limit_that_is_over_is_told(database, archive_tools, tmp_path):
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    with pytest.raises(CannotAskError, match="it took longer than its limit"):
        diff(database, backup, limit=timedelta(0))


def test_a_table_locked_by_somebody_is_told(database, archive_tools, tmp_path):
    database.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    with database.connect(autocommit=False) as other:
        other.execute("LOCK TABLE t")
        (table,) = diff(database, backup).tables
    assert table.unseen.startswith("it had to wait for a lock")


def test_a_lost_connection_is_told(database, archive_tools, tmp_path, monkeypatch):
    database.execute(SMALL.replace("20000", "300000"))
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    copy_out = BesideSession.copy_out

    def broken(session, statement):
        lines = copy_out(session, statement)
        yield next(lines)
        with database.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (session._connection.info.backend_pid,))
        yield from lines

    monkeypatch.setattr(BesideSession, "copy_out", broken)
    with pytest.raises(CannotAskError, match="connection"):
        diff(database, backup)


def test_a_truncated_backup_is_told(database, archive_tools, tmp_path):
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    backup.write_bytes(backup.read_bytes()[:-3000])
    with pytest.raises(CannotAskError, match="truncated or damaged"):
        diff(database, backup)


@pytest.fixture
def packed(database, archive_tools, tmp_path):
    """A folder of 20,000 packed rows of which one has changed; packs the rows' file again, in parts."""
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fd", "--compress=6")
    database.execute("UPDATE t SET v = 'changed' WHERE id = 19999")
    (file,) = backup.glob("[0-9]*.dat.gz")

    def again(pack, *, suffix="gz", parts=3, kept=3):
        plain = gzip.decompress(file.read_bytes())
        size = len(plain) // parts + 1
        cut = [plain[at : at + size] for at in range(0, len(plain), size)]
        file.unlink()
        file.with_suffix(f".{suffix}").write_bytes(b"".join(map(pack, cut[:kept])))
        return backup

    return again


PACKERS = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lambda plain: lz4.frame.compress(plain, content_checksum=True, store_size=False),
}


@pytest.mark.parametrize("suffix", PACKERS)
def test_rows_that_are_packed_in_several_parts_are_all_read(packed, database, suffix):
    (table,) = diff(database, packed(PACKERS[suffix], suffix=suffix)).tables
    assert told(table) == [[None, 1, 0, 0]]
    assert table.backup_rows == 20000


@pytest.mark.parametrize("suffix", PACKERS)
def test_rows_that_end_between_two_packed_parts_are_not_taken_for_all(packed, database, suffix):
    backup = packed(PACKERS[suffix], suffix=suffix, kept=2)
    with pytest.raises(CannotAskError, match=r"truncated or damaged: the rows of public\.t break off"):
        diff(database, backup)


@pytest.mark.parametrize("suffix", ["gz", "zst", "lz4"])
def test_packed_rows_whose_sum_is_wrong_are_not_believed(packed, database, suffix):
    at = -5 if suffix == "gz" else -1  # gzip has the length behind the sum

    def wrong(plain):
        whole = bytearray(PACKERS[suffix](plain))
        whole[at] ^= 1
        return bytes(whole)

    backup = packed(wrong, suffix=suffix, parts=1, kept=1)
    with pytest.raises(CannotAskError, match="truncated or damaged"):
        diff(database, backup)


def test_bytes_in_no_encoding_are_compared_as_they_are(server, archive_tools, tmp_path):
    """A database in SQL_ASCII takes any bytes, and hands them out as they are."""
    made = Database(f"ascii_{os.getpid()}", server)
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {made.name} TEMPLATE template0 ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C'")
        try:
            made.execute(
                "CREATE TABLE t (id int PRIMARY KEY, v text);"
                "INSERT INTO t SELECT g, convert_from('\\xff41', 'SQL_ASCII') FROM generate_series(1, 2) g"
            )
            backup = dump(archive_tools, made, tmp_path / "b", "-Fc")
            made.execute("UPDATE t SET v = convert_from('\\xfd', 'SQL_ASCII') WHERE id = 2")
            (table,) = diff(made, backup).tables
            assert told(table) == [[None, 1, 0, 0]]
        finally:
            admin.execute(f"DROP DATABASE {made.name} WITH (FORCE)")


def test_no_space_for_temporary_files_is_told(database, archive_tools, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    database.execute(SMALL)
    backup = dump(archive_tools, database, tmp_path / "b", "-Fc")
    (table,) = diff(database, backup).tables
    assert table.unseen == "no room for temporary files here: No space left on device"
