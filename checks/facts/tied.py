"""Which statements lock more than the tables that they name, and how. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from checks.facts.dropped import tokens_of


@dataclasses.dataclass(frozen=True, slots=True)
class Reaching:
    """How the statements of a step reach tables that they do not name."""

    drops: bool = False
    """Whether tables or indexes are dropped: all that is tied to one of them is locked, and what reads it."""
    empties: bool = False
    """Whether TRUNCATE … CASCADE empties the tables that refer to those named."""
    joins: bool = False
    """Whether a partition comes or goes: what its keys refer to is locked against writers."""
    rebuilds: bool = False
    """Whether REINDEX locks indexes against everybody, and their tables against writers."""
    attached: tuple[str, ...] = ()
    """What ATTACH PARTITION makes a partition, as it is named: it is locked against everybody, its parent is not."""
    names: tuple[str, ...] = ()
    """Columns and constraints that go or change their type: what a foreign key ties by one of them is locked."""


def reaching(statements: Iterable[str]) -> Reaching:
    """Read what statements do to keys, indexes and partitions; a name too many only widens the look."""
    found = Reaching()
    for statement in statements:
        tokens = list(tokens_of(statement))
        words = [token.upper() for token in tokens]
        changes = words[:2] == ["ALTER", "TABLE"] and not {"DROP", "TYPE"}.isdisjoint(words)
        found = Reaching(
            found.drops or (words[:1] == ["DROP"] and words[1:2] in (["TABLE"], ["INDEX"])),
            found.empties or (words[:1] == ["TRUNCATE"] and "CASCADE" in words),
            found.joins or ("PARTITION" in words and words[:2] in (["ALTER", "TABLE"], ["CREATE", "TABLE"])),
            found.rebuilds or (words[:1] == ["REINDEX"] and "CONCURRENTLY" not in words),
            (*found.attached, *_attached(tokens, words)),
            (*found.names, *(map(_folded, tokens) if changes else ())),
        )
    return found


def _attached(tokens: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    if "ATTACH" in words:
        begin = words.index("ATTACH") + 2
        end = next((at for at in range(begin, len(words)) if words[at] in {"FOR", "DEFAULT"}), len(words))
        yield "".join(token if token.startswith('"') else token.lower() for token in tokens[begin:end])


def _folded(name: str) -> str:
    """Give a name as the catalogue holds it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
