"""``backup-readable``: the backup can be read to its last row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from checks.base import Ask, Check, Finding, ReadFacts, Verdict, check, param
from checks.facts.figures import size
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What was read."""

    backup: str
    read: ReadFacts


@check("backup-readable", since=14, group="target and backup", looks_at="tables", steady=True)
class BackupReadable(Check[Facts]):
    """The backup can be read to its last row.

    ## Why it matters

    A dump that ran out of disk, a copy that broke off, a bad sector: the table of contents is fine, and the restore
    fails at the tenth table, at night, with half the rows in.

    ## When it blocks

    Never by itself: what cannot be read to its end is unknown, which closes the gate too, with the place where reading
    stopped. Rows and large objects are unpacked and thrown away, by this program's own reader, in bounded memory. It
    warns where the backup holds no rows at all.

    ## What to do

    Take the backup again, or fetch another copy of the file. If reading takes longer than `limit`, allow more.

    ## What it cannot see

    Whether the rows can be inserted: only a restore proves that. Whether it is the right backup (`backup-age`,
    `backup-complete`). A byte that was changed in a dump without compression.
    """

    backup: Path = param("pg_dump archive or plain dump.")
    limit: timedelta = param("How long reading may take.", default=timedelta(hours=1))

    def gather(self, ask: Ask) -> Facts:
        """Read everything."""
        return Facts(str(self.backup), ask.read_through(self.backup, limit=self.limit))

    def looked_at(self, facts: Facts) -> int:
        """Count the tables; a backup without any was read too."""
        return facts.read.tables or 1

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Say what was read."""
        read = facts.read
        measured = dataclasses.asdict(read)
        large = f", {counted(read.large_objects, 'large object')}" if read.large_objects else ""
        if not read.tables and not read.large_objects:
            message = f"{facts.backup} can be read, and holds no rows: restoring it brings back empty tables."
            yield Finding(facts.backup, Verdict.WARN, message, measured)
        else:
            message = (
                f"{facts.backup} was read to its end: {counted(read.tables, 'table')}, "
                f"{counted(read.rows, 'row')}{large}, {size(read.size_bytes)} unpacked."
            )
            yield Finding(facts.backup, Verdict.PASS, message, measured)
