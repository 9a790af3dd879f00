"""``inheritance-topology``: tables inherit from the same parents here and in the backup, elsewhere, or before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from checks.base import Ask, Check, Finding, Selection, Verdict, check, param
from checks.facts.baseline import BASELINE, CAPTURE, COMPARE, MODES, kept
from checks.facts.names import Name, written
from checks.facts.scope import SCHEMAS, not_there, scope
from checks.facts.topology import Difference, TableRow, differences, of_archive
from checks.facts.wording import listed


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The tables of both sides."""

    here: tuple[TableRow, ...] = ()
    there: tuple[TableRow, ...] | None = None
    """None where nothing was given to compare with."""
    side: str = ""
    """How the other side is called in a sentence."""
    absent: tuple[str, ...] = ()


@check("inheritance-topology", since=14, group="structure", looks_at="tables", scope=["schemas"], steady=True)
class InheritanceTopology(Check[Facts]):
    """Every table has the parents that it has in the backup, on another target, or had earlier in the run.

    ## Why it matters

    A query on a parent reads its children, a sequence of the parent feeds them, and dropping it takes their defaults
    along. A clone or a restored table that hangs under another parent, or under none, shows no error: rows are read
    twice, or not at all.

    ## When it blocks

    A table that both sides have inherits from other parents (or is a partition of another table) on one of them. It
    warns where only the order of the parents differs, and for a child that one side lacks though both have its parent.

    ## What to do

    `ALTER TABLE … INHERIT / NO INHERIT`, or ATTACH and DETACH of a partition, after making sure which side is right.
    `baseline: capture` keeps the trees of this moment beside the run's journal, and a later guard with `baseline:
    compare` compares with them.

    ## What it cannot see

    The bounds of partitions (`schema-drift`), and the parents in a plain dump (unknown). Without `other`, `baseline`
    and a backup there is nothing to compare with: unknown.
    """

    other: str | None = param("Target that is compared with, by its name.", default=None)
    backup: Path | None = param("pg_dump archive that is compared with, where no other target is named.", default=None)
    baseline: str | None = param(BASELINE, default=None, choices=MODES)
    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Facts:
        """Learn the trees of both sides."""
        there, side = self._other_side(ask)
        part = scope(ask, self.schemas)
        if there is not None and self.schemas:
            there = tuple(row for row in there if row.schema in self.schemas)
        here = part.within(ask.rows(self.query, TableRow))
        if self.baseline == CAPTURE:
            ask.capture(self.about, here)
        known = {row.schema for row in there or ()}
        return Facts(here, there, side, tuple(name for name in part.absent if name not in known))

    def looked_at(self, facts: Facts) -> int:
        """Count the tables on either side."""
        return len({row.key for row in (*facts.here, *(facts.there or ()))}) or len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block where parents differ."""
        yield from not_there(facts.absent)
        if self.baseline == CAPTURE:
            yield kept(len(facts.here), "table")
        elif facts.there is None:
            message = (
                "There is nothing to compare the inheritance with; name other: a target, backup: a file, or baseline."
            )
            yield Finding("inheritance", Verdict.UNKNOWN, message)
        elif not facts.there:
            message = f"{facts.side[:1].upper()}{facts.side[1:]} has no tables to compare with."
            yield Finding("inheritance", Verdict.UNKNOWN, message)
        else:
            for found in differences(facts.here, facts.there):
                yield _judged(found, facts.side)

    def _other_side(self, ask: Ask) -> tuple[tuple[TableRow, ...] | None, str]:
        if self.baseline == CAPTURE:
            return None, ""
        if self.baseline == COMPARE:
            then = ask.captured(self.about, TableRow)
            return then.rows, then.side
        if self.other is not None:
            other = ask.other(self.other)
            return scope(other, ()).within(other.rows(self.query, TableRow)), self.other
        if self.backup is None:
            return None, ""
        step, chosen = ask.step, Selection()
        if step is not None and step.selection is not None and step.backup == self.backup:
            chosen = step.selection
        return of_archive(ask.archive(self.backup), chosen), f"the backup {self.backup}"


def _judged(found: Difference, side: str) -> Finding:
    name = written(found.table)
    measured = {"here": _plain(found.here), "there": _plain(found.there)}
    if found.there is None:
        verdict = Verdict.WARN
        message = (
            f"{name} {_hangs(found.here)} here, and {side} has no such table: nothing done there reaches its rows."
        )
    elif found.here is None:
        verdict = Verdict.WARN
        message = f"{name} {_hangs(found.there)} in {side}, and is not here."
    elif found.order_only:
        verdict = Verdict.WARN
        message = f"{name} {_hangs(found.here)} here, and in {side} from the same in another order: columns may be too."
    else:
        verdict = Verdict.BLOCK
        message = (
            f"{name} {_hangs(found.here)} here and {_hangs(found.there)} in {side}: queries on the parents read other "
            "rows on the two sides."
        )
    return Finding(name, verdict, message, measured, {"parents": measured["there"]})


def _plain(parents: tuple[Name, ...] | None) -> list[str] | None:
    return None if parents is None else [written(name) for name in parents]


def _hangs(parents: tuple[Name, ...] | None) -> str:
    return f"inherits from {listed([written(name) for name in parents])}" if parents else "inherits from nothing"
