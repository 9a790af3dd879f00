"""Backups by the real pg_dump, taken while other sessions go on."""

import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checks.base import Selection
from runner.archive import read_archive, tables_with_data
from runner.archive.rows import copy_rows
from runner.postgres import dumping
from tests.runner.engine.stage import Player


def step(settings="format: custom", more=""):
    return (
        "  - id: save\n    title: Save it\n    target: live\n"
        f"    backup: {{to: kept.dump, {settings}}}\n"
        "    verify: {check: backup-readable, with: {backup: kept.dump}}\n"
        f"{more}"
    )


@pytest.fixture
def shop(database, archive_tools, monkeypatch, stage):
    """A schema with rows and a sequence; the programs of the server's version are first on the PATH."""
    database.execute(
        "CREATE SCHEMA shop; CREATE SCHEMA other; CREATE TABLE other.item (id int);"
        "CREATE TABLE shop.item (id serial PRIMARY KEY, name text);"
        'CREATE TABLE shop."It*m" (word text);'
        "INSERT INTO shop.item (name) SELECT 'old' FROM generate_series(1, 20);"
        "SELECT setval('shop.item_id_seq', 500, false)"
    )
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(stage.folder)
    return database


@pytest.fixture
def play(stage, shop):
    def one(steps, player=None, **options):
        stage.write(steps)
        return stage.play(player or Player(on_wait=stage.sign), **options)

    return one


def left_in(folder):
    return sorted(each.name for each in folder.iterdir() if "kept" in each.name and each.suffix != ".kept")


def nobody_is_left(accounts):
    """A session that was closed takes a moment to be gone from the view."""
    deadline = time.monotonic() + 10
    while accounts(f"SELECT pid {OURS}"):
        assert time.monotonic() < deadline, "somebody is still there"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ("format: custom", "custom"),
        ("format: directory, jobs: 2", "directory"),
        ("format: tar", "tar"),
        ("format: plain", "plain"),
    ],
)
def test_every_format_is_written_whole_for_its_owner_alone_and_told_of_in_the_journal(play, stage, settings, kind):
    done = play(step(settings))
    assert done.ending.exit_code == 0, done.reason
    kept = stage.folder / "kept.dump"
    told = done.ended("save").detail["backup"]
    facts = read_archive(kept)
    assert (facts.format, told["format"], told["path"]) == (kind, kind, str(kept))
    assert left_in(stage.folder) == ["kept.dump"]
    files = [*kept.iterdir(), kept] if kept.is_dir() else [kept]
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} <= {0o600, 0o700}
    if kept.is_file():
        assert told["sha256"] == hashlib.sha256(kept.read_bytes()).hexdigest()
        assert told["size_bytes"] == kept.stat().st_size
    assert told["tables"] == len(tables_with_data(facts, Selection()))
    assert ["shop.item_id_seq", 500, False] in told["sequences"]
    assert told["tool"]["version"].startswith(facts.dump_version.split(".")[0])


def test_the_digest_of_a_folder_is_that_of_what_sha256sum_prints_inside_it(play, stage):
    told = play(step("format: directory")).ended("save").detail["backup"]
    files = sorted((stage.folder / "kept.dump").iterdir())
    lines = "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files)
    assert hashlib.sha256(lines.encode()).hexdigest() == told["sha256"]


def test_rows_are_those_of_the_snapshot_and_not_of_the_moment_when_pg_dump_comes_to_them(
    play, shop, stage, monkeypatch
):
    real = dumping.tables_to_dump

    def later(*arguments):
        shop.execute("INSERT INTO shop.item (name) VALUES ('after the snapshot'); CREATE TABLE shop.late ()")
        return real(*arguments)

    monkeypatch.setattr("runner.steps.backup.tables_to_dump", later)
    done = play(step())
    facts = read_archive(stage.folder / "kept.dump")
    entry = next(
        each for each in facts.entries if each.kind == "TABLE DATA" and each.name == "item" and each.schema == "shop"
    )
    assert len(list(copy_rows(stage.folder / "kept.dump", entry))) == 20
    assert [each.name for each in facts.entries if each.name == "late"] == []
    assert ["shop.item_id_seq", 500, False] in done.ended("save").detail["backup"]["sequences"]
    assert [(each.value, each.is_called) for each in facts.sequence_sets] == [(500, True)]


@pytest.mark.parametrize(
    ("settings", "tables"),
    [
        ("schemas: [shop]", {("shop", "item"), ("shop", "It*m")}),
        ("tables: [shop.item]", {("shop", "item")}),
        ("""tables: ['shop."It*m"']""", {("shop", "It*m")}),
    ],
)
def test_a_selection_takes_exactly_what_it_names(play, stage, settings, tables):
    assert play(step(settings)).ending.exit_code == 0
    found = tables_with_data(read_archive(stage.folder / "kept.dump"), Selection())
    assert {(each.schema, each.name) for each in found} == tables


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("schemas: [shop, nowhere]", "no matching schemas were found for pattern"),
        ("tables: [shop.nothing]", "no matching tables were found for pattern"),
        ("tables: [item]", "'item' is a table without its schema"),
        ("schemas: [shop], tables: [shop.item]", "a backup takes schemas or tables, not both"),
        ("format: custom, jobs: 2", "pg_dump writes the format custom with one job, not 2"),
    ],
)
def test_what_cannot_be_dumped_as_it_is_said_is_refused(play, stage, settings, reason):
    done = play(step(settings))
    assert (done.ending.exit_code, done.ended("save").outcome) == (3, "failed")
    assert reason in done.ended("save").message
    assert left_in(stage.folder) == []


def test_a_file_that_is_there_is_never_replaced(play, stage):
    (stage.folder / "kept.dump").write_text("the only copy")
    done = play(step())
    assert "exists already; a backup never replaces anything" in done.ended("save").message
    assert (stage.folder / "kept.dump").read_text() == "the only copy"
    assert left_in(stage.folder) == ["kept.dump"]


def test_a_file_that_somebody_makes_meanwhile_is_not_replaced_either(play, stage, monkeypatch):
    def made(path):
        (stage.folder / "kept.dump").write_text("somebody else's")
        return read_archive(path)

    monkeypatch.setattr("runner.steps.backup.read_archive", made)
    done = play(step())
    assert done.ended("save").outcome == "failed"
    assert "was made by somebody else meanwhile" in done.ended("save").message
    assert (stage.folder / "kept.dump").read_text() == "somebody else's"
    assert left_in(stage.folder) == ["kept.dump"]


def test_later_steps_know_where_the_backup_is_and_what_it_is(play, stage):
    captured = step(more="    capture: {made: {column: sha256}, at: {column: lsn}, bytes: {column: size_bytes}}\n")
    shown = "  - id: tell\n    title: Tell\n    manual: 'sha256 {{ made }} at {{ at }}, {{ bytes }}'\n"
    done = play(captured + shown)
    told = done.ended("save").detail["backup"]
    text = done.bodies("step.entered", "tell")[0].rendered["manual"]
    assert text == f"sha256 {told['sha256']} at {told['lsn']}, {told['size_bytes']}"


def test_what_a_backup_does_not_leave_cannot_be_captured(play, stage):
    done = play(step(more="    capture: {made: {column: md5}}\n"))
    assert "not begun: a backup has no md5 to capture" in done.ended("save").message
    assert left_in(stage.folder) == []


def test_a_server_that_is_newer_than_pg_dump_is_refused_before_anything_begins(play, stage, monkeypatch, tmp_path):
    old = tmp_path / "old" / "pg_dump"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    done = play(step())
    assert "not begun: the target runs PostgreSQL" in done.ended("save").message
    assert "newer than pg_dump 9.6" in done.ended("save").message


@pytest.fixture
def held(database):
    """A lock that pg_dump waits for."""
    holder = database.connect(autocommit=False)

    def hold():
        holder.execute("LOCK TABLE shop.item IN ACCESS EXCLUSIVE MODE")

    hold.release = holder.rollback
    return hold


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("    timeout: 700ms\n", "pg_dump took longer than 0.7 s and was ended"),
        ("    lock_timeout: 300ms\n", "error: query failed: ERROR:  canceling statement due to"),
    ],
)
def test_a_backup_that_waits_too_long_is_ended_on_both_sides_and_leaves_nothing(  # noqa: PLR0917 - fixtures
    play, stage, accounts, held, more, reason
):
    held()
    done = play(step(more=more))
    ended = done.ended("save")
    assert (done.ending.exit_code, ended.outcome) == (3, "failed"), done.reason
    assert reason in ended.message
    assert "nothing of it runs any more, and nothing was kept" in ended.message
    nobody_is_left(accounts)
    assert left_in(stage.folder) == []


def test_a_guard_that_objects_ends_a_backup_whole(play, stage, database, accounts, held):
    database.execute("CREATE TABLE tree (id int PRIMARY KEY); CREATE TABLE branch (PRIMARY KEY (id)) INHERITS (tree);")
    held()
    guard = "{check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 100ms}"
    database.execute("INSERT INTO tree VALUES (1); INSERT INTO branch VALUES (1)")
    done = play(step(more=f"    guards: {{during: [{guard}]}}\n"))
    assert (done.state, done.ended("save").outcome) == ("blocked", "cancelled"), done.reason
    assert done.ended("save").message.startswith("stopped by a guard; pg_dump")
    assert done.ended("save").message.endswith("nothing of it runs any more, and nothing was kept")
    nobody_is_left(accounts)
    assert left_in(stage.folder) == []


def test_progress_names_the_tables_and_the_rows_that_are_on_their_way(play, shop, stage, archive_tools, monkeypatch):
    monkeypatch.setattr("runner.steps.progress._LIVE", 0.0)
    shop.execute("INSERT INTO shop.item (name) SELECT 'x' FROM generate_series(1, 200000); ANALYZE shop.item")
    player = Player()
    assert play(step(), player).ending.exit_code == 0
    assert [line for line in player.progressed if "of 4 tables" in line]
    assert [line for line in player.progressed if "of about 200,020 rows" in line]


def test_a_full_disk_leaves_nothing(play, stage, shop, archive_tools, monkeypatch, tmp_path):  # noqa: PLR0917 - fixtures
    small = tmp_path / "small" / "pg_dump"
    small.parent.mkdir()
    small.write_text(f'#!/bin/sh\nulimit -f 1\nexec {archive_tools.path("pg_dump")} "$@"\n')
    small.chmod(0o755)
    shop.execute("INSERT INTO shop.item (name) SELECT md5(i::text) FROM generate_series(1, 20000) i")
    monkeypatch.setenv("PATH", f"{small.parent}{os.pathsep}{os.environ['PATH']}")
    done = play(step())
    assert done.ended("save").outcome == "failed"
    assert left_in(stage.folder) == []


DRIVE = """
import os, sys
from pathlib import Path
from tests.runner.engine.stage import Player, Stage
stage = Stage.at(Path(sys.argv[1]))
os.chdir(stage.folder)
play = stage.play(Player(on_wait=stage.sign))
print(play.state, play.reason)
sys.exit(play.ending.exit_code)
"""


OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'shisa/%'"
WAITING = f"SELECT count(*) {OURS} AND wait_event_type = 'Lock'"


@pytest.fixture
def process(stage, shop, held, accounts):
    """A backup in a process of its own that waits for a lock; gives the process once pg_dump waits."""
    stage.write(step())
    held()
    argv = [sys.executable, "-c", DRIVE, stage.folder]
    with subprocess.Popen(argv, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True) as child:
        deadline = time.monotonic() + 30
        while accounts(WAITING) == [0] and time.monotonic() < deadline:
            time.sleep(0.05)
        yield child
        child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_leaves_no_program_no_backend_and_no_file_and_no_argument_shows_the_password(
    process, stage, accounts, server, database
):
    arguments = [_argv(pid) for pid in Path("/proc").iterdir() if pid.name.isdigit()]
    assert [each for each in arguments if "pg_dump" in each and str(stage.folder) in each]
    password = server.password
    assert not password or [each for each in arguments if password in each] == []
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert "stopped save: interrupted by the operator; " in said
    assert "; nothing of it runs any more, and nothing was kept" in said
    assert process.returncode == 5
    nobody_is_left(accounts)
    assert left_in(stage.folder) == []


def _argv(pid):
    try:
        return (pid / "cmdline").read_text()
    except OSError:
        return ""


def test_a_backup_that_was_killed_did_not_happen_because_its_file_is_not_there(
    process, stage, accounts, held, database
):
    process.kill()
    process.wait()
    run = stage.records()[0].run
    at_work = stage.resume(run)
    assert (at_work.state, at_work.ending.exit_code) == ("unknown", 7)
    assert "a backend of this step is still at work" in at_work.reason
    of_the_run = f"FROM pg_stat_activity WHERE application_name LIKE 'shisa/{run}%'"
    accounts(f"SELECT pg_terminate_backend(pid, 10000) {of_the_run}")
    held.release()
    assert left_in(stage.folder) != []
    settled = stage.resume(run, Player(answers={"save": "stop"}))
    assert "kept.dump is not there, and a backup is there whole or not at all" in settled.ended("save").message
    assert settled.ended("save").outcome == "failed"
    with database.connect(application_name=f"shisa/{run}/save"):
        busy = stage.resume(run, Player())
        assert "is still being written by an earlier attempt of this run" in busy.ended("save").message
        assert left_in(stage.folder) != []
    again = Player()
    assert stage.resume(run, again).ending.exit_code == 0
    assert [line for line in again.said if "left by an attempt that was killed, is removed" in line]
    assert left_in(stage.folder) == ["kept.dump"]


COMPARE = """\
  - id: work
    title: Somebody works
    manual: Wait for it.
  - id: compare
    title: No sequence went back
    target: live
    check: sequence-drift
    with: {baseline: compare}
"""


@pytest.mark.parametrize("team", [False, True], ids=["one machine", "team"])
def test_a_sequence_that_went_back_since_the_backup_is_found_by_a_later_guard(team, play, stage, shop, request):
    if team:
        stage.settings["journal"] = request.getfixturevalue("team_journal")
        stage.save()
    done = play(step() + COMPARE, Player({"work": "stop"}, on_wait=stage.sign))
    assert done.state == "stopped", done.reason
    shop.execute("SELECT setval('shop.item_id_seq', 498)")
    back = stage.resume(done.run)
    assert (back.state, back.ending.exit_code) == ("blocked", 1)
    (found,) = [
        each
        for each in back.bodies("guards.asked", "compare")[-1].evidence[0]["findings"]
        if each["verdict"] == "block"
    ]
    assert "shop.item_id_seq was put back from 500 to 499 since the baseline of step save" in found["message"]
    shop.execute("SELECT setval('shop.item_id_seq', 500, false)")
    assert stage.resume(done.run).state == "completed"
    assert stage.problems() == []
