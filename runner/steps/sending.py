r"""A dump's statements sent over one connection: no psql, so nothing in a dump is a command to a program.

psql would obey ``\!`` and ``\connect`` in a dump, and its ``--single-transaction`` ends at the COMMIT that pg_dump
writes behind large objects. Here everything runs in one transaction whose identity is known, and what pg_dump never
writes is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runner.archive.plain import SETVAL_CALL, Dump
from runner.archive.script import Command, Script, Statement
from runner.errors import StepFailedError

if TYPE_CHECKING:
    from psycopg import Connection

Change = Callable[[bytes, Dump, bool], bytes]
"""Gives the text to send for a statement; is told whether it sets a sequence. Raises StepFailedError to stop."""

_OWN = re.compile(rb"(?:BEGIN|COMMIT|SET (?:statement|lock|idle_in_transaction_session|transaction)_timeout = 0);")
"""What the transaction around the dump decides; an older server does not even know the last."""
_WRITTEN = re.compile(
    rb"(?:SET|CREATE(?! (?:DATABASE|ROLE|USER|TABLESPACE))|ALTER(?! (?:DATABASE|ROLE|USER|SYSTEM|TABLESPACE))|"
    rb"COMMENT ON|SECURITY LABEL|GRANT|REVOKE|COPY|INSERT INTO|REFRESH MATERIALIZED VIEW|"
    rb"SELECT pg_catalog\.(?:setval|set_config|lo_create|lo_open|lowrite|lo_close|"
    rb"pg_restore_relation_stats|pg_restore_attribute_stats))\b"
)
"""How the statements of a pg_dump without --clean and --create begin."""
_NAME = re.compile(rb'"[^"]*"')
_DOES = re.compile(rb"\bDO\b(?! NOTHING;)", re.IGNORECASE)
"""In an INSERT what would overwrite a row of today, ON CONFLICT DO UPDATE; unquoted the word is no name."""
_SHOWN = 60


def send_script(
    connection: Connection[Any],
    script: Script,
    *,
    sequences: bool,
    change: Change = lambda text, _dump, _sets: text,
    look: Callable[[Dump], None] = lambda _: None,
) -> int:
    """Send a dump's statements and rows as it holds them, and tell how many; ``sequences`` takes SEQUENCE SETs along.

    Transactions and timeouts of the dump are left out: the caller's hold. ``look`` is called before each part. Raises
    StepFailedError and ArchiveError, and psycopg.Error where the server objects.
    """
    dump, sent = Dump(script.path), 0
    connection.prepare_threshold = None  # a statement that comes five times is no reason to change the protocol
    for part in script.parts():
        look(dump)
        dump.take(part, backslash_escapes=script.backslash_escapes)
        if isinstance(part, Command) and part.text.startswith(b"\\connect"):
            raise _foreign(part.text, "take the dump without --create: the step's target says where it goes")
        if not isinstance(part, Statement):
            continue
        text = part.text.strip()
        if _OWN.fullmatch(text):
            continue
        sets = SETVAL_CALL.match(part.bare) is not None
        if sets and not sequences:
            continue
        if not part.whole or not _WRITTEN.match(text) or _overwrites(part.bare.strip()):
            raise _foreign(text, "a dump of pg_dump holds no such thing, or it was taken with --clean or --create")
        text, sent = change(text, dump, sets), sent + 1
        with connection.cursor() as cursor:
            if part.copies:
                with cursor.copy(text) as copy:
                    for block in script.rows():
                        look(dump)
                        copy.write(block)
            else:
                cursor.execute(text)
    dump.facts()  # raises where the dump breaks off
    return sent


def _overwrites(bare: bytes) -> bool:
    return bare.startswith(b"INSERT") and _DOES.search(_NAME.sub(b"", bare)) is not None


def _foreign(text: bytes, hint: str) -> StepFailedError:
    shown = text[:_SHOWN].decode("utf-8", errors="backslashreplace").split("\n")[0]
    return StepFailedError(f"the dump holds {shown!r}, which is not carried out", hint=hint)
