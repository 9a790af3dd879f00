"""``quiet``: nobody writes to the tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param
from checks.facts.figures import span
from checks.facts.relations import RELATIONS, Trees, missing, trees
from checks.facts.wording import counted

_LONGEST_PAUSE_MS = 10_000
"""In one statement, which must end within its statement_timeout."""


@dataclasses.dataclass(frozen=True, slots=True)
class ServerRow:
    """Whether there is anything to count."""

    standby: bool
    counting: bool


@dataclasses.dataclass(frozen=True, slots=True)
class CounterRow:
    """What a table's counters say at one moment."""

    relation: int
    written: int
    file: int
    writers: int


@dataclasses.dataclass(frozen=True, slots=True)
class SleptRow:
    """The end of a pause."""

    slept: str


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The tables, before and after."""

    found: Trees = dataclasses.field(default_factory=Trees)
    before: tuple[CounterRow, ...] = ()
    after: tuple[CounterRow, ...] = ()


@check("quiet", since=14, group="load", looks_at="tables", limits=["rows_written", "writers"])
class Quiet(Check[Facts]):
    """Nobody writes to these tables.

    ## Why it matters

    "The application is stopped" is often half true: one worker goes on. What it writes while a copy is taken or rows
    are brought back is in one place and not in the other, and nobody knows which rows these are.

    ## When it blocks

    Within the time `during`, rows of one of the tables, or of one that inherits from it, were inserted, updated or
    deleted (also in transactions that were rolled back), the table was truncated, or a session holds a lock that
    writers hold.

    ## What to do

    Find the writer (`active-sessions`, `lock-conflicts`) and stop it; ask again, for longer.

    ## What it cannot see

    A writer that pauses for longer than `during`. A session reports its counts after its transaction, at most once a
    second (PostgreSQL 14: twice), so a short write right before the look may be told as one within it. A standby, and a
    server with track_counts off, do not count: unknown. While it looks, it holds one snapshot.
    """

    relations: tuple[str, ...] = param(RELATIONS, default=())
    during: timedelta = param("How long to watch.", default=timedelta(seconds=5))

    def gather(self, ask: Ask) -> Facts:
        """Look at the counters, wait, look again."""
        (server,) = ask.rows(self.queries["server"], ServerRow)
        if server.standby:
            raise CannotAskError("this is a standby, which does not count what its primary writes; ask the primary")
        if not server.counting:
            raise CannotAskError("track_counts is off, so nobody counts what is written")
        found = trees(ask, self.relations)
        if not found.relations:
            return Facts(found)
        before = ask.rows(self.queries["counters"], CounterRow, relations=found.oids)
        left = round(self.during / timedelta(milliseconds=1))
        while left > 0:
            ask.rows(self.queries["pause"], SleptRow, ms=min(left, _LONGEST_PAUSE_MS))
            left -= _LONGEST_PAUSE_MS
        after = ask.rows(self.queries["counters"], CounterRow, relations=found.oids)
        return Facts(found, tuple(before), tuple(after))

    def looked_at(self, facts: Facts) -> int:
        """Count the tables that were watched."""
        return len(facts.after)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare the counters."""
        yield from missing(facts.found)
        names = facts.found.names()
        seconds = self.during.total_seconds()
        begin = {row.relation: row for row in facts.before}
        for row in facts.after:
            was, name = begin[row.relation], names[row.relation]
            written, replaced = row.written - was.written, row.file != was.file
            writers = max(row.writers, was.writers)
            loud = written != 0 or replaced or writers > 0
            told = [f"{counted(written, 'row')} written"] if written else []
            told += ["the table replaced or truncated"] if replaced else []
            told += [f"{counted(writers, 'transaction')} with a writer's lock"] if writers else []
            yield Finding(
                name,
                Verdict.BLOCK if loud else Verdict.PASS,
                f"Within {span(seconds)}, {name} had {', '.join(told)}: it is in use, and a copy taken now is torn."
                if loud
                else f"Nobody wrote to {name} within {span(seconds)}.",
                {"rows_written": written, "replaced": replaced, "writers": writers},
                {"rows_written": 0, "writers": 0},
            )
