"""What a trial of statements showed, and what keeps them from being tried. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator

from checks.base import CannotAskError, Change, Touched, Trial
from checks.facts.wording import listed

_WRITING = {"insert", "update", "delete", "merge"}


@dataclasses.dataclass(frozen=True, slots=True)
class HazardRow:
    """Something that runs along when a table's rows are written."""

    object: str
    why: str
    function: str | None
    inserting: bool


def refuse_hazards(hazards: Iterable[HazardRow], changes: Iterable[Change], trusted: Collection[str]) -> None:
    """Raise CannotAskError where something would run that a rollback may not take back."""
    inserts = any(each.kind not in {"update", "delete"} or len(each.writes) > 1 for each in changes)
    found = [
        f"{each.object} {each.why}" + (f", which runs {each.function}()" if each.function else "")
        for each in hazards
        if each.function not in trusted and (inserts or not each.inserting)
    ]
    if found:
        raise CannotAskError(f"a rollback may not take it back: {listed(found, 3)}")


def rows_of(change: Change, trial: Trial, own: Collection[str]) -> int:
    """The rows of the statement itself."""
    return trial.rows if change.kind in _WRITING else sum(each.rows for each in trial.changed if each.table in own)


def others(change: Change, trial: Trial, own: Collection[str]) -> Iterator[Touched]:
    """What else was changed: rows of other tables, and more rows of its own than the statement told of."""
    inside = [each for each in trial.changed if each.table in own]
    moved = sum(each.inserted for each in inside) if change.kind == "update" else 0  # to another partition
    more = sum(each.rows for each in inside) - moved - rows_of(change, trial, own)
    if more > 0:
        yield Touched(change.relation, 0, more, 0)
    yield from (each for each in trial.changed if each.table not in own)


def told(touched: Touched) -> str:
    """Say what was done to a table's rows."""
    parts = {"inserted": touched.inserted, "updated": touched.updated, "deleted": touched.deleted}
    return ", ".join(what for what, number in parts.items() if number)
