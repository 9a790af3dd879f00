"""``row-count``: tables hold as many rows as expected, neither emptied nor grown beyond belief."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from operator import attrgetter

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import not_there
from checks.facts.wording import counted, listed

_KINDS = {"f": "is a foreign table", "v": "is a view", "S": "is a sequence", "i": "is an index", "c": "is a type"}


@dataclasses.dataclass(frozen=True, slots=True)
class MemberRow:
    """One table that holds rows of a table asked for; without an object the name is none of a table."""

    name: str
    object: str | None
    table: str | None
    kind: str | None
    readable: bool
    size_mb: int
    estimate: int


@dataclasses.dataclass(frozen=True, slots=True)
class CountRow:
    """How many rows one table holds."""

    at: int
    rows: int


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """How many rows a table and all that inherit from it hold."""

    object: str
    rows: int = 0
    exact: bool = True
    unseen: tuple[str, ...] = ()
    """Tables that could not be counted, each with the reason."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    counts: tuple[Counted, ...] = ()
    absent: tuple[str, ...] = ()


@check("row-count", since=14, group="structure", looks_at="tables")
class RowCount(Check[Facts]):
    """Tables hold as many rows as expected.

    ## Why it matters

    A table that was truncated, restored without its data or loaded twice shows no error anywhere. Counting before and
    after an operation is what a careful person does by hand.

    ## When it blocks

    A table, together with all that inherit from it or are its partitions, holds fewer rows than `minimum` (1 by
    default) or more than `maximum`. Tables larger than `scan_limit` are unknown, or estimated where `estimate` says so:
    by what the last ANALYZE saw.

    ## What to do

    Find out who removed or added the rows before anything else is done to the table.

    ## What it cannot see

    Which rows they are, rows of transactions that are not committed, foreign tables (unknown), tables that the role may
    not read or whose rows are filtered (unknown), and how wrong an estimate is.
    """

    tables: tuple[str, ...] = param("Tables to count, as schema.name.")
    minimum: int = param("Fewest rows that each may hold.", default=1, minimum=0)
    maximum: int | None = param("Most rows that each may hold; any number where not given.", default=None, minimum=0)
    scan_limit: int = param("Largest table that is counted.", default=400, minimum=0, unit="MB")
    estimate: bool = param("Whether larger tables are estimated instead of unknown.", default=False)

    def gather(self, ask: Ask) -> Facts:
        """Learn the tables, and count those that are not too large."""
        members = ask.rows(self.query, MemberRow, tables=json.dumps(list(self.tables)))
        known = [member for member in members if member.object is not None]
        counted_now = [member for member in known if self._countable(member)]
        queries = [
            f"SELECT {at} AS at, count(*) AS rows FROM ONLY {member.table}"  # noqa: S608 - quoted by the server
            for at, member in enumerate(counted_now)
        ]
        rows = {counted_now[row.at]: row.rows for row in ask.chunks(queries, CountRow)}
        groups = itertools.groupby(known, attrgetter("name"))
        counts = tuple(self._sum(list(group), rows) for _, group in groups)
        return Facts(counts, tuple(member.name for member in members if member.object is None))

    def looked_at(self, facts: Facts) -> int:
        """Count the tables asked for."""
        return len(facts.counts) + len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare with the bounds; what is counted already may be too much, whatever was not counted."""
        yield from not_there(facts.absent, "table")
        for count in facts.counts:
            verdict, message = self._judged(count)
            measured = {"rows": count.rows, "exact": count.exact, "not_counted": list(count.unseen)}
            bound = {"minimum": self.minimum, "maximum": self.maximum}
            yield Finding(count.object, verdict, message, measured, bound)

    def _judged(self, count: Counted) -> tuple[Verdict, str]:
        about = "" if count.exact else "about "
        holds = f"{count.object} holds {about}{counted(count.rows, 'row')}"
        if self.maximum is not None and count.rows > self.maximum:
            return Verdict.BLOCK, f"{holds}, more than the {self.maximum} that are expected at most."
        if count.unseen:
            return Verdict.UNKNOWN, f"The rows of {count.object} could not be counted: {listed(count.unseen, 3)}."
        if count.rows < self.minimum:
            return Verdict.BLOCK, f"{holds}, fewer than the {self.minimum} that are expected at least."
        return Verdict.PASS, f"{holds}."

    def _countable(self, member: MemberRow) -> bool:
        return member.kind in {"r", "m"} and member.readable and member.size_mb <= self.scan_limit

    def _sum(self, members: Sequence[MemberRow], rows: dict[MemberRow, int]) -> Counted:
        held = [member for member in members if member.kind != "p"]
        guessed = [member for member in held if member not in rows and not self._why(member)]
        return Counted(
            members[0].object or "",
            sum(rows.get(member, 0) for member in held) + sum(member.estimate for member in guessed),
            exact=not guessed,
            unseen=tuple(f"{member.table} {self._why(member)}" for member in held if self._why(member)),
        )

    def _why(self, member: MemberRow) -> str:
        """Why a table has no number; empty where it has one, be it an estimate."""
        if member.kind not in {"r", "m"}:
            return _KINDS.get(member.kind or "", "holds no rows")
        if not member.readable:
            return "may not be read by this role"
        if member.size_mb <= self.scan_limit:
            return ""
        if not self.estimate:
            return f"takes {member.size_mb} MB, more than the {self.scan_limit} MB that are read"
        return "was never analyzed" if member.estimate < 0 else ""
