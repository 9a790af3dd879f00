"""What a screen is made of, as plain data: raw text in, nothing painted yet.

Screens are built as tuples of blocks and painted by `runner.terminal.paint`, the one place where text is escaped;
so no screen can forget it, and tests compare data.
"""

from __future__ import annotations

import dataclasses

from runner.journal.sentences import VERDICT_TONES, Tone


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """Text in a table or beside a label; each line is escaped for itself."""

    lines: tuple[str, ...]
    tone: Tone = "plain"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened or is said: the time, a word that carries the meaning, and the text."""

    word: str
    text: str
    tone: Tone = "plain"
    time: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Heading:
    """The beginning of a part of the screen."""

    text: str
    tone: Tone = "strong"


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Labels with values, one below the other."""

    pairs: tuple[tuple[str, Cell], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    compares: bool = False
    """Whether its columns show the same of several; where rows are stacked, each value is named then."""


@dataclasses.dataclass(frozen=True, slots=True)
class Code:
    """Exact text, shown whole with numbered lines; a row without a number continues the row above."""

    text: str
    label: str
    code: bool = True
    """Whether non-ASCII outside literals, quoted names and comments is escaped; False for prose and diffs."""


Block = Line | Heading | Facts | Grid | Code


def cell(*lines: str, tone: Tone = "plain") -> Cell:
    """Make a cell of one or more lines."""
    return Cell(lines, tone)


def verdict_cell(verdict: str) -> Cell:
    """Make the cell of a verdict: its word, and the tone that repeats it; what is no verdict is UNKNOWN."""
    known = verdict in VERDICT_TONES
    return cell(verdict.upper() if known else "UNKNOWN", tone=VERDICT_TONES.get(verdict, "unknown"))
