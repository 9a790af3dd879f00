"""A backup's bytes are signed with the step that reads it: what is put in its place afterwards is not restored."""

import contextlib
import os
import shutil
import subprocess
import threading

import pytest

from tests.runner.engine.stage import Player
from tests.runner.engine.test_restoring_rows import backup, play, rows, step  # noqa: F401 - fixtures

LOAD = """\
  - id: load
    title: Load it
    target: live
    restore: {from: "{{ backup }}"}
    approval: cross
"""
OTHER = "holds other bytes than when it was shown: sha256 "


@pytest.fixture
def dumped(database, archive_tools, backup):  # noqa: F811
    """Makes a backup of one table, with more rows in it than the last one."""
    database.execute("CREATE TABLE shelf (id int)")

    def dump(path, kind):
        database.execute("INSERT INTO shelf VALUES (1)")
        argv = [archive_tools.path("pg_dump"), f"-F{kind}", "-t", "public.shelf", "-f", path, "-d", database.dsn]
        subprocess.run(argv, check=True)
        return path

    return dump


def put(other, path):
    """Put a backup in another's place, as old as that one was."""
    told = path.stat()
    if path.is_dir():
        shutil.rmtree(path)
        shutil.copytree(other, path)
    else:
        path.write_bytes(other.read_bytes())
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))


def once(act):
    left = [act]
    return lambda *_: left and left.pop()()


@pytest.mark.parametrize("kind", ["c", "d", "t", "p"])
def test_another_backup_in_its_place_is_asked_for_again(stage, dumped, database, accounts, kind):
    path, other = dumped(stage.folder / "signed", kind), dumped(stage.folder / "other", kind)
    database.execute("DROP TABLE shelf")
    done = play(stage, path, LOAD, Player(on_wait=stage.sign, on_go=once(lambda: put(other, path))))
    assert done.ending.exit_code == 0, done.reason
    (stale,) = done.bodies("approval.stale")
    assert stale.reasons[0].startswith(f"{path} {OTHER}")
    first, second = done.bodies("step.entered", "load")
    assert first.reads[0].sha256 != second.reads[0].sha256
    assert first.step_digest != second.step_digest
    requests = done.bodies("approval.requested")
    assert [body.requests for body in done.bodies("step.intended")] == [(requests[1].request,)]
    assert done.ended("load").detail.get("archive", {}).get("sha256", second.reads[0].sha256) == second.reads[0].sha256
    assert accounts("SELECT count(*) FROM shelf") == [2]


def test_a_backup_whose_stamp_is_the_same_is_read_again_all_the_same(stage, backup, monkeypatch):  # noqa: F811
    monkeypatch.setattr("runner.archive.fingerprint.stamp", lambda _path: "the same")
    whole = backup.read_bytes()
    player = Player(on_wait=stage.sign, on_go=once(lambda: backup.write_bytes(whole + b"x")))
    done = play(stage, backup, step(), player)
    (stale,) = done.bodies("approval.stale")
    assert stale.reasons[0].startswith(f"{backup} {OTHER}")
    assert len(done.bodies("approval.requested")) == 2


def test_a_backup_that_is_written_to_while_its_rows_are_staged_is_rolled_back(stage, backup, rows):  # noqa: F811
    before, whole = rows(), backup.read_bytes()
    player = Player(on_wait=stage.sign)
    player.tell = lambda text: backup.write_bytes(whole + b"x") if "are staged" in text else None
    done = play(stage, backup, step(), player)
    assert done.state == "failed"
    assert f"rolled back: {backup} {OTHER}" in done.reason
    assert rows() == before


def test_a_backup_that_is_written_to_while_pg_restore_reads_it_leaves_the_outcome_unknown(stage, dumped, database):
    path = dumped(stage.folder / "shelf.dump", "c")
    database.execute("DROP TABLE shelf")
    whole = path.read_bytes()
    player = Player(on_wait=stage.sign)
    player.tell = lambda text: path.write_bytes(whole + b"x") if text.startswith("pg_restore") else None
    done = play(stage, path, LOAD, player)
    assert done.state == "unknown"
    assert f"restored, but {path} {OTHER}" in done.ended("load").message


@pytest.fixture
def piped(stage, dumped, database):
    """A backup in a folder with a named pipe that pg_restore prefers to the compressed rows, and shisa does not."""
    path, ended = dumped(stage.folder / "shelf", "d"), threading.Event()
    database.execute("DROP TABLE shelf")
    (packed,) = path.glob("*.dat.gz")
    member, other = packed.with_suffix(""), b"1\n\\.\n\n\n"
    os.mkfifo(member)

    def feed():
        while not ended.is_set():
            with contextlib.suppress(BrokenPipeError), member.open("wb") as end:
                end.write(other)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    yield path
    ended.set()
    os.close(os.open(member, os.O_RDONLY | os.O_NONBLOCK))
    feeder.join(5)


def test_rows_that_come_out_of_a_pipe_are_no_bytes_that_somebody_signed(stage, piped, accounts):
    done = play(stage, piped, LOAD, Player(on_wait=stage.sign))
    assert done.state == "failed", done.reason
    assert f"{piped} holds more than files, so nobody knows its bytes" in done.reason
    assert accounts("SELECT to_regclass('shelf')") == [None]


TAKEN_BACK = """\
  - id: empty
    title: Empty it
    target: live
    sql: TRUNCATE shelf
    approval: cross
    rollback: {restore: {from: "{{ backup }}", rows: insert-missing}}
  - {id: broken, title: Broken, target: live, sql: SELECT 1/0}
"""


@pytest.mark.parametrize("swapped", [False, True])
def test_a_rollback_that_would_read_other_bytes_is_asked_for_by_itself(stage, dumped, database, tmp_path, swapped):
    database.execute("ALTER TABLE shelf ADD PRIMARY KEY (id)")
    path = dumped(tmp_path / "shelf.dump", "c")
    done = play(stage, path, TAKEN_BACK)
    assert done.state == "failed", done.reason
    if swapped:
        path.write_bytes(path.read_bytes() + b"x")
    back = stage.roll_back(done.run, Player(on_wait=stage.sign, back=True))
    assert back.state == "rolled-back", back.reason
    asked = [record.step for record in back.session.records if record.body.name == "approval.requested"]
    assert asked == ["empty", "empty.rollback"][: 1 + swapped]


LOOP = """\
  - id: each
    title: Each of them
    for_each:
      items: [7, 8]
      as: number
      steps:
        - id: back
          title: Bring it back
          target: live
          restore:
            from: FROM
            tables: [public.orders]
            where: {public.orders: "tenant = :number"}
            rows: insert-missing
          approval: cross
"""


@pytest.mark.parametrize(
    ("source", "asked"),
    [('"{{ backup }}"', ["each"]), ('"{{ backup }}.{{ number }}"', ["each", "each[1]/back", "each[2]/back"])],
    ids=["one backup is signed with the loop", "one by its item is asked for by the iteration"],
)
def test_a_loop_is_asked_for_with_what_it_reads(stage, backup, source, asked):  # noqa: F811
    for number in (7, 8):
        shutil.copyfile(backup, f"{backup}.{number}")
    done = play(stage, backup, LOOP.replace("FROM", source))
    assert done.ending.exit_code == 0, done.reason
    assert [one.step for one in done.session.records if one.body.name == "approval.requested"] == asked
