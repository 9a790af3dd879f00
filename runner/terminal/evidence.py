"""What guards found, as a table: verdict; guard, object and message; figures beside their limits, and their age."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.figures import Figure, age, figures, findings_shown, moment, told_by_finding
from runner.terminal.blocks import Block, Cell, Grid, Line, cell, verdict_cell


def evidence_blocks(evidence: Iterable[Mapping[str, Any]], now: str) -> tuple[Block, ...]:
    """Show what guards found, in the order asked; ``now`` is what ages count to."""
    rows = [row for item in evidence for row in _rows(item, now)]
    if not rows:
        return (Line("GUARDS", "this step has none", "warn"),)
    return (Grid(("verdict", "guard, object and what it says", "measured, age"), tuple(rows)),)


def passed_lines(evidence: Iterable[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Show guards that all passed in a line each."""
    return tuple(
        Line("", f"{item.get('check')}{_on(item)}: {item.get('message')} ({_looked(item)})") for item in evidence
    )


def _rows(item: Mapping[str, Any], now: str) -> Iterator[tuple[Cell, ...]]:
    own = () if told_by_finding(item) else [str(item.get("message", ""))]
    head = cell(f"{item.get('check')}{_on(item)}", *own, tone="strong")
    looked = f"{_looked(item)}, {age(item.get('taken_at'), now)}"
    yield (verdict_cell(str(item.get("verdict"))), head, cell(looked))
    shown, hidden = findings_shown(item)
    yield from map(_finding, shown)
    if hidden:
        yield (verdict_cell("pass"), cell(f"and {hidden:,} more objects"), cell(""))
    omitted = item.get("omitted")
    if omitted:
        kept = cell(f"and {_count(omitted.get('findings'))} more findings", f"kept aside: {omitted.get('sha256')}")
        limits = figures(omitted.get("limits") or {})
        yield (verdict_cell(str(omitted.get("verdict"))), kept, cell(*_lines(limits)))


def _finding(finding: Mapping[str, Any]) -> tuple[Cell, ...]:
    said = [str(finding.get("object", "unknown object")), str(finding.get("message", ""))]
    remedy = finding.get("remedy")
    if remedy:
        said.append(f"remedy: {remedy.get('why')}")
    known = finding.get("accepted")
    if known:
        said.append(f"known exception of {known.get('by')} until {known.get('until')}: {known.get('reason')}")
    waived = finding.get("waived")
    if waived:
        said.append(f"WAIVED by {waived.get('by')} until {moment(str(waived.get('until')))}: {waived.get('reason')}")
    lines = _lines(figures(finding.get("measured") or {}, finding.get("bound") or {}))
    return (verdict_cell(str(finding.get("verdict"))), cell(*said), cell(*lines))


def _looked(item: Mapping[str, Any]) -> str:
    holds = f", not asked again: {item['holds']}" if item.get("holds") else ""
    return f"{_count(item.get('looked_at'))} looked at{holds}"


def _on(item: Mapping[str, Any]) -> str:
    return f" on {item['target']}" if item.get("target") else ""


def _lines(measured: Iterable[Figure]) -> list[str]:
    return [line for figure in measured for line in _figure(figure)] or ["no figure"]


def _figure(figure: Figure) -> list[str]:
    limit = f"  (limit {figure.limit})" if figure.limit is not None else ""
    if len(figure.values) > 1:
        return [f"{figure.label}:{limit}", *(f"  {value}" for value in figure.values)]
    return [f"{figure.label}: {figure.values[0]}{limit}"]


def _count(looked_at: Any) -> str:
    return f"{looked_at:,}" if isinstance(looked_at, int) else "unknown"
