import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.errors import ConnectError, JournalError, UsageError
from runner.journal import open_journal
from runner.journal.chain import GENESIS, is_whole
from runner.journal.events import Note
from runner.journal.record import Head
from runner.journal.sqlite import SqliteJournal
from tests.fixtures.needs import bound_by_modes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "journal.db"


@pytest.fixture
def journal(path):
    opened = SqliteJournal(path)
    yield opened
    opened.close()


def note(journal, text="hello", **place):
    return journal.append(Note(text=text), **{"run": "r", "step": None, "person": "alice", **place})


def program(code, *arguments):
    """Start another Python process on the journal; it says when it has begun."""
    source = "from runner.journal.sqlite import *\nfrom runner.journal.events import Note\nimport sys\n"
    command = [sys.executable, "-c", source + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_empty_journal_has_the_first_head(journal):
    assert journal.head() == Head(0, GENESIS)
    assert list(journal.records()) == []


def test_what_is_appended_reads_back_in_order_and_chained(journal):
    first, second = note(journal, "one"), note(journal, "zw\u00f6lf \0", step="s", run="q")
    assert list(journal.records()) == [first, second]
    assert (first.prev, second.prev) == (GENESIS, first.hash)
    assert journal.head() == Head(2, second.hash)
    assert all(map(is_whole, journal.lines()))


def test_lines_are_chosen_by_run_and_by_number(journal):
    for number in range(6):
        note(journal, run="ab"[number % 2])
    assert [one.seq for one in journal.records(run="b", after=2)] == [4, 6]
    assert [one.seq for one in journal.records(after=4)] == [5, 6]


def test_more_lines_than_one_chunk_are_read(journal, monkeypatch):
    monkeypatch.setattr("runner.journal.sqlite._CHUNK", 3)
    for _ in range(7):
        note(journal)
    assert [one.seq for one in journal.records()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_missing_step_is_not_an_empty_one(journal):
    one, other = note(journal), note(journal, step="")
    assert [record.step for record in journal.records()] == [None, ""]
    assert one.hash != other.hash


def test_the_time_never_goes_back(path):
    times = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)])
    journal = SqliteJournal(path, clock=lambda: next(times))
    stamps = [note(journal).at for _ in range(3)]
    journal.close()
    assert stamps == [f"2026-01-0{day}T00:00:00.000000Z" for day in (2, 2, 3)]


def test_the_folder_and_the_file_are_private(journal, path):
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["journal.db"], "no draft is left behind"


def test_a_folder_shared_by_a_group_makes_a_file_for_the_group(tmp_path):
    tmp_path.chmod(0o2775)
    SqliteJournal(tmp_path / "journal.db").close()
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o660


def test_the_umask_does_not_narrow_a_group_journal(tmp_path):
    tmp_path.chmod(0o2775)
    before = os.umask(0o077)
    try:
        SqliteJournal(tmp_path / "journal.db").close()
    finally:
        os.umask(before)
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o660


def test_every_line_is_made_durable_with_all_that_sqlite_can_do(journal):
    assert journal._connection.execute("PRAGMA journal_mode").fetchone() == (b"delete",)
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (3,), "EXTRA"


def test_another_connections_lines_are_noticed(journal, path):
    assert not journal.changed()
    note(journal)
    assert not journal.changed(), "one's own lines are no news"
    other = SqliteJournal(path)
    note(other)
    other.close()
    assert journal.changed()
    assert not journal.changed()


def test_a_reader_who_thinks_long_does_not_hold_up_a_writer(path, journal):
    for _ in range(3):
        note(journal)
    reading = SqliteJournal(path, readonly=True)
    lines = reading.records()
    next(lines)
    writer = SqliteJournal(path, wait_s=0.1)
    assert note(writer).seq == 4
    writer.close()
    reading.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET body = '{}' WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 2",
        "REPLACE INTO journal SELECT 1, at, person, event, run, step, body, prev, hash FROM journal WHERE seq = 2",
        "INSERT INTO journal SELECT * FROM journal WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET body = '{}'",
        "INSERT INTO journal SELECT 9, at, person, event, run, step, body, prev, hash FROM journal WHERE seq = 2",
        "INSERT INTO journal SELECT 3, at, person, event, run, step, body, prev, hash FROM journal WHERE seq = 2",
    ],
)
def test_sql_that_would_change_or_fork_the_journal_is_refused(journal, path, statement):
    note(journal)
    note(journal)
    plain = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match=r"journal is append-only|journal chain broken"):
        plain.execute(statement)
    plain.close()


def test_a_column_of_another_type_is_refused(journal, path):
    plain = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        plain.execute(
            "INSERT INTO journal VALUES (1, '2026-01-01T00:00:00.000000Z', 'a', 'note', 'r', NULL, x'00', ?, ?)",
            (GENESIS, GENESIS),
        )
    plain.close()


def test_six_processes_append_at_once_and_nothing_is_lost(journal, path):
    code = """
        journal = SqliteJournal(Path(sys.argv[1]), wait_s=60)
        for number in range(100):
            journal.append(Note(text=str(number)), run=sys.argv[2], step=None, person="alice")
    """
    processes = [program(code, path, number) for number in range(6)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    records = list(journal.records())
    assert [one.seq for one in records] == list(range(1, 601))
    for number in range(6):
        texts = [one.body.text for one in records if one.run == str(number)]
        assert texts == [str(each) for each in range(100)]
    assert all(
        line.prev == before.hash for before, line in zip(journal.lines(), list(journal.lines())[1:], strict=False)
    )


def test_several_processes_make_the_same_journal_at_once(path):
    code = """
        SqliteJournal(Path(sys.argv[1]), wait_s=60).append(Note(text=""), run="r", step=None, person="alice")
    """
    processes = [program(code, path) for _ in range(4)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    journal = SqliteJournal(path, readonly=True)
    assert journal.head().seq == 4
    journal.close()


def test_threads_share_one_journal(journal):
    threads = [threading.Thread(target=lambda: [note(journal) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.seq for one in journal.records()] == list(range(1, 41))


def test_kill_9_while_appending_leaves_a_whole_chain_with_every_line_that_was_acknowledged(path):
    code = """
        journal = SqliteJournal(Path(sys.argv[1]))
        while True:
            print(journal.append(Note(text="x" * 300), run="r", step=None, person="alice").seq, flush=True)
    """
    acknowledged = 0
    for lines in (1, 3, 7, 13, 20, 31):
        process = program(code, path)
        for _ in range(lines):
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().splitlines()  # communicate() would miss what readline() had read ahead
        process.communicate()
        acknowledged = int(rest[-1]) if rest and rest[-1] else acknowledged
        journal = SqliteJournal(path)
        assert journal.head().seq in {acknowledged, acknowledged + 1}
        assert all(map(is_whole, journal.lines()))
        assert journal.damage() == ()
        note(journal)
        journal.close()


def test_a_line_that_cannot_be_spelled_is_refused_and_nothing_is_written(journal):
    with pytest.raises(JournalError, match=r"The event note cannot be journaled: .*surrogate"):
        note(journal, "\ud800")
    with pytest.raises(JournalError, match="The name of a person, run or step holds half of a surrogate pair"):
        note(journal, person="\ud800")
    assert journal.head().seq == 0
    assert note(journal).seq == 1


def test_a_full_disk_is_said_and_the_journal_goes_on_when_there_is_room(journal):
    note(journal)
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="cannot grow: the disk is full") as raised:
        note(journal, "x" * 20_000)
    assert (raised.value.exit_code, raised.value.hint) == (8, "Free some space, then `shisa resume` the run.")
    journal._connection.execute("PRAGMA max_page_count = 1000")
    assert note(journal).seq == 2


def test_after_an_error_of_the_disk_nothing_is_appended_any_more(path):
    """The file may not grow in this process: the kernel refuses the write, as a failing disk does."""
    code = """
        import resource, signal
        from runner.errors import JournalError
        journal = SqliteJournal(Path(sys.argv[1]))
        journal.append(Note(text=""), run="r", step=None, person="alice")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
        for text in ("x" * 90_000, ""):
            try:
                journal.append(Note(text=text), run="r", step=None, person="alice")
            except JournalError as error:
                print(error.message)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    """
    output, errors = program(code, path).communicate(timeout=30)
    assert errors == ""
    assert output.splitlines() == [f"The journal {path} could not be made durable: the disk reported an error."] * 2
    journal = SqliteJournal(path)
    assert (journal.head().seq, journal.damage()) == (1, ())
    journal.close()


def test_a_lock_that_is_held_too_long_is_said(journal, path):
    hog = sqlite3.connect(path, isolation_level=None)
    hog.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="is locked by another process for too long"):
        SqliteJournal(path, wait_s=0.05)
    hog.execute("ROLLBACK")
    hog.close()


def another_copy(path):
    shutil.copy(path.rename(path.with_name("old.db")), path)


def nothing(path):
    path.rename(path.with_name("old.db"))


@pytest.mark.parametrize("swap", [another_copy, nothing])
def test_neither_a_writer_nor_who_waits_goes_on_with_a_file_that_nobody_else_would_find(journal, path, swap):
    note(journal)
    swap(path)
    for use in (lambda: note(journal, "lost"), lambda: journal.wait_for_change(5)):
        with pytest.raises(JournalError, match="somebody moved, removed or replaced it"):
            use()
    kept = SqliteJournal(path.with_name("old.db"))
    assert [record.body.text for record in kept.records()] == ["hello"]
    kept.close()


def test_a_journal_opened_for_reading_takes_no_lines(journal, path):
    note(journal)
    reading = SqliteJournal(path, readonly=True)
    with pytest.raises(JournalError, match="cannot be written by this user"):
        note(reading)
    assert len(list(reading.records())) == 1
    reading.close()


@pytest.fixture
def torn_off(journal, path, tmp_path):
    """A copy taken in the middle of a write, as a crash leaves it: half-written pages and a rollback journal."""
    note(journal, "kept")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.executescript("PRAGMA cache_size = 1; BEGIN IMMEDIATE; CREATE TABLE big (a);")
    writer.executemany("INSERT INTO big VALUES (?)", [("x" * 3000,)] * 200)
    copy = tmp_path / "copy"
    shutil.copytree(path.parent, copy)
    writer.execute("ROLLBACK")
    writer.close()
    assert (copy / "journal.db-journal").stat().st_size > 512
    return copy / "journal.db"


def test_a_reader_finishes_what_a_crash_left_open(torn_off):
    reading = SqliteJournal(torn_off, readonly=True)
    assert [one.body.text for one in reading.records()] == ["kept"]
    assert not torn_off.with_name("journal.db-journal").exists()
    reading.close()


def test_a_reader_who_may_not_finish_it_says_so(torn_off):
    with bound_by_modes(torn_off.parent) as folder:
        (folder / torn_off.name).chmod(0o400)
        folder.chmod(0o500)
        with pytest.raises(JournalError, match="was left in the middle of a write, which this user may not finish"):
            SqliteJournal(folder / torn_off.name, readonly=True)
        folder.chmod(0o700)


def test_a_journal_that_does_not_exist_cannot_be_read(path):
    with pytest.raises(UsageError, match="There is no journal at"):
        SqliteJournal(path, readonly=True)
    assert not path.parent.exists()


def foreign(path):
    sqlite3.connect(path).executescript("CREATE TABLE t (a);")


def newer(path):
    SqliteJournal(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def torn(path):
    journal = SqliteJournal(path)
    for _ in range(100):
        note(journal, "x" * 400)
    journal.close()
    os.truncate(path, path.stat().st_size // 2)


def write_ahead(path):
    SqliteJournal(path).close()
    sqlite3.connect(path).execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b""), "is empty, which no journal ever is"),
        (lambda path: path.write_bytes(b"shisa" * 2000), "is not an SQLite database"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (foreign, "is an SQLite database, but not a shisa journal"),
        (newer, "has format 2, and this shisa knows format 1"),
        (torn, "is damaged"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_whole_journal_is_refused_in_one_sentence(tmp_path, spoil, sentence):
    path = tmp_path / "journal.db"
    spoil(path)
    with pytest.raises(JournalError, match=sentence) as raised:
        note(SqliteJournal(path))
    assert raised.value.exit_code == 8
    assert raised.value.hint


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(JournalError, match=r"cannot be opened: (File exists|Not a directory)"):
        SqliteJournal(tmp_path / "file" / "journal.db")


def test_a_journal_that_somebody_switched_to_wal_is_switched_back(tmp_path):
    write_ahead(tmp_path / "journal.db")
    journal = SqliteJournal(tmp_path / "journal.db")
    assert journal._connection.execute("PRAGMA journal_mode").fetchone() == (b"delete",)
    journal.close()


def test_nothing_is_added_to_a_last_line_that_was_edited(journal, path):
    note(journal)
    plain = sqlite3.connect(path)
    plain.executescript("DROP TRIGGER journal_no_update; UPDATE journal SET person = 'bob';")
    plain.close()
    with pytest.raises(JournalError, match=r"Line 1, the last of the journal .*, was edited after it was written"):
        note(journal)


def test_a_line_of_an_unknown_event_is_named(journal):
    note(journal)
    journal._connection.executescript(
        "DROP TRIGGER journal_no_update; UPDATE journal SET event = 'run.teleported' WHERE seq = 1;"
    )
    with pytest.raises(JournalError, match=r"Line 1 .* does not know: 'run.teleported'"):
        list(journal.records())


def test_a_line_whose_body_does_not_fit_is_named(journal):
    note(journal)
    journal._connection.executescript("DROP TRIGGER journal_no_update; UPDATE journal SET body = '{}' WHERE seq = 1;")
    with pytest.raises(JournalError, match=r"Line 1 of the journal, note, cannot be read: .*text"):
        list(journal.records())


def test_a_name_that_is_not_utf8_is_named(journal):
    note(journal)
    journal._connection.executescript(
        "DROP TRIGGER journal_no_update; UPDATE journal SET run = CAST(x'ff' AS TEXT) WHERE seq = 1;"
    )
    with pytest.raises(JournalError, match="Line 1 of the journal is not UTF-8 text"):
        list(journal.records())


def test_the_place_in_shisa_yaml_is_taken_from_its_folder(tmp_path):
    journal = open_journal(".shisa/journal.db", tmp_path)
    note(journal)
    journal.close()
    assert (tmp_path / ".shisa" / "journal.db").exists()
    again = open_journal(str(tmp_path / ".shisa" / "journal.db"), Path("/nowhere"), readonly=True)
    assert again.head().seq == 1
    again.close()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_team_journal_that_cannot_be_reached_is_told_without_its_password(tmp_path, scheme):
    with pytest.raises(ConnectError, match=r"The team journal cannot be opened: No server listens at 127.0.0.1:1\.$"):
        open_journal(f"{scheme}://alice:secret@127.0.0.1:1/journal", tmp_path)
