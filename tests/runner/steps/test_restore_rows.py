"""Rows out of a real backup beside, over and in the place of live rows; and back again."""

import re
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import make_conninfo

from runner.archive import read_archive
from runner.errors import ShisaError, UsageError
from tests.fixtures.needs import missing
from tests.runner.archive.committed import FILES, VERSIONS
from tests.runner.steps.effects import dump, restore

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "restore_rows.yaml").read_text("utf-8"))
FORMATS = ("-Fc", "-Fd", "-Ft", "-Fp")
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1"""


def everything(connection):
    """Every table of the database with the digest of its rows."""
    tables = [name for (name,) in connection.execute(TABLES).fetchall()]
    digest = "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM ONLY {} AS t"
    return {name: connection.execute(digest.format(name)).fetchone()[0] for name in tables}


@pytest.mark.parametrize(
    ("case", "form"),
    [pytest.param(case, case.get("format") or FORMATS[at % 4], id=case["name"]) for at, case in enumerate(CASES)],
)
def test_case(case, form, database, archive_tools, tmp_path):
    look = database.connect()
    one = lambda query: look.execute(query).fetchone()[0]  # noqa: E731
    if case.get("tools") and not one("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'"):
        missing(UsageError("The server has no citext.", hint="It comes with PostgreSQL's contrib modules."))
    database.execute(case["before"])
    dump(archive_tools, database.dsn, tmp_path / "b", form, *case.get("dump", ()))
    as_backup = one(case["look"]) if case.get("as_backup") else case.get("expect")
    database.execute(case.get("after", "SELECT 1"))
    for name, value in case.get("settings", {}).items():
        database.execute(f"ALTER DATABASE {database.name} SET {name} = '{value}'")
    whole, before = everything(look), one(case["look"]) if "look" in case else None
    dsn = _as_guest(database) if case.get("role") else database.dsn
    body = {"from": "b"} | case["restore"]
    if "refused" in case:
        with pytest.raises(ShisaError, match="^" + re.escape(case["refused"])) as refused:
            restore(dsn, tmp_path, body)
        assert "hint" not in case or refused.value.hint == case["hint"]
    else:
        done = restore(dsn, tmp_path, body)
        if "failed" in case:
            assert done.ended.outcome == "failed"
            assert case["failed"] in done.ended.message
        else:
            assert done.ended.outcome == "done", done.ended.message
            assert done.ended.message.startswith(case["says"] + "; committed transaction")
            assert one(case["look"]) == as_backup
            undone = restore(dsn, tmp_path, "undo", undoes=done)
            assert undone.ended.outcome == "done", undone.ended.message
            assert one(case["look"]) == case.get("undone", before)
    if "undone" not in case:
        assert everything(look) == whole


def test_it_is_told_what_goes_on_while_rows_are_written(database, archive_tools, tmp_path):
    database.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    dump(archive_tools, database.dsn, tmp_path / "b")
    database.execute(
        "DELETE FROM t;"
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.3); RETURN NULL; END';"
        "CREATE TRIGGER slow AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION slow()"
    )
    told = []
    restore(database.dsn, tmp_path, {"from": "b", "tables": ["public.t"], "rows": "insert-missing"}, told=told)
    assert "2 rows of public.t are being inserted, for 1 s" in told


def _as_guest(database):
    database.execute(
        "DO $$ BEGIN CREATE ROLE rows_guest LOGIN PASSWORD 'guest'; EXCEPTION WHEN duplicate_object THEN END $$;"
        "GRANT USAGE ON SCHEMA public TO rows_guest; GRANT ALL ON ALL TABLES IN SCHEMA public TO rows_guest"
    )
    return make_conninfo(database.server.dsn(database.name, user="rows_guest"), password="guest")


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_come_out_of_every_archive_that_pg_dump_wrote(version, database, tmp_path):
    """Formats and compressions by the dozen; the rows hold tabs, line ends and lines like a dump's own."""
    look = database.connect()
    database.execute("CREATE TABLE notes (id int PRIMARY KEY, body text, raw bytea)")
    found, digest = {}, r"SELECT md5(string_agg(n::text, '\n' ORDER BY id)) FROM notes AS n"
    for path in (path for path in FILES if int(path.parent.name) == version):
        facts = read_archive(path)
        (entry,) = [each for each in facts.entries if (each.kind, each.name) == ("TABLE DATA", "notes")] or [None]
        if entry is None or not entry.copy:
            continue
        look.execute("TRUNCATE notes")
        body = {"from": str(path), "from_database": facts.database, "tables": ["public.notes"]}
        body["rows"] = "insert-missing"
        assert restore(database.dsn, tmp_path, body).ended.message.startswith("public.notes: 30 inserted; committed")
        found[path.name] = look.execute(digest).fetchone()
    assert len(found) >= (12 if version >= 16 else 7)
    assert len(set(found.values())) == 1, found
