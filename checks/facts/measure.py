"""Ask the target for what a subject lacks: its sequence's next number and the ids in use."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from checks.base import Ask
from checks.facts.drawers import Drawer, SequenceRow
from checks.facts.drift import Subject
from checks.facts.extremes import Source, ask_extremes, source, why_not


class Counting(Protocol):
    """A row that tells how a sequence counts."""

    @property
    def sequence(self) -> int:
        """Its OID."""

    @property
    def object(self) -> str:
        """Its name, quoted by the server."""

    @property
    def increment(self) -> int:
        """How far it goes at each call."""

    @property
    def readable(self) -> bool:
        """Whether this role may read it."""


@dataclasses.dataclass(frozen=True, slots=True)
class StateRow:
    """What a sequence says of itself."""

    sequence: int
    last_value: int
    is_called: bool

    def following(self, increment: int) -> int:
        """Tell the number that its next nextval gives."""
        return self.last_value + (increment if self.is_called else 0)


@dataclasses.dataclass(frozen=True, slots=True)
class _Plan:
    """One sequence: its next number, and which columns are looked at and which are not."""

    row: SequenceRow
    following: int | None
    drawers: tuple[Drawer, ...]
    sources: tuple[Source, ...]
    unseen: tuple[tuple[Drawer, str], ...]


def measure(
    ask: Ask, subjects: Sequence[Subject], drawers: Mapping[int, tuple[Drawer, ...]], *, scan_limit_mb: int
) -> tuple[Subject, ...]:
    """Complete the subjects; the ids are of a snapshot older than the numbers, so they can only be behind them."""
    rows = [each.sequence for each in subjects if each.sequence is not None]
    following = next_numbers(ask, rows)
    plans = [_plan(row, following.get(row.sequence), drawers[row.sequence], scan_limit_mb) for row in rows]
    extremes = ask_extremes(ask, (source for plan in plans for source in plan.sources))
    done = {plan.row.sequence: plan for plan in plans}
    return tuple(
        each if each.sequence is None else _completed(each, done[each.sequence.sequence], extremes) for each in subjects
    )


def next_numbers(ask: Ask, rows: Iterable[Counting]) -> dict[int, int]:
    """Sequence → the number its next nextval gives; sequences that may not be read are left out."""
    known = {row.sequence: row for row in rows if row.readable}
    template = "SELECT {}::int8 AS sequence, last_value, is_called FROM {}"
    states = ask.chunks([template.format(row.sequence, row.object) for row in known.values()], StateRow)
    return {state.sequence: state.following(known[state.sequence].increment) for state in states}


def _plan(row: SequenceRow, following: int | None, drawers: tuple[Drawer, ...], scan_limit_mb: int) -> _Plan:
    sources: list[Source] = []
    unseen: list[tuple[Drawer, str]] = []
    for drawer in drawers:
        why = why_not(drawer, scan_limit_mb)
        if not why and drawer.elsewhere and following is None:
            why = "also holds numbers of another sequence"
        if why:
            unseen.append((drawer, why))
        elif asked := source(drawer, upwards=row.increment > 0, following=following or 0):
            sources.append(asked)
    return _Plan(row, following, drawers, tuple(sources), tuple(unseen))


def _completed(subject: Subject, plan: _Plan, extremes: Mapping[Source, int | None]) -> Subject:
    found = [value for source in plan.sources if (value := extremes[source]) is not None]
    in_use = (max(found) if plan.row.increment > 0 else min(found)) if found else None
    return Subject(subject.object, plan.row, subject.carried, plan.following, plan.drawers, in_use, plan.unseen)
