"""``schema-drift``: two targets, or two moments, have the same tables, columns, keys, views, functions and types."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param
from checks.facts.baseline import BASELINE, CAPTURE, COMPARE, MODES, kept
from checks.facts.packing import packed
from checks.facts.scope import SCHEMAS, not_there, scope
from checks.facts.words import Difference, ObjectRow, differences, shown

_MAJOR = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class LockingRow:
    """One view, rule or body, and the call that puts it into words."""

    schema: str
    kind: str
    object: str
    part_of: str
    words: str
    relations: int
    single: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class WordsRow:
    """The words of one of them."""

    at: int
    definition: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The objects of both sides."""

    here: tuple[ObjectRow, ...] = ()
    there: tuple[ObjectRow, ...] = ()
    version_here: int = 0
    version_there: int = 0
    """Major versions."""
    absent: tuple[str, ...] = ()
    side: str = ""
    """Where the other side is, in a sentence: on another target, or in a baseline."""


@check("schema-drift", since=14, group="structure", looks_at="objects", scope=["schemas"], steady=True)
class SchemaDrift(Check[Facts]):
    """Two targets, or two moments of a run, have the same schema.

    ## Why it matters

    A change that reached one environment and not the other makes the next one fail half way: a column that is there, an
    index that is missing, a default that draws from another sequence, a function of last month. And a procedure that
    should change rows only must leave the schema as it was.

    ## When it blocks

    An object is on one side only, or its definition differs: tables (partitioning, parents, row security, options,
    where a foreign one looks), columns (type, NOT NULL, default, identity, collation), constraints, indexes, sequences
    (not their numbers), views, functions and procedures, triggers and whether they are on, rules, policies, types.
    Everything is compared by name, whitespace counts only inside quotes. Between major versions a view or expression
    that the two servers write differently is unknown.

    ## What to do

    Find the change that one side lacks and apply it, with the same statements; or accept a difference that is meant in
    shisa.yaml, by name and with a date. `baseline: capture` keeps this moment beside the run's journal, and
    `baseline: compare` in a later guard compares with it.

    ## What it cannot see

    The order of columns, their storage and statistics, privileges (`privileges`), extensions (`extension-versions`),
    owners, comments, statistics objects, publications, event triggers, foreign servers, operators, casts, collations,
    text search, rules that are switched off (`disabled-triggers`), names of constraints and indexes that partitions got
    by themselves, and the rows. A view that reads more than 50 relations locks all of them while its words are read. A
    schema that is on neither side is unknown. A baseline holds the objects' whole text, function bodies too.
    """

    other: str | None = param("Target that is compared with, by its name.", default=None)
    baseline: str | None = param(BASELINE, default=None, choices=MODES)
    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Facts:
        """Put both sides into words."""
        if self.other is None and self.baseline is None:
            raise CannotAskError("there is nothing to compare with; name other: a target, or baseline: compare")
        here, absent = self._objects(ask)
        version = ask.server_version // _MAJOR
        if self.baseline == CAPTURE:
            ask.capture(self.about, here)
            return Facts(here, version_here=version, absent=absent)
        if self.baseline == COMPARE or self.other is None:
            then = ask.captured(self.about, ObjectRow)
            then_there = {row.schema for row in then.rows}
            absent = tuple(name for name in absent if name not in then_there)
            return Facts(here, then.rows, version, then.server_version // _MAJOR, absent, f"in {then.side}")
        other = ask.other(self.other)
        there, missing = self._objects(other)
        absent = tuple(name for name in absent if name in missing)
        return Facts(here, there, version, other.server_version // _MAJOR, absent, f"on {self.other}")

    def looked_at(self, facts: Facts) -> int:
        """Count the objects on either side."""
        return len({row.key for row in (*facts.here, *facts.there)}) or len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block each difference."""
        yield from not_there(facts.absent)
        if self.baseline == CAPTURE:
            yield kept(len(facts.here), "object")
            return
        same = facts.version_here == facts.version_there
        for found in differences(facts.here, facts.there, same_major=same):
            verdict, message = _judged(found, facts)
            measured = {"kind": found.kind, "here": shown(found.here), "there": shown(found.there)}
            yield Finding(found.object, verdict, message, measured, {"there": shown(found.there)})

    def _objects(self, ask: Ask) -> tuple[tuple[ObjectRow, ...], tuple[str, ...]]:
        part = scope(ask, self.schemas)
        found = list(part.within(ask.rows(self.queries["objects"], ObjectRow)))
        locking = part.within(ask.rows(self.queries["locking"], LockingRow))
        for group in packed(locking, relations=lambda row: {f"{row.kind} {row.object}": row.relations}):
            union = "\nUNION ALL ".join(f"SELECT {at} AS at, {row.words} AS definition" for at, row in enumerate(group))
            for words in ask.rows(union, WordsRow):
                row = group[words.at]
                text = words.definition or ""
                found.append(ObjectRow(row.schema, row.kind, row.object, row.part_of, text, True, row.single))  # noqa: FBT003
        return tuple(found), part.absent


def _judged(found: Difference, facts: Facts) -> tuple[Verdict, str]:
    what = f"The {found.kind} {found.object}"
    if found.there is None:
        return Verdict.BLOCK, f"{what} is here and not {facts.side}."
    if found.here is None:
        return Verdict.BLOCK, f"{what} is {facts.side} and not here."
    if found.by_version:
        return Verdict.UNKNOWN, (
            f"{what} reads differently, and PostgreSQL {facts.version_here} and {facts.version_there} write the "
            "same differently: nobody can tell whether it is the same."
        )
    return Verdict.BLOCK, f"{what} is {shown(found.here)} here and {shown(found.there)} {facts.side}."
