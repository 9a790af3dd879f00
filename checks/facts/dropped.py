"""What a statement drops or empties together with all that hangs on it, read from its text. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|\s+|(?P<name>"(?:[^"]|"")+"|[^\W\d][\w$]*)"""
    r"""|(?P<other>'(?:[^']|'')*'|(?P<dollar>\$\w*\$).*?(?P=dollar)|.)""",
    re.DOTALL,
)
_RELATIONS = ("TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "INDEX")


@dataclasses.dataclass(frozen=True, slots=True)
class Dropped:
    """One statement with CASCADE."""

    action: str
    """``drop``, ``truncate``, or empty where the statement drops what this cannot follow."""
    schemas: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    """Names as they are written."""
    if_exists: bool = False


def dropped(statement: str) -> Dropped | None:
    """Read one statement; None where no CASCADE stands in it."""
    tokens = list(tokens_of(statement))
    words = [token.upper() for token in tokens]
    if "CASCADE" not in words:
        return None
    if words[-1] == ";":
        tokens, words = tokens[:-1], words[:-1]
    if words[0] == "TRUNCATE":
        at = 2 if words[1] == "TABLE" else 1
        end = next(at for at, word in enumerate(words) if word in {"CASCADE", "RESTART", "CONTINUE"})
        return Dropped("truncate", relations=_names(tokens[at:end]))
    for kind in ("SCHEMA", *_RELATIONS):
        start = ["DROP", *kind.split()]
        if words[: len(start)] != start or words[-1] != "CASCADE":
            continue
        if_exists = words[len(start) : len(start) + 2] == ["IF", "EXISTS"]
        names = _names(tokens[len(start) + 2 * if_exists : -1])
        if kind == "SCHEMA":
            return Dropped("drop", schemas=names, if_exists=if_exists)
        return Dropped("drop", relations=names, if_exists=if_exists)
    return Dropped("")


def tokens_of(statement: str) -> Iterator[str]:
    """Split a statement into names, keywords, literals and signs; blanks and comments are left out."""
    for found in _TOKEN.finditer(statement):
        if found["name"] or found["other"]:
            yield found[0]


def _names(tokens: list[str]) -> tuple[str, ...]:
    """Put ``a . b , ONLY c *`` together: names are separated by commas."""
    names = [""]
    for each in tokens:
        if each == ",":
            names.append("")
        elif each != "*" and each.upper() != "ONLY":
            names[-1] += each
    return tuple(names)
