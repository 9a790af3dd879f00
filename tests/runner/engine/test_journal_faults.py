"""The journal cannot be written: the run stops before the effect, exit 8, and goes on when it can be written again."""

import contextlib
import itertools
import os
import subprocess

import pytest

from runner.errors import JournalError
from runner.journal.sqlite import SqliteJournal
from runner.postgres.transaction import Transaction
from tests.fixtures.needs import small_disk
from tests.runner.engine.stage import Player

SQL = """\
  - id: add
    title: Add
    target: live
    sql: INSERT INTO account VALUES (4, 'dan') RETURNING id
    capture: {new: {column: id, type: integer}}
  - id: next
    title: Next
    target: live
    sql: INSERT INTO account VALUES (:new + 1, 'eve')
"""
SIGNED = """\
  - id: clean
    title: Clean
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}
"""
LOOP = """\
  - id: each
    title: Each
    for_each:
      items: [4, 5]
      as: n
      steps:
        - {id: add, title: Add, target: live, sql: "INSERT INTO account VALUES (:n, 'x')"}
"""
ROWS = "TRUNCATE account; INSERT INTO account VALUES (1, 'ann'), (2, 'ben'), (3, 'cid')"


class Failing(SqliteJournal):
    """A journal of which one append fails, as on a disk that is full for a moment."""

    fails = 0
    written = 0

    def append(self, *given, **named):
        type(self).written += 1
        if type(self).written == type(self).fails:
            raise JournalError("the disk is full")
        return super().append(*given, **named)


def failing(stage, number):
    """Open the stage's journal so that the append of this number fails."""
    made = type("FailingOnce", (Failing,), {"fails": number, "written": 0})
    return made(stage.folder / "journal.db")


@pytest.mark.parametrize(
    ("steps", "whole"),
    [(SQL, [1, 2, 3, 4, 5]), (SIGNED, [1, 3]), (LOOP, [1, 2, 3, 4, 5])],
    ids=["sql", "signed", "loop"],
)
def test_whichever_line_cannot_be_written_nothing_happens_twice(stage, database, accounts, steps, whole):
    stage.write(steps)
    player = Player(on_wait=stage.sign)
    for number in itertools.count(1):
        database.execute(ROWS)
        journal = failing(stage, number)
        with contextlib.suppress(JournalError):
            stage.play(player, journal=journal)
        journal.close()
        if journal.written < number:
            break
        assert journal.written == number, "it went on after a line was not written"
        _finish(stage, player, opened=number > 1)
        assert accounts() == whole, f"line {number} was not written"
        assert stage.problems() == []
    assert accounts() == whole
    assert number > 6


def _finish(stage, player, *, opened):
    """Go on with the newest run, or begin one where not even its first line was written."""
    if not opened:
        assert stage.play(player).state == "completed"
        return
    run = next(record.run for record in reversed(stage.records()) if record.body.name == "run.opened")
    for _ in range(3):
        play = stage.resume(run, player)
        if play.state == "completed":
            return
    raise AssertionError(play.reason)


def test_a_program_whose_end_cannot_be_written_is_unknown_and_not_begun_again(stage):
    done = stage.folder / "done"
    stage.write(f"  - {{id: call, title: Call, command: [sh, -c, 'echo x >> {done}'], approval: cross}}\n")
    player = Player(on_wait=stage.sign)
    journal = failing(stage, 5)
    with pytest.raises(JournalError):
        stage.play(player, journal=journal)
    journal.close()
    assert [record.body.name for record in stage.records()][-1] == "step.intended"
    play = stage.resume(stage.records()[0].run, player)
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert done.read_text() == "x\n"


@pytest.fixture
def disk(tmp_path):
    """A file system of its own that can be filled, and made read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder):
        yield folder


@pytest.fixture
def aside(stage, disk):
    """The stage, with its journal on a disk of its own."""
    stage.settings["journal"] = str(disk / "journal.db")
    stage.save()
    stage.write(SQL)
    return stage


def fill(disk):
    waste = os.open(disk / "waste", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(waste, b"x" * 4096)
    os.close(waste)


def after_commit(patched, happens):
    """Let something happen right behind the first COMMIT, before its outcome is written."""
    commit = Transaction.commit

    def and_then(self):
        commit(self)
        happens()

    patched.setattr(Transaction, "commit", and_then)


def test_a_disk_that_is_full_just_when_the_outcome_is_to_be_written_loses_nothing(aside, accounts, disk, monkeypatch):
    with monkeypatch.context() as patched:
        after_commit(patched, lambda: fill(disk))
        with pytest.raises(JournalError) as caught:
            aside.play()
    assert caught.value.exit_code == 8
    assert accounts() == [1, 2, 3, 4]
    assert [record.body.name for record in aside.records()][-2:] == ["step.intended", "value.captured"]
    (disk / "waste").unlink()
    _goes_on(aside, accounts)


@pytest.mark.parametrize("when", ["between the steps", "before the outcome"])
def test_a_journal_that_is_moved_away_takes_no_line_and_put_back_it_tells_all(stage, accounts, monkeypatch, when):
    file, aside = stage.folder / "journal.db", stage.folder / "aside.db"
    stage.write(SQL)
    player = Player(on_go=lambda view: file.rename(aside) if view.path == "next" else None)
    with monkeypatch.context() as patched:
        if when == "before the outcome":
            after_commit(patched, lambda: file.rename(aside))
        with pytest.raises(JournalError) as caught:
            stage.play(player)
    assert "is not the file any more that this program writes to" in caught.value.message
    assert caught.value.exit_code == 8
    assert accounts() == [1, 2, 3, 4]
    assert not file.exists()
    aside.rename(file)
    _goes_on(stage, accounts)


def test_a_full_disk_stops_the_run_before_the_effect_and_with_room_again_it_goes_on(aside, accounts, disk):
    with pytest.raises(JournalError) as caught:
        aside.play(Player(on_go=lambda _: fill(disk)))
    assert caught.value.exit_code == 8
    assert "full" in caught.value.message
    assert accounts() == [1, 2, 3]
    (disk / "waste").unlink()
    _goes_on(aside, accounts)


def test_a_journal_that_became_read_only_takes_nothing_and_nothing_is_done(aside, accounts, disk):
    run = aside.play(Player(answers={"add": "stop"})).run
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        with pytest.raises(JournalError) as caught:
            aside.resume(run)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert caught.value.exit_code == 8
    assert accounts() == [1, 2, 3]
    _goes_on(aside, accounts)


def _goes_on(stage, accounts):
    play = stage.resume(stage.records()[0].run)
    assert play.state == "completed", play.reason
    assert accounts() == [1, 2, 3, 4, 5]
    assert stage.problems() == []
