"""Move a journal into an empty team journal: the same lines, byte for byte, under the same chain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from runner.errors import JournalError
from runner.journal.chain import GENESIS, Line, is_whole
from runner.journal.postgres import script
from runner.journal.postgres.faults import worded
from runner.journal.record import Head
from runner.postgres.connect import connect
from runner.postgres.reach import shown

if TYPE_CHECKING:
    from psycopg import Cursor

_COPY = "COPY shisa.journal (seq, at, person, event, run, step, body, prev, hash) FROM STDIN"
_ATTACH = "INSERT INTO shisa.attachment (sha256, content) VALUES (encode(sha256(%b), 'hex'), %b) ON CONFLICT DO NOTHING"


def adopt(location: str, lines: Iterable[Line], attachments: Iterable[bytes] = ()) -> Head:
    """Write the lines into a team journal that has none, all or nothing; the database judges the chain once more.

    ``attachments`` is the content of what lines name by digest.

    Raises JournalError where the lines are no whole chain, where the team journal has lines already, or where this
    role does not own it.
    """
    import psycopg

    where = shown(location)
    with connect(location, application_name="shisa/journal copy") as connection, connection.cursor() as cursor:
        try:
            with connection.transaction():
                cursor.execute("SET LOCAL ROLE shisa_owner")
                ((last,),) = cursor.execute("SELECT seq FROM shisa.head FOR UPDATE").fetchall()
                if last:
                    raise JournalError(
                        f"The team journal at {where} has {last:,} lines already.",
                        hint="A journal is copied into an empty one: two chains do not make one.",
                    )
                cursor.execute("ALTER TABLE shisa.journal DISABLE TRIGGER USER")  # a line at a time is slow
                head = _write(cursor, lines)
                cursor.execute(script("always").encode())
                _judge(cursor, head)
                cursor.executemany(_ATTACH, ((content, content) for content in attachments))
                return head
        except psycopg.Error as error:
            raise worded(where, error) from error


def _write(cursor: Cursor[tuple[object, ...]], lines: Iterable[Line]) -> Head:
    seq, prev = 0, GENESIS.encode()
    with cursor.copy(_COPY) as copy:
        for line in lines:
            if not is_whole(line) or line.prev != prev or line.seq != seq + 1:
                raise JournalError(
                    f"Line {line.seq} does not follow from line {seq}.", hint="Nothing was copied; run `shisa verify`."
                )
            seq, prev = line.seq, line.hash
            copy.write_row((line.seq, *(None if field is None else field.decode() for field in line[1:])))
    return Head(seq, prev.decode())


def _judge(cursor: Cursor[tuple[object, ...]], head: Head) -> None:
    """Let the database hash every line itself, and set its head."""
    ((broken,),) = cursor.execute(script("chain_broken")).fetchall()
    if broken is not None:
        raise JournalError(f"The database finds that line {broken} does not follow.", hint="Nothing was copied.")
    cursor.execute(
        "UPDATE shisa.head SET (seq, hash, at) = (SELECT seq, hash, at FROM shisa.journal ORDER BY seq DESC LIMIT 1)"
        " WHERE %s > 0",
        (head.seq,),
    )
