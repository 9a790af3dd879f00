"""``record.Journal`` over the functions and tables of the .sql files beside it."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import JournalError
from runner.journal import turns
from runner.journal.attachments import proven
from runner.journal.chain import Line, line_hash
from runner.journal.codec import encode, record_of
from runner.journal.events import Event
from runner.journal.postgres import FORMAT, script
from runner.journal.postgres.damage import damage_of
from runner.journal.postgres.faults import LateError
from runner.journal.postgres.link import PATIENCE_S, Link
from runner.journal.postgres.wake import Wake
from runner.journal.record import Assurance, Head, Record
from runner.postgres.connect import connect

if TYPE_CHECKING:
    from psycopg import Connection

_T = TypeVar("_T")
_CHUNK = 1000
"""Lines read at once."""
_ATTACH = "SELECT shisa.attach(%s)"
_ATTACHED = "SELECT content FROM shisa.attachment WHERE sha256 = %s"
_HEAD = "SELECT seq, hash FROM shisa.head"
_FORMAT = "SELECT format FROM shisa.version"
_NAMES = (
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND starts_with(application_name, %s) ORDER BY 1"
)
_TURN = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
_PROBE = (
    "SELECT (shisa.me()).name, pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,"
    " has_function_privilege('shisa.append(text, text, text, text, text, uuid, bigint)', 'EXECUTE')"
)


class PostgresJournal:
    """A journal that a team shares; the database decides who may write what.

    One object may be used by several threads. A server that restarts is waited for; a line that was on its way then
    is asked for again by its token, so it is there once.
    """

    assurance: Assurance = "db+signed"

    def __init__(self, conninfo: str, *, readonly: bool = False, patience_s: float = PATIENCE_S) -> None:
        """Connect; raises ConnectError, and JournalError where there is no journal, or one of another format."""
        self._conninfo = conninfo
        self._known: Head | None = None
        self._known_lock = threading.Lock()
        self._link = Link(conninfo, readonly=readonly, patience_s=patience_s, greet=self._greet)
        self._wake = Wake(conninfo)
        self._seen = self.head().seq

    @property
    def where(self) -> str:
        """The journal's place, without a password."""
        return self._link.where

    def append(self, body: Event, *, run: str, step: str | None, person: str, seen: int | None = None) -> Record:
        """Make one event durable before returning; the database's clock tells its time.

        Nothing is written where the run was taken up, handed over or ended behind the line ``seen``: RunTakenError,
        RunEndedError. Raises ApprovalError, GateClosedError and RunEndedError where the database refuses it, with the
        reason, and JournalError where nothing may be done after that.
        """
        text, token = encode(body), uuid.uuid4()
        append, given = script("call_append").encode(), (body.name, run, step, person, text, token, seen)
        if any("\0" in str(each) for each in (run, step, person)):
            raise JournalError("The name of a person, run or step holds a NUL character.", hint="Nothing was written.")
        try:
            line = self._one(lambda at: at.execute(append, given, binary=True).fetchone())
        except LateError as error:
            turns.refuse(next(self.records(run=run, after=error.seq - 1)))
        if (line.event, line.body) != (body.name.encode(), text.encode()) or line_hash(*line[:8]).encode() != line.hash:
            raise JournalError(
                f"The team journal at {self.where} stored another line than it was given.",
                hint="Run `shisa verify`; somebody changed its functions.",
            )
        record = record_of(line)
        with self._known_lock:
            self._known = Head(record.seq, record.hash)
            if record.seq == self._seen + 1:
                self._seen = record.seq
        return record

    def records(self, *, run: str | None = None, after: int = 0) -> Iterator[Record]:
        """Read lines in order, those of one run or all, with ``seq > after``; JournalError where one is unreadable."""
        for line in self.lines(run=run, after=after):
            yield record_of(line)

    def lines(self, *, run: str | None = None, after: int = 0) -> Iterator[Line]:
        """Read stored lines, undecoded: what ``shisa verify`` judges."""
        while True:
            chunk = self._link.ask(_reading(after, run))
            yield from map(Line._make, chunk)
            if len(chunk) < _CHUNK:
                return
            after = chunk[-1][0]

    def attach(self, content: bytes) -> str:
        """Keep what is too large for a line in the database, and tell its SHA-256; JournalError when it cannot."""
        rows: list[tuple[str]] = self._link.ask(lambda at: at.execute(_ATTACH, (content,), binary=True).fetchall())
        ((digest,),) = rows
        return proven(digest, content)

    def attached(self, digest: str) -> bytes:
        """Read what was attached, after proving its digest; JournalError where it is missing or was changed."""
        rows: list[tuple[bytes]] = self._link.ask(lambda at: at.execute(_ATTACHED, (digest,), binary=True).fetchall())
        if not rows:
            raise JournalError(f"The team journal at {self.where} has no attachment {digest}.")
        ((content,),) = rows
        proven(digest, content)
        return content

    def damage(self) -> tuple[str, ...]:
        """Say in sentences what is not as the installation left it: functions, triggers, grants."""
        return self._link.ask(damage_of)

    def probe(self) -> None:
        """Make sure that this role may append, and that the server takes writes; JournalError where not."""
        name, passive, allowed = self._link.ask(lambda at: at.execute(_PROBE).fetchone() or ("", True, False))
        if passive:
            raise JournalError(
                f"The team journal at {self.where} is read-only, as on a standby.",
                hint="Point `journal:` at the primary.",
            )
        if not allowed:
            raise JournalError(f"The role of {name} may not append to the journal.", hint="Run `shisa journal sync`.")

    def head(self) -> Head:
        """Tell the newest line's number and hash."""
        seq, head = self._link.ask(lambda at: at.execute(_HEAD).fetchone() or (0, ""))
        return Head(seq, head)

    def changed(self) -> bool:
        """Tell whether somebody else wrote since the last call (or since opening)."""
        newest = self.head().seq
        with self._known_lock:
            changed, self._seen = newest != self._seen, newest
        return changed

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until somebody else wrote, at most so long; a notification is a hint, the head is asked anyway."""
        return self._wake.wait(self.changed, seconds)

    @contextlib.contextmanager
    def present(self, name: str) -> Iterator[None]:
        """Hold a connection of this name as long as the ``with`` lasts; raises ConnectError."""
        with connect(self._conninfo, application_name=name):
            yield

    @contextlib.contextmanager
    def turn(self, name: str) -> Iterator[Callable[[], bool]]:
        """Connect once more, to try for a lock of this name as long as the ``with`` lasts; raises ConnectError."""
        with connect(self._conninfo, application_name=name) as connection:
            yield lambda: connection.execute(_TURN, (name,)).fetchone() == (True,)

    def names(self, prefix: str) -> tuple[str, ...]:
        """Tell the names, without the prefix, of the connections whose names begin with it."""
        rows: list[tuple[str]] = self._link.ask(lambda at: at.execute(_NAMES, (prefix,)).fetchall())
        return tuple(name.removeprefix(prefix) for (name,) in rows)

    def close(self) -> None:
        """Let go of the connections."""
        self._wake.close()
        self._link.close()

    def _one(self, question: Callable[[Connection[Any]], _T | None]) -> Line:
        row: Any = self._link.ask(question)
        if row is None:
            raise JournalError(f"The team journal at {self.where} answers nothing.")
        return Line._make(row)

    def _greet(self, connection: Connection[Any]) -> None:
        """Make sure that a connection leads to the journal that was known before, with all its lines."""
        ((format_,),) = connection.execute(_FORMAT).fetchall()
        if format_ != FORMAT:
            older = (
                "Its owner runs `shisa journal init`."
                if format_ < FORMAT
                else "Use the version of shisa that wrote it."
            )
            raise JournalError(
                f"The team journal has format {format_}, and this shisa knows format {FORMAT}.", hint=older
            )
        known = self._known
        if known is None:
            return
        row = connection.execute("SELECT hash FROM shisa.journal WHERE seq = %s", (known.seq,)).fetchone()
        if row != (known.hash,):
            raise JournalError(
                f"Line {known.seq}, which was written before the connection was lost, is not in the team journal now.",
                hint="Another server took over that lacks the newest lines; keep the old one, run `shisa verify`.",
            )


def _reading(after: int, run: str | None) -> Callable[[Connection[Any]], list[Any]]:
    query = script("read_lines").encode()
    return lambda at: at.execute(query, (after, run, run, _CHUNK), binary=True).fetchall()
