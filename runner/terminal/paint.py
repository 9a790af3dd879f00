"""Blocks painted with rich: the one place where text on its way to a terminal is escaped."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, assert_never

from runner.journal.sentences import Tone
from runner.safe_text import escape, escape_code, escaped_characters
from runner.terminal.blocks import Block, Cell, Code, Facts, Grid, Heading, Line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_STYLES: dict[Tone, str] = {
    "plain": "",
    "dim": "dim",
    "strong": "bold",
    "good": "green",
    "warn": "bold yellow",
    "unknown": "bold magenta",
    "bad": "bold red",
    "ask": "bold cyan",
}
_NARROW = 72
"""Below this width tables are written as stacked lines."""
_WORD_WIDTH = 12
_AT_ONCE = 100
"""How many parts of a screen are printed together: each print costs as much as some lines do."""
_LEAST = 8
"""Code is never folded to fewer cells than this."""


def show(blocks: Iterable[Block], console: Console) -> None:
    """Print blocks; long text is folded, nothing is cut."""
    from rich.console import Group

    parts = (part for block in blocks for part in _paint(block, console))
    while some := list(itertools.islice(parts, _AT_ONCE)):
        console.print(Group(*some), markup=False, highlight=False, emoji=False)


def _paint(block: Block, console: Console) -> Iterator[RenderableType]:
    match block:
        case Line():
            yield _line(block, console)
        case Heading():
            yield _text("", "plain")
            yield _text(f"{'==' if console.options.ascii_only else '━━'} {escape(block.text)}", block.tone)
        case Facts():
            yield _facts(block)
        case Grid():
            yield from _stacked(block) if console.width < _NARROW else [_table(block, console)]
        case Code():
            yield from _code(block, console)
        case _ as never:
            assert_never(never)


def _text(shown: str, tone: Tone) -> Text:
    from rich.text import Text

    return Text(shown, style=_STYLES[tone], overflow="fold")


def _cell(value: Cell) -> Text:
    return _text("\n".join(escape(line) for line in value.lines), value.tone)


def _line(line: Line, console: Console) -> RenderableType:
    time = _text(escape(line.time), "dim") if line.time and console.width >= _NARROW else None
    word, text = _text(escape(line.word), line.tone), _text(escape(line.text, multiline=True), "plain")
    least = min(_WORD_WIDTH, console.width // 4)
    return _in_one_row(time, word, text, least, console.width) or _in_columns(time, word, text, least)


def _in_one_row(time: Text | None, word: Text, text: Text, least: int, width: int) -> Text | None:
    """Put a line that needs no folding together without a table, which costs ten times as much; None where it does."""
    if "\n" in text.plain:
        return None
    word.pad_right(max(0, least - word.cell_len))
    parts = [word, text] if time is None else [time, word, text]
    row = _text(" ", "plain").join(parts)
    return row if row.cell_len <= width else None


def _in_columns(time: Text | None, word: Text, text: Text, least: int) -> RenderableType:
    from rich.table import Table

    grid = Table.grid(padding=(0, 1), expand=False)
    if time is not None:
        grid.add_column(no_wrap=True)
    grid.add_column(min_width=least, overflow="fold")
    grid.add_column(overflow="fold")
    grid.add_row(*(() if time is None else (time,)), word, text)
    return grid


def _facts(facts: Facts) -> RenderableType:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold", style="dim", max_width=28)
    grid.add_column(overflow="fold")
    for label, value in facts.pairs:
        grid.add_row(_text(escape(label), "dim"), _cell(value))
    return grid


def _table(grid: Grid, console: Console) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table(box=box.ASCII2 if console.options.ascii_only else box.ROUNDED, show_lines=True, border_style="dim")
    for column in grid.columns:
        table.add_column(escape(column), overflow="fold", header_style="bold")
    for row in grid.rows:
        table.add_row(*map(_cell, row))
    return table


def _stacked(grid: Grid) -> Iterator[RenderableType]:
    from rich.padding import Padding

    for row in grid.rows:
        for position, value in enumerate(row):
            if any(value.lines):
                named = f"{escape(grid.columns[position])}: " if grid.compares and position else ""
                shown = _text(named, "dim").append_text(_cell(value)) if named else _cell(value)
                yield Padding(shown, (0, 0, 0, 2 if position else 0))


def _code(block: Code, console: Console) -> Iterator[RenderableType]:
    from rich.cells import chop_cells

    shown = escape_code(block.text) if block.code else escape(block.text, multiline=True)
    lines = shown.removesuffix("\n").split("\n")
    size = f"{len(lines):,} line{'s' * (len(lines) != 1)}, {len(block.text):,} characters"
    yield _text(f"{escape(block.label)} ({size})", "dim")
    ascii_only = console.options.ascii_only
    bar, digits = "|" if ascii_only else "│", len(str(len(lines)))
    width = max(_LEAST, console.width - digits - 3)
    for number, line in enumerate(lines, 1):
        for row, part in enumerate(chop_cells(line, width) or [""]):
            mark = str(number) if row == 0 else ">" if ascii_only else "↪"
            yield _text("", "plain").append(f"{mark:>{digits}} {bar} ", _STYLES["dim"]).append(part)
    for name in escaped_characters(block.text, code=block.code):
        yield _text(f"shown escaped: {name}", "warn")
