"""How far pg_dump is: what it says of its tables, and what the server says of the rows on their way."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from checks.facts.wording import counted
from runner.postgres.dumping import Copying, copying
from runner.steps.base import Effect
from runner.steps.progress import Progress

if TYPE_CHECKING:
    from psycopg import Connection

_TABLE = re.compile(r'pg_dump: dumping contents of table "(.*)"')


class DumpWatch:
    """Listens to one pg_dump and looks at its backends; says how far it is."""

    def __init__(self, effect: Effect, connection: Connection[Any], expected: dict[str, int]) -> None:
        """``connection`` is idle in the transaction that holds the snapshot; ``expected`` are rows by table."""
        self._connection, self._name = connection, effect.application_name
        self._progress = Progress(effect.progress, effect.tell)
        self._expected = expected
        self._begun: list[str] = []

    def heard(self, line: str) -> None:
        """Note the table that pg_dump has come to."""
        if found := _TABLE.match(line):
            self._begun.append(found[1])

    def look(self) -> None:
        """Say how far it is, where a second has passed; a server that does not answer hinders nobody."""
        import psycopg

        if not self._progress.due:
            return
        now: list[Copying] = []
        with contextlib.suppress(psycopg.Error):
            now = copying(self._connection, self._name)
        self._progress.say(*self._words(now))

    def _words(self, now: list[Copying]) -> tuple[str, float | None]:
        whole = sum(self._expected.values())
        done = sum(self._expected.get(name, 0) for name in self._begun[: len(self._begun) - len(now)])
        done += sum(each.rows for each in now)
        tables = f"{len(self._begun)} of {counted(max(len(self._expected), len(self._begun)), 'table')}"
        at = f", now {', '.join(each.table for each in now)}" if now else ""
        rows = f", {done:,} of about {whole:,} rows" if whole else f", {done:,} rows" if done else ""
        return f"{tables}{at}{rows}", done / whole if whole else None
