"""Lines folded between words, by the cells that their letters take on a terminal."""

from __future__ import annotations

import os
from typing import TextIO

_NARROWEST = 20
"""Texts are not folded to fewer cells than this."""


def fold(text: str, columns: int) -> list[str]:
    """Fold a text to a width; a word that is wider is broken."""
    from rich.console import Console
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(text).wrap(Console(), max(columns, _NARROWEST))]


def folded(text: str, stream: TextIO) -> str:
    """Fold each line of a text for the terminal that a stream leads to, its rest further in; else leave it as it is."""
    columns = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    if not columns:
        return text
    return "\n".join(_hanging(line, columns) for line in text.split("\n"))


def _hanging(line: str, columns: int) -> str:
    if len(line) * 2 <= columns:
        return line
    words = line.lstrip()
    lead = " " * (len(line) - len(words))
    first, *rest = fold(words, columns - len(lead) - 2) or [""]
    return "\n".join([f"{lead}{first}", *(f"{lead}  {each}" for each in rest)])
