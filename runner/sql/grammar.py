"""PostgreSQL's own grammar (version 17): text to statements with their trees and places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.sql.errors import SqlSyntaxError
from runner.sql.tokens import position, tokens

MAX_CHAIN = 20_000
"""Tokens in one unbroken chain (no comma between them): the parser's C code overflows its stack from about 50,000."""
_CODE = re.compile(r"[\w$]+|[^\w\s]")
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text without leading comments, where it starts, and its tree.

    offset counts characters from 0, line and column from 1; kind is the node's name in PostgreSQL, e.g. DeleteStmt.
    """

    text: str
    offset: int
    line: int
    column: int
    kind: str
    tree: dict[str, Any]


def parse(sql: str) -> tuple[Statement, ...]:
    """The statements of the text, none for a text of comments only.

    Raises SqlSyntaxError with line and column; also for what only a newer PostgreSQL than 17 understands.
    """
    import pgparse

    _require_parsable(sql)
    try:
        raw = pgparse.parse(sql)
    except pgparse.PGQueryError as error:
        offset = min(max((error.position or 1) - 1, 0), len(sql))
        raise _error(sql, offset, str(error.message)) from None
    except RecursionError:
        raise _error(sql, 0, "the statement is nested too deeply to be looked into") from None
    return tuple(_statements(sql, raw))


def _statements(sql: str, raw: list[dict[str, Any]]) -> Iterator[Statement]:
    encoded = sql.encode()
    single_bytes = len(encoded) == len(sql)
    commented = "--" in sql or "/*" in sql
    comments = {each.start: each.end for each in tokens(sql) if each.kind == "comment"} if commented else {}
    seen_bytes = seen = 0
    for each in raw:
        first = each.get("stmt_location", 0)
        last = first + each["stmt_len"] if "stmt_len" in each else len(encoded)
        if not single_bytes:
            start = seen + len(encoded[seen_bytes:first].decode())
            seen_bytes, seen = first, start
            first, last = start, start + len(encoded[first:last].decode())
        start = _code_start(sql, first, comments)
        ((kind, tree),) = each["stmt"].items()
        yield Statement(sql[start:last].rstrip(), start, *position(sql, start), kind, tree)


def _code_start(sql: str, at: int, comments: dict[int, int]) -> int:
    while True:
        space = _SPACE.match(sql, at)
        at = space.end() if space else at
        if at not in comments:
            return at
        at = comments[at]


def _require_parsable(sql: str) -> None:
    """The parser reads C strings: behind a NUL it would see nothing and call the rest harmless."""
    nul = sql.find("\x00")
    if nul >= 0:
        raise _error(sql, nul, "a NUL character cannot stand in SQL")
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise _error(sql, error.start, "the text is not valid Unicode") from None
    if len(sql) > MAX_CHAIN and _longest_chain(sql) > MAX_CHAIN:
        raise _error(sql, 0, "the statement is too long to be looked into")


def _longest_chain(sql: str) -> int:
    """An upper bound of the depth of the tree: tokens since the last comma, over all open parentheses."""
    blanked, at = [], 0
    for token in tokens(sql):
        blanked += [sql[at : token.start], " " if token.kind == "comment" else " x "]
        at = token.end
    blanked.append(sql[at:])
    longest = chain = 0
    outer: list[int] = []
    base = 0
    for match in _CODE.finditer("".join(blanked)):
        text = match[0]
        if text in ",;":
            chain = base
        elif text in "([":
            outer.append(base)
            chain += 1
            base = chain
        elif text in ")]" and outer:
            base = outer.pop()
        else:
            chain += 1
        longest = max(longest, chain)
    return longest


def _error(sql: str, offset: int, message: str) -> SqlSyntaxError:
    line, column = position(sql, offset)
    return SqlSyntaxError(message, line=line, column=column)
