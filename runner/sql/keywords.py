"""The words of a statement that stand outside all parentheses, literals and comments, with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.sql.tokens import tokens

_CODE = re.compile(r"[\w$]+|[()\[\]]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One word, in capitals; offsets count characters, the end is exclusive."""

    word: str
    start: int
    end: int


def clauses(sql: str) -> tuple[Piece, ...]:
    """Every word of the outermost level, from left to right; quoted names are none."""
    plain = list(sql)
    for token in tokens(sql):
        if token.kind != "meta":
            plain[token.start : token.end] = " " * (token.end - token.start)
    found: list[Piece] = []
    depth = 0
    for match in _CODE.finditer("".join(plain)):
        text = match[0]
        if text in "([":
            depth += 1
        elif text in ")]":
            depth -= 1
        elif depth == 0:
            found.append(Piece(text.upper(), match.start(), match.end()))
    return tuple(found)
