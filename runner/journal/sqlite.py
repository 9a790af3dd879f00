"""The journal on one machine: one SQLite file, append-only, every line durable before ``append`` returns.

``journal_mode=DELETE`` and ``synchronous=EXTRA``: SQLite's WAL can corrupt a database that several connections
write and checkpoint in versions up to 3.51.2 (sqlite.org/wal.html, "The WAL-Reset Bug"), and its speed is of no
use at the pace of people.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.clock import Clock, stamp, wall_clock
from runner.errors import JournalError, UsageError
from runner.journal import sqlite_file, turns
from runner.journal.attachments import Attachments, beside
from runner.journal.chain import GENESIS, Line, is_whole, line_hash
from runner.journal.codec import encode, record_of
from runner.journal.events import Event
from runner.journal.record import Assurance, Head, Record
from runner.journal.sqlite_faults import TAMPERED, from_sqlite, moved, primary_code

_CHUNK = 500
"""Lines read at once: a reader never holds SQLite's shared lock while its caller thinks, so no writer waits for it."""
_INSERT = "INSERT INTO journal (seq, at, person, event, run, step, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = (  # whatever type an edit left in a column, bytes come out and the hash judges them
    "SELECT CAST(seq AS INTEGER), coalesce(CAST(at AS BLOB), x''), coalesce(CAST(person AS BLOB), x''),"
    " coalesce(CAST(event AS BLOB), x''), coalesce(CAST(run AS BLOB), x''), CAST(step AS BLOB),"
    " coalesce(CAST(body AS BLOB), x''), coalesce(CAST(prev AS BLOB), x''), coalesce(CAST(hash AS BLOB), x'')"
    " FROM journal"
)
_LOOK_S = 0.1
"""Seconds between two looks at whether somebody else wrote."""
_FATAL = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SqliteJournal:
    """A journal in one SQLite file; ``record.Journal``.

    Several processes may append at once. One object may be used by several threads.
    """

    assurance: Assurance = "signed"

    def __init__(
        self,
        path: Path,
        *,
        readonly: bool = False,
        wait_s: float = 10.0,
        clock: Clock = wall_clock,
    ) -> None:
        """Open a journal, and make it where there is none.

        ``wait_s`` is how long a lock of another process is waited for. Raises JournalError; UsageError where a
        journal that shall only be read does not exist.
        """
        self.path = path
        self._attachments = Attachments(beside(path))
        self._clock = clock
        self._lock = threading.RLock()
        self._lost: JournalError | None = None
        self._seen = 0
        if not sqlite_file.exists(path):
            if readonly:
                raise UsageError(f"There is no journal at {path} yet.", hint="The first `shisa run` makes it.")
            sqlite_file.create(path)
        uri = f"{path.absolute().as_uri()}?mode=rw"  # a reader, too, may have to finish what a crash left open
        with self._worded():
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
            )
        self._file = sqlite_file.identity(path)
        try:
            with self._worded():
                self._prepare(readonly=readonly)
        except JournalError:
            self._connection.close()
            raise

    def append(self, body: Event, *, run: str, step: str | None, person: str, seen: int | None = None) -> Record:
        """Make one event durable before returning; the time is never before the last line's.

        Nothing is written where the run was taken up, handed over or ended behind the line ``seen``, nor an intent
        where somebody took an approval back there: RunTakenError, RunEndedError, ApprovalError. Raises JournalError
        when it cannot. After an error of the disk every later append is refused, too: what a failed fsync has lost, a
        second one does not bring back.
        """
        text = encode(body)
        with self._lock:
            if self._lost is not None:
                raise self._lost
            try:
                with self._worded(), self._transaction():
                    last = self._last()
                    if seen is not None and last is not None and last.seq > seen:
                        self._refuse_late(run, seen, turns.fences(body))
                    return self._append(last, body, text, run=run, step=step, person=person)
            except JournalError as error:
                cause = error.__cause__
                if isinstance(cause, sqlite3.Error) and primary_code(cause) in _FATAL:
                    self._lost = error
                raise

    def records(self, *, run: str | None = None, after: int = 0) -> Iterator[Record]:
        """Read lines in order, those of one run or all, with ``seq > after``; JournalError where one is unreadable."""
        for line in self.lines(run=run, after=after):
            yield record_of(line)

    def lines(self, *, run: str | None = None, after: int = 0) -> Iterator[Line]:
        """Read stored lines, undecoded: what ``shisa verify`` judges."""
        only = "" if run is None else " AND run = ?"
        query = f"{_SELECT} WHERE seq > ?{only} ORDER BY seq LIMIT {_CHUNK}"
        while True:
            with self._lock, self._worded():
                chunk = self._connection.execute(query, (after,) if run is None else (after, run)).fetchall()
            yield from map(Line._make, chunk)
            if len(chunk) < _CHUNK:
                return
            if chunk[-1][0] <= after:
                raise JournalError(f"The journal {self.path} does not number its lines in order.", hint=TAMPERED)
            after = chunk[-1][0]

    def attach(self, content: bytes) -> str:
        """Keep what is too large for a line in a file beside the journal, and tell its SHA-256."""
        return self._attachments.put([content])

    def attached(self, digest: str) -> bytes:
        """Read what was attached, after proving its digest; JournalError where it is missing or was changed."""
        return b"".join(self._attachments.read(digest))

    def probe(self) -> None:
        """Make sure that a line could be appended now, without appending one; JournalError where it could not."""
        with self._lock, self._worded(), self._transaction():
            self._last()
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise JournalError(f"Nothing can be written in {self.path.parent}, where SQLite keeps what it undoes.")

    def head(self) -> Head:
        """Tell the newest line's number and hash."""
        with self._lock, self._worded():
            last = self._last()
        return Head(0, GENESIS) if last is None else Head(last.seq, last.hash.decode("ascii", "replace"))

    def changed(self) -> bool:
        """Tell whether another connection wrote since the last call (or since opening); costs microseconds."""
        if sqlite_file.identity(self.path) != self._file:  # SQLite notices it only where it writes
            raise moved(self.path)
        with self._lock, self._worded():
            version = self._data_version()
            changed = version != self._seen
            self._seen = version
        return changed

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until somebody else wrote, at most so many seconds; tell whether somebody did."""
        deadline = time.monotonic() + seconds
        while not self.changed():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _LOOK_S))
        return True

    def damage(self) -> tuple[str, ...]:
        """Say in sentences what is wrong with the table and its triggers; reading the lines finds damaged pages."""
        with self._lock, self._worded():
            found = set(self._connection.execute(sqlite_file.OBJECTS))
        return tuple(
            f"The {kind} {name} is not what shisa made it: it was changed or dropped."
            for kind, name, sql in sorted(sqlite_file.expected_objects())
            if (kind.encode(), name.encode(), sql.encode()) not in found
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _prepare(self, *, readonly: bool) -> None:
        sqlite_file.check_identity(self._connection, self.path)
        self._connection.text_factory = bytes
        self._connection.execute("PRAGMA recursive_triggers = ON")
        if readonly:
            self._connection.execute("PRAGMA query_only = ON")
        else:
            (mode,) = self._connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != b"delete":
                raise JournalError(
                    f"The journal {self.path} is in SQLite's {mode.decode()} mode, which is not durable enough.",
                    hint="Close every program that has it open, then try again.",
                )
            self._connection.execute("PRAGMA synchronous = EXTRA")
        self._seen = self._data_version()

    def _append(self, last: Line | None, body: Event, text: str, *, run: str, step: str | None, person: str) -> Record:
        now = stamp(self._clock())
        seq, prev = 1, GENESIS
        if last is not None:
            if not is_whole(last):
                raise JournalError(
                    f"Line {last.seq}, the last of the journal {self.path}, was edited after it was written.",
                    hint="Nothing is added to it; run `shisa verify` and compare with a copy.",
                )
            seq, prev, now = last.seq + 1, last.hash.decode(), max(now, last.at.decode("utf-8", "replace"))
        try:
            where = None if step is None else step.encode()
            before = (now.encode(), person.encode(), body.name.encode(), run.encode())
            own = line_hash(seq, *before, where, text.encode(), prev.encode())
        except UnicodeEncodeError as error:
            message = "The name of a person, run or step holds half of a surrogate pair, which is not Unicode text."
            raise JournalError(message, hint="Nothing was written.") from error
        self._connection.execute(
            _INSERT,
            (seq, now, person, body.name, run, step, text, prev, own),
        )
        return Record(seq=seq, at=now, run=run, step=step, person=person, body=body, text=text, prev=prev, hash=own)

    def _refuse_late(self, run: str, seen: int, fences: Sequence[str]) -> None:
        places = ", ".join("?" * len(fences))
        query = f"{_SELECT} WHERE seq > ? AND run = ? AND event IN ({places}) ORDER BY seq LIMIT 1"
        row = self._connection.execute(query, (seen, run, *fences)).fetchone()
        if row is not None:
            turns.refuse(record_of(Line._make(row)))

    def _last(self) -> Line | None:
        row = self._connection.execute(f"{_SELECT} ORDER BY seq DESC LIMIT 1").fetchone()
        return None if row is None else Line._make(row)

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise from_sqlite(self.path, error) from error
