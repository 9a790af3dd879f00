"""Which statements lock more tables than they name: those tied to theirs by a foreign key or as partitions. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from checks.facts.dropped import tokens_of


@dataclasses.dataclass(frozen=True, slots=True)
class Reaching:
    """How the statements of a step reach tables that they do not name."""

    drops: bool = False
    """Whether tables or indexes are dropped: all that is tied to one of them is locked."""
    names: tuple[str, ...] = ()
    """Columns and constraints that go or change their type: what a foreign key ties by one of them is locked."""


def reaching(statements: Iterable[str]) -> Reaching:
    """Read what DROP and ALTER TABLE do to keys; a name too many only widens the look."""
    drops, names = False, dict[str, None]()
    for statement in statements:
        tokens = list(tokens_of(statement))
        words = [token.upper() for token in tokens]
        drops = drops or (words[:1] == ["DROP"] and words[1:2] in (["TABLE"], ["INDEX"]))
        if words[:2] == ["ALTER", "TABLE"] and not {"DROP", "TYPE"}.isdisjoint(words):
            names |= dict.fromkeys(map(_folded, tokens))
    return Reaching(drops, tuple(names))


def _folded(name: str) -> str:
    """Give a name as the catalogue holds it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
