"""Read-back: one fact that only the screen tells, typed by the reviewer before signing; another one each request."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.terminal.review_view import ReviewView

_SEPARATORS = re.compile(r"(?<=\d)[ ,_.'](?=\d{3}(?!\d))")


@dataclasses.dataclass(frozen=True, slots=True)
class ReadBack:
    """A question, its answer, and the key under which the answer is signed (``attested``)."""

    key: str
    question: str
    answer: str

    def accepts(self, typed: str) -> bool:
        """Whether what was typed is the fact; separators of thousands do not matter, anything else does."""
        typed = typed.strip()
        return typed == self.answer or (self.answer.isdigit() and _SEPARATORS.sub("", typed) == self.answer)


def read_back(view: ReviewView) -> ReadBack | None:
    """Choose the question of a request: a pure function of its id and of the facts that are known.

    None where no fact is known at all; such a request should not be signed.
    """
    facts = tuple(facts_of(view))
    if not facts:
        return None
    turn = int.from_bytes(hashlib.sha256(view.request.encode()).digest()[:8])
    return facts[turn % len(facts)]


def facts_of(view: ReviewView) -> Iterator[ReadBack]:
    """List the facts that can be asked for: rows, the highest id in use, the name of the database."""
    if view.rows is not None:
        yield ReadBack("rows", "How many rows does this change, as measured?", str(view.rows))
    highest = max(_highest(view.evidence), default=None)
    if highest is not None:
        number, sequence = highest
        yield ReadBack("max_in_use", f"What is the highest id in use that {sequence} has given out?", str(number))
    database = view.target.identity.get("database") if view.target else None
    if database:
        yield ReadBack("database", "What is the name of the target's database?", str(database))


def _highest(evidence: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    for item in evidence:
        for finding in item.get("findings", ()):
            number = (finding.get("measured") or {}).get("max_in_use")
            if isinstance(number, int) and not isinstance(number, bool):
                yield number, str(finding.get("object"))
