"""Restores by the real pg_restore, out of archives that the real pg_dump has written."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from runner.archive import read_archive
from runner.steps.restore import keep_entries
from tests.runner.engine.stage import Player

HEAD = "params: {backup: {type: path}}\n"
FLAGS = {"custom": "-Fc", "directory": "-Fd", "tar": "-Ft", "plain": "-Fp"}


def step(selection="schemas: [shop], section: data", more=""):
    return (
        "  - id: bring-back\n    title: Bring it back\n    target: live\n    approval: cross\n"
        f'    restore: {{from: "{{{{ backup }}}}", {selection}}}\n{more}'
    )


@pytest.fixture
def shop(database, archive_tools, monkeypatch, tmp_path):
    """A schema of which archives are taken at id 20; later it stands at 100, its rows up to 20 gone."""
    database.execute(
        "CREATE SCHEMA shop; CREATE TABLE shop.item (id serial PRIMARY KEY, name text);"
        'CREATE TABLE shop."SEQUENCE SET trap" (word text);'
        "INSERT INTO shop.item (name) SELECT 'old' FROM generate_series(1, 20);"
        "INSERT INTO shop.\"SEQUENCE SET trap\" VALUES ('kept')"
    )
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")

    def dumped(kind="custom"):
        path = tmp_path / f"shop.{kind}"
        argv = [archive_tools.path("pg_dump"), FLAGS[kind], "-n", "shop", "-f", path, "-d", database.dsn]
        subprocess.run(argv, check=True)
        database.execute(
            "INSERT INTO shop.item (name) SELECT 'new' FROM generate_series(1, 80);"
            'DELETE FROM shop.item WHERE id <= 20; TRUNCATE shop."SEQUENCE SET trap"'
        )
        return path

    return dumped


@pytest.fixture
def play(stage):
    def one(backup, steps, player=None):
        stage.write(steps, head=HEAD)
        return stage.play(player or Player(on_wait=stage.sign), params={"backup": str(backup)})

    return one


@pytest.mark.parametrize("kind", ["custom", "directory", "tar"])
def test_keep_brings_the_rows_and_leaves_the_sequences_alone(play, shop, accounts, kind):
    done = play(shop(kind), step())
    assert done.ending.exit_code == 0, done.reason
    assert accounts("SELECT count(*) FROM shop.item") == [100]
    assert accounts('SELECT word FROM shop."SEQUENCE SET trap"') == ["kept"]
    assert accounts("SELECT last_value FROM shop.item_id_seq") == [100]


def test_from_backup_sets_the_sequences_as_the_archive_says(play, shop, accounts):
    assert play(shop(), step("schemas: [shop], section: data, sequences: from-backup")).ending.exit_code == 0
    assert accounts("SELECT last_value FROM shop.item_id_seq") == [20]


def test_raise_lifts_the_sequences_of_the_selection_above_the_ids_in_use(play, shop, accounts, database):
    backup = shop()
    database.execute("SELECT setval('shop.item_id_seq', 3)")
    done = play(backup, step("schemas: [shop], section: data, sequences: raise"))
    (raised,) = done.ended("bring-back").detail["raised"]
    assert done.ending.exit_code == 0
    assert (raised["sequence"], raised["was_next"], raised["is_next"]) == ("shop.item_id_seq", 4, 1101)
    assert accounts("SELECT last_value FROM shop.item_id_seq") == [1100]


def test_rows_that_stand_while_their_sequence_cannot_be_raised_are_not_called_a_failure(
    play, shop, accounts, database, monkeypatch
):
    monkeypatch.setattr("runner.postgres.raising._ATTEMPTS", 1)
    backup = shop()
    database.execute("ALTER SEQUENCE shop.item_id_seq MAXVALUE 120; SELECT setval('shop.item_id_seq', 3)")
    done = play(backup, step("schemas: [shop], section: data, sequences: raise"))
    assert (done.state, done.ending.exit_code) == ("unknown", 7)
    assert "entries restored, but the sequences were not raised" in done.reason
    assert accounts("SELECT count(*) FROM shop.item") == [100]


def test_a_restore_that_fails_in_the_middle_is_rolled_back_whole(play, shop, accounts, database):
    backup = shop()
    database.execute("INSERT INTO shop.item VALUES (7, 'in the way')")
    done = play(backup, step())
    ended = done.ended("bring-back")
    assert (done.ending.exit_code, ended.outcome) == (3, "failed")
    assert "rolled back: " in ended.message
    assert "item_pkey" in ended.message
    assert accounts("SELECT count(*) FROM shop.item") == [81]
    assert accounts('SELECT count(*) FROM shop."SEQUENCE SET trap"') == [0]


def test_a_restore_that_sets_sequences_and_fails_leaves_the_outcome_unknown(play, shop, database):
    backup = shop()
    database.execute("INSERT INTO shop.item VALUES (7, 'in the way')")
    done = play(backup, step("schemas: [shop], section: data, sequences: from-backup"))
    assert (done.state, done.ending.exit_code) == ("unknown", 7)
    assert "part of it may stand" in done.reason


def test_a_restore_of_several_jobs_has_no_one_transaction_to_roll_back(play, shop, database):
    backup = shop()
    database.execute("INSERT INTO shop.item VALUES (7, 'in the way')")
    done = play(backup, step("schemas: [shop], section: data, jobs: 2"))
    assert done.ending.exit_code == 7
    assert "part of it may stand" in done.reason


def refused(done, reason):
    ended = done.ended("bring-back")
    return (done.ending.exit_code, ended.outcome) == (3, "failed") and f"not begun: {reason}" in ended.message


def test_a_file_that_is_no_archive_is_refused(play, tmp_path):
    (tmp_path / "note.txt").write_text("dear all\n")
    done = play(tmp_path / "note.txt", step())
    assert (done.ending.exit_code, done.ended("bring-back").outcome) == (3, "failed")
    assert done.ended("bring-back").message.startswith("not begun: ")


def test_an_archive_of_a_newer_pg_dump_than_the_pg_restore_at_hand_is_refused(play, shop, monkeypatch, tmp_path):
    backup = shop()
    old = tmp_path / "old" / "pg_restore"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'pg_restore (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    dumped = read_archive(backup).dump_version
    done = play(backup, step())
    assert refused(done, f"{backup} was written by pg_dump {dumped}, newer than pg_restore 9.6")
    assert "client programs first on the PATH" in done.ended("bring-back").detail["hint"]


def test_without_pg_restore_on_the_path_nothing_begins(play, shop, monkeypatch, tmp_path):
    backup = shop()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(play(backup, step()), "pg_restore is not on the PATH")


def test_the_table_of_contents_says_what_a_sequence_set_is_and_not_the_text_of_a_line(shop, archive_tools):
    backup = shop()
    listing = subprocess.run(
        [archive_tools.path("pg_restore"), "-l", backup], check=True, capture_output=True, text=True
    ).stdout
    facts = read_archive(backup)
    kept = keep_entries(listing, facts, with_sequences=False)
    assert [line for line in kept if "SEQUENCE SET trap" in line]
    assert [line for line in kept if " SEQUENCE SET shop " in line] == []
    everything = keep_entries(listing, facts, with_sequences=True)
    assert [line for line in everything if line not in kept] == [
        line for line in everything if " SEQUENCE SET shop " in line
    ]
    assert len(everything) == len(kept) + 1


def test_the_journal_holds_the_digest_of_the_archive_and_of_the_program_and_progress_is_told(
    play, shop, stage, monkeypatch, database
):
    monkeypatch.setattr("runner.steps.progress._LIVE", 0.0)
    database.execute("INSERT INTO shop.item (name) SELECT md5(i::text) FROM generate_series(1, 100000) i")
    backup = shop()
    database.execute("TRUNCATE shop.item")
    player = Player(on_wait=stage.sign)
    done = play(backup, step(), player)
    detail = done.ended("bring-back").detail
    assert detail["archive"]["sha256"] == hashlib.sha256(backup.read_bytes()).hexdigest()
    assert detail["archive"]["size_bytes"] == backup.stat().st_size
    assert Path(detail["tool"]["path"]).name == "pg_restore"
    assert len(detail["tool"]["sha256"]) == 64
    assert [line for line in player.progressed if " of 2 entries" in line]


@pytest.fixture
def held(database):
    """A lock that a restore waits for."""
    holder = database.connect(autocommit=False)

    def hold():
        holder.execute("LOCK TABLE shop.item IN EXCLUSIVE MODE")

    return hold


def nothing_runs(accounts):
    """Whoever holds the lock holds it still, so a session that was not ended waits on; one that ends takes a moment."""
    deadline = time.monotonic() + 10
    mine = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'shisa/%' AND datname = current_database()"
    while left := accounts(mine):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def test_a_restore_that_takes_longer_than_the_step_may_is_ended_on_both_sides(play, shop, accounts, held):
    backup = shop()
    held()
    done = play(backup, step(more="    timeout: 700ms\n"))
    assert (done.state, done.ending.exit_code) == ("unknown", 7)
    assert "pg_restore took longer than 0.7 s and was ended; nothing of it runs any more" in done.reason
    nothing_runs(accounts)


DRIVE = """
import sys
from pathlib import Path
from tests.runner.engine.stage import Player, Stage
stage = Stage.at(Path(sys.argv[1]))
play = stage.play(Player(on_wait=stage.sign), params={"backup": sys.argv[2]})
print(play.state, play.reason)
sys.exit(play.ending.exit_code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_the_program_and_its_backend_and_no_argument_shows_the_password(  # noqa: PLR0917 - fixtures
    stage, shop, accounts, held, server, database
):
    password = server.password
    stage.settings["targets"]["live"]["dsn"] = make_conninfo(database.dsn, password=password)
    stage.save()
    stage.write(step(), head=HEAD)
    backup = shop()
    held()
    child = subprocess.Popen(
        [sys.executable, "-c", DRIVE, stage.folder, backup],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'shisa/%/bring-back' AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 60
    while not accounts(waiting):
        assert time.monotonic() < deadline, "the restore does not come to the lock"
        assert child.poll() is None, child.stdout.read()
        time.sleep(0.02)
    programs = programs_with(backup)
    assert any("pg_restore" in argv for argv in programs.values())
    assert [argv for argv in programs.values() if password in argv] == []
    os.kill(child.pid, 2)
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 7
    assert "interrupted by the operator; pg_restore was ended by a signal; nothing of it runs any more" in told
    nothing_runs(accounts)
    assert programs_with(backup) == {}


def programs_with(argument):
    """Find running programs by one of their arguments: process id → all of its arguments."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            argv = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(argument) in argv.split(b"\0"):
            found[entry.name] = argv.decode(errors="replace")
    return found


@pytest.mark.parametrize("selection", ["schemas: [shop]", "into: {schemas: {shop: shop_2}}"], ids=["as it is", "clone"])
def test_an_archive_of_another_database_is_not_restored_by_the_step_itself(shop, play, database, accounts, selection):
    backup = shop()
    backup.write_bytes(backup.read_bytes().replace(database.name.encode(), b"x" * len(database.name)))
    everything = (
        "SELECT (SELECT count(*) FROM pg_class) || md5(string_agg(i::text, '' ORDER BY id)) FROM shop.item AS i"
    )
    before = accounts(everything)
    done = play(backup, step(selection))
    assert done.ending.exit_code == 3
    assert "is a backup of the database xxxx" in done.reason
    assert accounts(everything) == before
