r"""Walk SQL text and tell literals, comments, quoted identifiers and psql variables from the rest.

The rules are those of PostgreSQL's scan.l with standard_conforming_strings on, and of psql's psqlscan.l for variables.
No text makes it raise: what is unterminated ends with the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["comment", "string", "identifier", "variable", "meta"]
Style = Literal["plain", "literal", "identifier", "scram"]

_FIRST = (
    r"[^\x00-@\[-^`{-\x7f]"  # letters, _ and all above ASCII; said by what it is not, which compiles 20 times faster
)
_REST = r"[^\x00-/:-@\[-^`{-\x7f]"
_WORD = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
"""What goes on a word: a letter, a digit or a dollar. Only single characters are repeated possessively: Python before
3.11.5 matches a possessive group wrongly (gh-106052)."""
_NAME = f"{_FIRST}{_REST}*+"
_ESCAPED = r"(?:[^'\\]++|\\.|'')*"
_NEWLINE = r"(?:[ \t\f\v]|--[^\n\r]*+)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*+[\n\r])*"
_TOKEN = re.compile(
    rf"""
      (?P<line>--[^\n\r]*+)
    | (?P<block>/\*)
    | (?P<escape>[eE]'{_ESCAPED}(?:'{_NEWLINE}'{_ESCAPED})*(?:'|\\?\Z))
    | (?P<string>'[^']*+(?:''[^']*+)*(?:'|\Z))
    | (?P<quoted>"[^"]*+(?:""[^"]*+)*(?:"|\Z))
    | (?P<dollar>\$(?P<tag>(?:{_NAME})?)\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<word>{_FIRST}{_WORD}*+)
    | (?P<cast>::|:=)
    | (?P<variable>:(?:(?P<style>scram)?(?P<quote>')(?P<literal>{_NAME})'|"(?P<identifier>{_NAME})"|(?P<plain>{_NAME})))
    | (?P<meta>\\[^\s\\]*+)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: dict[str, Kind] = {
    "line": "comment",
    "escape": "string",
    "string": "string",
    "dollar": "string",
    "quoted": "identifier",
    "variable": "variable",
    "meta": "meta",
}
_COMMENT_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL text that is not plain code; offsets count characters, the end is exclusive."""

    kind: Kind
    start: int
    end: int
    name: str = ""
    style: Style = "plain"


def tokens(sql: str) -> Iterator[Token]:
    """Everything in the text that is not plain code, from left to right."""
    at = 0
    while match := _TOKEN.search(sql, at):
        at = match.end()
        group = match.lastgroup or ""
        if group == "block":
            at = _block_end(sql, at)
            yield Token("comment", match.start(), at)
        elif group == "variable":
            yield _variable(match)
        elif kind := _KINDS.get(group):
            yield Token(kind, match.start(), at)


def position(sql: str, offset: int) -> tuple[int, int]:
    """Line and column of a character offset, both counted from 1."""
    return sql.count("\n", 0, offset) + 1, offset - sql.rfind("\n", 0, offset)


def places(sql: str, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Line and column of each of the ascending offsets, in one pass over the text."""
    line, start, seen = 1, 0, 0
    for offset in offsets:
        newlines = sql.count("\n", seen, offset)
        if newlines:
            line += newlines
            start = sql.rfind("\n", seen, offset) + 1
        seen = offset
        yield line, offset - start + 1


def _variable(match: re.Match[str]) -> Token:
    style: Style = "plain"
    if match["literal"]:
        style = "scram" if match["style"] else "literal"
    elif match["identifier"]:
        style = "identifier"
    name = match["literal"] or match["identifier"] or match["plain"]
    return Token("variable", match.start(), match.end(), name, style)


def _block_end(sql: str, at: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(sql, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)
