"""Plain dumps of the real pg_dump, restored whole or not at all."""

import os
import subprocess

import pytest

from tests.runner.engine.stage import Player

HEAD = "params: {backup: {type: path}}\n"


def step(settings="sequences: keep", more=""):
    return (
        "  - id: bring-back\n    title: Bring it back\n    target: live\n    approval: cross\n"
        f'    restore: {{from: "{{{{ backup }}}}", {settings}}}\n{more}'
    )


@pytest.fixture
def shop(database, archive_tools, monkeypatch, tmp_path):
    """A schema dumped plainly at id 20; later it stands at 100, and its old rows are gone."""
    database.execute(
        "CREATE SCHEMA shop; CREATE TABLE shop.item (id serial PRIMARY KEY, name text);"
        r"INSERT INTO shop.item (name) SELECT e'a\\b\t' || chr(10) || '\.' || i FROM generate_series(1, 20) i"
    )
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")

    def dumped(*options):
        path = tmp_path / "shop.sql"
        argv = [archive_tools.path("pg_dump"), "-Fp", *options, "-f", path, "-d", database.dsn]
        subprocess.run(argv, check=True)
        database.execute(
            "INSERT INTO shop.item (name) SELECT 'new' FROM generate_series(1, 80);DELETE FROM shop.item WHERE id <= 20"
        )
        return path

    return dumped


@pytest.fixture
def play(stage):
    def one(backup, steps=None, player=None):
        stage.write(steps or step(), head=HEAD)
        return stage.play(player or Player(on_wait=stage.sign), params={"backup": str(backup)})

    return one


@pytest.fixture
def untouched(accounts):
    """Digests everything that customers see; tells at the end whether it is as it was."""
    digest = (
        "SELECT md5(string_agg(i::text, '|' ORDER BY id)) || (SELECT last_value FROM shop.item_id_seq) FROM shop.item i"
    )

    def watch():
        before = accounts(digest)
        return lambda: accounts(digest) == before

    return watch


DATA = ("-a", "-n", "shop")


@pytest.mark.parametrize("options", [DATA, (*DATA, "--inserts"), (*DATA, "--rows-per-insert=7"), (*DATA, "-Z6")])
def test_rows_come_back_as_they_were_and_the_sequence_stays(play, shop, accounts, options):
    expected = accounts("SELECT md5(string_agg(name, '|' ORDER BY id)) FROM shop.item")
    done = play(shop(*options))
    assert done.ending.exit_code == 0, done.reason
    assert accounts("SELECT md5(string_agg(name, '|' ORDER BY id)) FROM shop.item WHERE id <= 20") == expected
    assert accounts("SELECT last_value FROM shop.item_id_seq") == [100]
    assert done.ended("bring-back").detail["archive"]["format"] == "plain"
    assert done.bodies("step.intended")[0].xid is not None


@pytest.mark.parametrize(("mode", "stands_at"), [("from-backup", 20), ("raise", 1100)])
def test_the_sequence_goes_where_the_step_says(play, shop, accounts, database, mode, stands_at):  # noqa: PLR0917
    backup = shop(*DATA)
    database.execute("SELECT setval('shop.item_id_seq', 3)")
    assert play(backup, step(f"sequences: {mode}")).ending.exit_code == 0
    assert accounts("SELECT last_value FROM shop.item_id_seq") == [stands_at]


def test_a_whole_dump_of_another_time_is_made_anew_beside_what_is_there(play, shop, accounts, database):
    backup = shop("-n", "shop")
    database.execute("ALTER SCHEMA shop RENAME TO old_shop")
    assert play(backup).ending.exit_code == 0
    assert accounts("SELECT count(*) FROM shop.item") == [20]
    assert accounts("SELECT count(*) FROM old_shop.item") == [80]


def test_large_objects_and_their_own_commit_do_not_break_the_transaction_in_two(play, shop, accounts, database):
    database.execute("SELECT lo_from_bytea(4711, '\\x616263')")
    backup = shop("-n", "shop", "-a", "-b")
    assert "COMMIT;" in backup.read_text()
    database.execute("SELECT lo_unlink(4711); INSERT INTO shop.item VALUES (7, 'in the way')")
    failed = play(backup)
    assert "rolled back: duplicate key value violates unique constraint" in failed.ended("bring-back").message
    assert accounts("SELECT count(*) FROM pg_largeobject_metadata") == [0]
    database.execute("DELETE FROM shop.item WHERE id = 7")
    assert play(backup).ending.exit_code == 0
    assert accounts("SELECT lo_get(4711)") == [b"abc"]


def hostile(text):
    def spoil(path):
        path.write_text(path.read_text().replace("SET row_security = off;", f"SET row_security = off;\n{text}", 1))

    return spoil


def truncate(path):
    text = path.read_bytes()
    path.write_bytes(text[: text.index(b"\\.\n")])


def without_end(path):
    path.write_text(path.read_text().replace("-- PostgreSQL database dump complete", "--"))


@pytest.mark.parametrize(
    ("options", "spoil", "reason"),
    [
        (DATA, hostile("\\! touch {marker}"), "uses the psql command"),
        (DATA, hostile("COPY shop.item FROM PROGRAM 'touch {marker}';"), "in a way that pg_dump never writes"),
        (DATA, hostile("DROP TABLE shop.item;"), "the dump holds 'DROP TABLE shop.item;', which is not carried out"),
        (
            DATA,
            hostile("INSERT INTO shop.item VALUES (1, 'DO NOTHING') ON CONFLICT (id) DO UPDATE SET name = 'x';"),
            "VALUES (1, 'DO NOTHING') ON CONFLICT (\", which is not carried out",
        ),
        (DATA, hostile("ROLLBACK;"), "the dump holds 'ROLLBACK;', which is not carried out"),
        (DATA, hostile("DO $$ BEGIN END $$;"), "the dump holds 'DO $$ BEGIN END $$;', which is not carried out"),
        (DATA, hostile("SELECT setval('shop.item_id_seq', 1);"), "sets a sequence in a way that cannot be understood"),
        (("--clean", "-n", "shop"), None, "the dump holds 'DROP SEQUENCE shop.item_id_seq;', which is not carried out"),
        (("--create",), None, "uses the psql command|'CREATE DATABASE|the dump holds '\\\\\\\\connect"),
        (DATA, truncate, "it ends inside the rows of a table"),
        (DATA, without_end, 'its last line, "PostgreSQL database dump complete", is missing'),
    ],
)
def test_what_pg_dump_never_writes_is_refused_and_live_rows_are_untouched(  # noqa: PLR0917 - fixtures
    play, shop, untouched, tmp_path, options, spoil, reason
):
    import re

    backup = shop(*options)
    if spoil is not None:
        spoil(backup)
        backup.write_text(backup.read_text().replace("{marker}", str(tmp_path / "marker")))
    same = untouched()
    done = play(backup)
    ended = done.ended("bring-back")
    assert (done.ending.exit_code, ended.outcome) == (3, "failed")
    assert re.search(reason if "|" in reason else re.escape(reason), ended.message), ended.message
    assert same()
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("selection", ["schemas: [shop]", "tables: [shop.item]", "section: data", "jobs: 2"])
def test_a_part_of_a_plain_dump_cannot_be_chosen(play, shop, untouched, selection):
    backup = shop(*DATA)
    same = untouched()
    done = play(backup, step(selection))
    assert f"not begun: {backup} is a plain SQL dump: it is restored whole" in done.ended("bring-back").message
    assert "take the backup with -Fc" in done.ended("bring-back").detail["hint"]
    assert same()


def test_the_wrong_database_is_told_and_stays_as_it_is(play, shop, accounts, database):
    backup = shop(*DATA)
    database.execute("ALTER SCHEMA shop RENAME TO other")
    done = play(backup)
    assert (done.ending.exit_code, done.ended("bring-back").outcome) == (3, "failed")
    assert 'rolled back: schema "shop" does not exist (3F000)' in done.ended("bring-back").message
    assert accounts("SELECT count(*) FROM other.item") == [80]


def test_a_lock_held_by_somebody_ends_the_restore_after_two_seconds(play, shop, untouched, database):
    backup = shop(*DATA)
    same = untouched()
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE shop.item IN EXCLUSIVE MODE")
    done = play(backup)
    holder.rollback()
    assert "rolled back: canceling statement due to lock timeout (55P03)" in done.ended("bring-back").message
    assert same()


def test_a_connection_that_is_lost_half_way_leaves_nothing(play, shop, untouched, database, monkeypatch):
    backup = shop(*DATA)
    same = untouched()
    real = __import__("runner.steps.sending", fromlist=["Dump"]).Dump.take

    def take(dump, part, **more):
        if b"COPY" in getattr(part, "text", b""):
            database.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name LIKE 'shisa/%/bring-back'"
            )
        return real(dump, part, **more)

    monkeypatch.setattr("runner.steps.sending.Dump.take", take)
    done = play(backup)
    assert done.ended("bring-back").outcome == "failed"
    assert "terminating connection due to administrator command" in done.ended("bring-back").message
    assert same()
