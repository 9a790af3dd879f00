"""What a reader cannot see in SQL text, or sees and misreads: hidden characters, templates, psql's own commands."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from runner.sql.tokens import places, tokens

_HIDING_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_TEXT_KINDS = frozenset({"comment", "string", "identifier"})
_WHITE = frozenset("\t\n\r")
_IDEOGRAPHIC_SPACE = "\u3000"
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SUSPECT = re.compile(r"[^\n\r\t\x20-\x7e]")
_TEMPLATE = re.compile(r"\{\{[-+]?\s*[A-Za-z_][^{},]*\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HiddenCharacter:
    """A character that hides or misleads: invisible anywhere, or not ASCII where code stands."""

    offset: int
    line: int
    column: int
    name: str
    kind: Literal["invisible", "non-ascii"]


@dataclass(frozen=True, slots=True)
class MetaCommand:
    r"""A psql command such as \copy, which no server understands."""

    offset: int
    line: int
    column: int
    text: str


def has_template(sql: str) -> bool:
    """Whether the text holds a template such as {{ name }}; an array literal like '{{1,2},{3,4}}' is none."""
    return _TEMPLATE.search(sql) is not None


def meta_commands(sql: str) -> tuple[MetaCommand, ...]:
    """Every psql command of the text outside literals, quoted identifiers and comments."""
    found = [token for token in tokens(sql) if token.kind == "meta"]
    return tuple(
        MetaCommand(token.start, *place, sql[token.start : token.end])
        for token, place in zip(found, places(sql, (token.start for token in found)), strict=True)
    )


def hidden_characters(sql: str) -> tuple[HiddenCharacter, ...]:
    """Invisible characters anywhere, and non-ASCII ones outside literals, quoted identifiers and comments."""
    suspects = [match.start() for match in _SUSPECT.finditer(sql)]
    if not suspects:
        return ()
    found: list[HiddenCharacter] = []
    texts = [token for token in tokens(sql) if token.kind in _TEXT_KINDS]
    at = 0
    for offset, place in zip(suspects, places(sql, suspects), strict=True):
        while at < len(texts) and texts[at].end <= offset:
            at += 1
        inside = at < len(texts) and texts[at].start <= offset
        char = sql[offset]
        if _invisible(char):
            found.append(HiddenCharacter(offset, *place, _name(char), "invisible"))
        elif not inside:
            found.append(HiddenCharacter(offset, *place, _name(char), "non-ascii"))
    return tuple(found)


def _invisible(char: str) -> bool:
    if char in _BLANK or _VARIATION.match(char):
        return True
    category = unicodedata.category(char)
    odd_space = category == "Zs" and char != _IDEOGRAPHIC_SPACE
    return odd_space or (category in _HIDING_CATEGORIES and char not in _WHITE)


def _name(char: str) -> str:
    return unicodedata.name(char, f"U+{ord(char):04X}")
