"""How far pg_restore is: the entries that it names, weighed by the size of their rows, and the rows on their way."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from checks.facts.wording import counted
from runner.errors import ShisaError
from runner.postgres.dumping import Copying, copying
from runner.steps.base import Effect
from runner.steps.progress import Progress

if TYPE_CHECKING:
    from checks.base import ArchiveEntry

_BEGUN = re.compile(r'pg_restore: (?:creating|executing|processing data for table|restoring) (?:.*?"(.*)")?')
_ENTRY_WEIGHT = 1 << 13
"""What an entry counts beside the bytes of its rows."""


class RestoreWatch:
    """Listens to one pg_restore and looks at its backends; says how far it is."""

    def __init__(self, effect: Effect, entries: Sequence[ArchiveEntry], sizes: dict[int, int]) -> None:
        self._effect = effect
        self._progress = Progress(effect.progress, effect.tell)
        self._count = len(entries)
        self._weights = {
            f"{each.schema}.{each.name}": sizes.get(each.dump_id, 0) for each in entries if each.kind == "TABLE DATA"
        }
        self._whole = sum(self._weights.values()) + _ENTRY_WEIGHT * self._count
        self._begun = self._weight = 0
        self._last = 0
        """The weight of the table whose rows are on their way: it is not done yet."""

    def heard(self, line: str) -> None:
        """Note the entry that pg_restore has come to."""
        if found := _BEGUN.match(line):
            self._begun = min(self._begun + 1, self._count)
            self._weight += self._last + _ENTRY_WEIGHT
            self._last = self._weights.get(found[1] or "", 0) if "processing data" in line else 0

    def look(self) -> None:
        """Say how far it is, where a second has passed; a server that does not answer hinders nobody."""
        import psycopg

        if not self._progress.due:
            return
        now: list[Copying] = []
        with contextlib.suppress(psycopg.Error, ShisaError), self._effect.connect(purpose="watch") as connection:
            now = copying(connection, self._effect.application_name)
        rows = "".join(f", {each.rows:,} rows of {each.table}" for each in now)
        share = min(self._weight / self._whole, 1.0) if self._whole else None
        self._progress.say(f"{self._begun} of {counted(self._count, 'entry', 'entries')}{rows}", share)
