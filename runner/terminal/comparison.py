"""The same guards asked twice, side by side: by the operator and by the reviewer, or earlier and now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.figures import age, figures
from runner.terminal.blocks import Block, Cell, Grid, cell, verdict_cell

Item = Mapping[str, Any]


def comparison(
    theirs: Iterable[Item],
    mine: Iterable[Item],
    now: str,
    heads: tuple[str, str] = ("the operator saw", "you see"),
) -> tuple[Block, ...]:
    """Lay out each guard with both verdicts, and below it every figure that is not the same."""
    before: dict[tuple[Any, Any], list[Item]] = defaultdict(list)
    for item in theirs:
        before[_key(item)].append(item)
    rows = [row for item in mine for row in _rows(_next(before[_key(item)]), item, now)]
    return (Grid(("guard and object", *heads), tuple(rows), compares=True),) if rows else ()


def _key(item: Item) -> tuple[Any, Any]:
    return item.get("check"), item.get("target")


def _next(items: list[Item]) -> Item | None:
    return items.pop(0) if items else None


def _rows(theirs: Item | None, mine: Item, now: str) -> Iterator[tuple[Cell, Cell, Cell]]:
    where = f" on {mine['target']}" if mine.get("target") else ""
    saw = cell("nothing: it was not asked", tone="unknown") if theirs is None else _verdict(theirs, now)
    known = {} if theirs is None else _by_object(theirs)
    found = _by_object(mine)
    here = _verdict(mine, now)
    same = theirs is not None and {key: _figures(one) for key, one in known.items()} == {
        key: _figures(one) for key, one in found.items()
    }
    told = Cell((f"{here.lines[0]}{', the same figures' * (same and bool(found))}", *here.lines[1:]), here.tone)
    yield cell(f"{mine.get('check')}{where}", tone="strong"), saw, told
    for name in dict.fromkeys((*known, *found)):
        was, is_ = _figures(known.get(name)), _figures(found.get(name))
        labels = [label for label in dict.fromkeys((*was, *is_)) if was.get(label) != is_.get(label)]
        if labels:
            yield cell(f"  {name}"), _side(was, labels), _side(is_, labels)


def _verdict(item: Item, now: str) -> Cell:
    shown = verdict_cell(str(item.get("verdict")))
    why = (str(item.get("message")),) if item.get("verdict") == "unknown" else ()
    return Cell((f"{shown.lines[0]}, {age(item.get('taken_at'), now)}", *why), shown.tone)


def _by_object(item: Item) -> dict[str, Mapping[str, Any]]:
    return {str(finding.get("object")): finding for finding in item.get("findings") or ()}


def _figures(finding: Mapping[str, Any] | None) -> dict[str, str]:
    return {one.label: ", ".join(one.values) for one in figures((finding or {}).get("measured") or {})}


def _side(values: Mapping[str, str], labels: Iterable[str]) -> Cell:
    return cell(*(f"{label}: {values.get(label, 'nothing')}" for label in labels))
