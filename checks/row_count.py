"""``row-count``: tables hold as many rows as expected, or as before: neither emptied nor grown beyond belief."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from operator import attrgetter

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.baseline import BASELINE, CAPTURE, COMPARE, MODES, kept
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
    before: tuple[Counted, ...] = ()
    """The counts of an earlier moment, where they are compared."""
    side: str = ""


@check(
    "row-count", since=14, group="structure", looks_at="tables", limits=["lost", "added"], scope=["tables"], steady=True
)
class RowCount(Check[Facts]):
    """Tables hold as many rows as expected.

    ## Why it matters

    A table that was truncated, restored without its data or loaded twice shows no error anywhere. Counting before and
    after an operation is what a careful person does by hand.

    ## When it blocks

    A table, together with all that inherit from it or are its partitions, holds fewer rows than `minimum` (1 by
    default) or more than `maximum`. Tables larger than `scan_limit` are unknown, or estimated where `estimate` says so:
    by what the last ANALYZE saw.

    With `baseline: compare` the counts are those of the same tables in an earlier guard of the run (`baseline:
    capture`), and no other bounds count: it blocks where a table lost more than `max_lost` rows or got more than
    `max_added`. Estimates are never compared.

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
    baseline: str | None = param(BASELINE, default=None, choices=MODES)
    max_lost: int = param("Most rows that each may have lost since the baseline.", default=0, minimum=0)
    max_added: int | None = param(
        "Most rows that each may have got since the baseline; any number where not given.", default=None, minimum=0
    )

    def gather(self, ask: Ask) -> Facts:
        """Learn the tables, and count those that are not too large."""
        members = ask.rows(self.query, MemberRow, tables=json.dumps(list(dict.fromkeys(self.tables))))
        known = [member for member in members if member.object is not None]
        counted_now = [member for member in known if self._countable(member)]
        queries = [
            f"SELECT {at} AS at, count(*) AS rows FROM ONLY {member.table}"  # noqa: S608 - quoted by the server
            for at, member in enumerate(counted_now)
        ]
        rows = {counted_now[row.at]: row.rows for row in ask.chunks(queries, CountRow)}
        groups = itertools.groupby(known, attrgetter("name"))
        counts = tuple(self._sum(list(group), rows) for _, group in groups)
        absent = tuple(member.name for member in members if member.object is None)
        if self.baseline == COMPARE:
            then = ask.captured(self.about, Counted)
            return Facts(counts, absent, then.rows, then.side)
        if self.baseline == CAPTURE:
            ask.capture(self.about, counts)
        return Facts(counts, absent)

    def looked_at(self, facts: Facts) -> int:
        """Count the tables asked for."""
        return len(facts.counts) + len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare with the bounds; what is counted already may be too much, whatever was not counted."""
        yield from not_there(facts.absent, "table")
        if self.baseline == COMPARE:
            before = {each.object: each for each in facts.before}
            for now in facts.counts:
                yield self._compared(now, before.get(now.object), facts.side)
            return
        for count in facts.counts:
            verdict, message = self._judged(count)
            measured = {"rows": count.rows, "exact": count.exact, "not_counted": list(count.unseen)}
            bound = {} if self.baseline else {"minimum": self.minimum, "maximum": self.maximum}
            yield Finding(count.object, verdict, message, measured, bound)
        if self.baseline == CAPTURE:
            yield kept(len(facts.counts), "count")

    def _judged(self, count: Counted) -> tuple[Verdict, str]:
        about = "" if count.exact else "about "
        holds = f"{count.object} holds {about}{counted(count.rows, 'row')}"
        if not self.baseline and self.maximum is not None and count.rows > self.maximum:
            return Verdict.BLOCK, f"{holds}, more than the {self.maximum} that are expected at most."
        if count.unseen:
            return Verdict.UNKNOWN, f"The rows of {count.object} could not be counted: {listed(count.unseen, 3)}."
        if not self.baseline and count.rows < self.minimum:
            return Verdict.BLOCK, f"{holds}, fewer than the {self.minimum} that are expected at least."
        return Verdict.PASS, f"{holds}."

    def _compared(self, now: Counted, then: Counted | None, side: str) -> Finding:
        """Compare a table's rows with those of an earlier moment."""
        for count in (now, then):
            if count is None or count.unseen or not count.exact:
                why = "it was not there" if count is None else listed(count.unseen, 3) or "it was only estimated"
                message = f"The rows of {now.object} cannot be compared with {side}: {why}."
                return Finding(now.object, Verdict.UNKNOWN, message, {"rows": now.rows})
        was = 0 if then is None else then.rows
        lost, added = max(0, was - now.rows), max(0, now.rows - was)
        measured = {"rows": now.rows, "rows_before": was, "lost": lost, "added": added}
        bound = {"lost": self.max_lost} | ({} if self.max_added is None else {"added": self.max_added})
        told = f"{now.object} holds {counted(now.rows, 'row')}, and {was} in {side}"
        if lost > self.max_lost:
            message = f"{told}: {counted(lost, 'row')} fewer, and {self.max_lost} may go."
            return Finding(now.object, Verdict.BLOCK, message, measured, bound)
        if self.max_added is not None and added > self.max_added:
            message = f"{told}: {counted(added, 'row')} more, and {self.max_added} may come."
            return Finding(now.object, Verdict.BLOCK, message, measured, bound)
        return Finding(now.object, Verdict.PASS, f"{told}.", measured, bound)

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
