"""``sequence-exhaustion``: how many numbers are left, for the sequence and for every column that takes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.measure import next_numbers
from checks.facts.range import Column, Range
from checks.facts.scope import SCHEMAS, not_there, scope

_FULL = 100


@dataclasses.dataclass(frozen=True, slots=True)
class SequenceRow:
    """One sequence as the catalogue knows it."""

    sequence: int
    schema: str
    object: str
    increment: int
    minimum: int
    maximum: int
    cycles: bool
    readable: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnRow:
    """One integer column that takes the sequence's numbers, or refers to one that does."""

    sequence: int
    column: str
    type: str
    bytes: int
    refers: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Counter:
    """One sequence, where it stands, and the narrowest column that takes its numbers."""

    object: str
    range: Range
    cycles: bool = False
    following: int | None = None
    """The next number; None where the role may not look."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    counters: tuple[Counter, ...] = ()
    absent: tuple[str, ...] = ()


@check("sequence-exhaustion", since=14, group="sequences and keys", looks_at="sequences", limits=["percent_used"])
class SequenceExhaustion(Check[Facts]):
    """No sequence is about to run out of numbers, nor the columns that take them.

    ## Why it matters

    A sequence is bigint by default, and an `integer` column behind it ends at 2,147,483,647: the sequence then looks
    empty (0 % used) while every INSERT fails with "integer out of range". Changing the column's type rewrites the table
    under an exclusive lock, so it must be planned long before.

    ## When it blocks

    The share of the range that is used reaches `block` percent, 95 by default; it warns from `warn`, 85. The range ends
    at the sequence's own end or at the end of the narrowest integer column that takes its numbers: by default, as
    identity, as owner, or inherited, in any table; or by a foreign key to such a column, for an `integer` that refers
    to a `bigint` key ends first. A sequence that counts down is measured downwards. With CYCLE it warns at most, for
    then ids come again; unless the column ends first.

    ## What to do

    Change the columns to bigint (add a column, fill it, swap), or for a while count downwards from -1.

    ## What it cannot see

    Columns filled by functions and triggers, numeric and text columns with a length, columns that refer to the id
    without a foreign key, and how fast numbers are taken. A sequence that the role may not read is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())
    warn: int = param("Share of the range from which it warns.", default=85, minimum=1, unit="percent")
    block: int = param("Share of the range from which it blocks.", default=95, minimum=1, unit="percent")

    def gather(self, ask: Ask) -> Facts:
        """Read the ranges, the columns and the numbers."""
        part = scope(ask, self.schemas)
        rows = part.within(ask.rows(self.queries["sequences"], SequenceRow))
        columns: dict[int, ColumnRow] = {}
        for column in ask.rows(self.queries["columns"], ColumnRow):
            columns.setdefault(column.sequence, column)
        following = next_numbers(ask, rows)
        counters = tuple(_counter(row, columns.get(row.sequence), following.get(row.sequence)) for row in rows)
        return Facts(counters, part.absent)

    def looked_at(self, facts: Facts) -> int:
        """Count the sequences."""
        return len(facts.counters) or len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare what is used with what there is."""
        yield from not_there(facts.absent)
        for counter in facts.counters:
            yield self._judged(counter)

    def _judged(self, counter: Counter) -> Finding:
        room, bound = counter.range, {"warn_percent": self.warn, "block_percent": self.block}
        if counter.following is None:
            message = f"This role may not read {counter.object}, so nobody can tell how many numbers are left."
            return Finding(counter.object, Verdict.UNKNOWN, message, {"limit": room.limit}, bound)
        left = room.left(counter.following)
        used = _FULL if room.size == 0 else (room.size - left) * _FULL // room.size
        verdict = Verdict.BLOCK if used >= self.block else Verdict.WARN if used >= self.warn else Verdict.PASS
        measured = {
            "percent_used": used,
            "numbers_left": left,
            "next": counter.following,
            "limit": room.limit,
            "column": room.column.name if room.column else None,
            "type": room.column.type if room.column else None,
        }
        return Finding(counter.object, *_told(counter, verdict, used, left), measured, bound)


def _counter(row: SequenceRow, narrowest: ColumnRow | None, following: int | None) -> Counter:
    column = None if narrowest is None else Column(narrowest.column, narrowest.type, narrowest.bytes, narrowest.refers)
    return Counter(row.object, Range(row.minimum, row.maximum, row.increment, column), row.cycles, following)


def _told(counter: Counter, verdict: Verdict, used: int, left: int) -> tuple[Verdict, str]:
    room, name = counter.range, counter.object
    holder = room.column if room.of_column else None
    refers = holder is not None and holder.refers
    ends = f", where {holder.name} ({holder.type}){', a foreign key to it,' * refers} ends" if holder else ""
    numbers = "1 number" if left == 1 else f"{left:,} numbers"
    share = f"{name} has used {used} % of its numbers ({numbers} left up to {room.limit:,}{ends})"
    if counter.cycles and not room.of_column:
        if verdict is Verdict.PASS:
            return verdict, f"{share}, and begins again then (CYCLE)."
        return Verdict.WARN, f"{share}, and then begins again (CYCLE): ids come a second time."
    fails = "no row can refer to a new one" if refers else "every INSERT that draws from it fails"
    if left == 0:
        return Verdict.BLOCK, f"{share}: {fails} now."
    if verdict is Verdict.PASS:
        return verdict, f"{share}."
    return verdict, f"{share}: after these {fails}."
