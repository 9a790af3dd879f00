"""Read-back: one fact that only the screen tells, typed by the reviewer before signing; another one each request."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checks.facts.restored import DOES
from runner.engine.fold.state import StepState
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
    """List the facts that can be asked for: what was measured or read, else at least the name of the database."""
    facts = tuple(_evident(view))
    yield from facts
    database = view.target.identity.get("database") if view.target else None
    if database and not facts:
        yield ReadBack("database", "What is the name of the target's database?", str(database))


def measured_rows(steps: Iterable[StepState]) -> int | None:
    """Tell how many rows the steps of a request would change, as guards counted them; None where not all were."""
    found = [_rows(step.before.evidence, step.entered.rendered) for step in steps if step.before and step.entered]
    numbers = [rows for rows in found if rows is not None]
    return sum(numbers) if numbers and len(numbers) == len(found) else None


def _rows(evidence: Iterable[Mapping[str, Any]], rendered: Mapping[str, Any]) -> int | None:
    counts: list[Any] = []
    for item in evidence:
        measured = [finding.get("measured") or {} for finding in item.get("findings", ())]
        if item.get("check") == "affected-rows":
            counts += [one.get(key) for one in measured for key in ("rows", "rows_along")]
        elif item.get("check") == "restore-overwrite":
            does = DOES.get(str((rendered.get("restore") or {}).get("rows")), {})
            counts += [one.get(key) for one in measured for key in does.values()]
        else:
            continue
        if item.get("omitted"):
            return None
    numbers = [count for count in counts if isinstance(count, int)]
    return sum(numbers) if numbers and len(numbers) == len(counts) else None


def _evident(view: ReviewView) -> Iterator[ReadBack]:
    if view.rows is not None:
        yield ReadBack("rows", "How many rows does this change in all, as measured?", str(view.rows))
    highest = max(_measured(view.evidence, "max_in_use"), default=None)
    if highest is not None:
        number, sequence = highest
        yield ReadBack(
            "max_in_use",
            f"What is the highest id in use that {sequence} has given out, as the operator's guard measured?",
            str(number),
        )
    for name, value, label in view.params:
        if label:
            yield ReadBack(f"label of {name}", f"Who or what is {value}, given as -p {name}?", label)
    for key, question in _COUNTS.items():
        found = max(_measured(view.evidence, key), default=None)
        if found is not None:
            yield ReadBack(key, question.format(object=found[1]), str(found[0]))


_COUNTS = {
    "backup_rows": "How many rows of {object} does the backup hold?",
    "live_rows": "How many rows has {object} now?",
}
"""Measured count → the question for it."""


def _measured(evidence: Iterable[Mapping[str, Any]], key: str) -> Iterator[tuple[int, str]]:
    for item in evidence:
        for finding in item.get("findings", ()):
            number = (finding.get("measured") or {}).get(key)
            if isinstance(number, int) and not isinstance(number, bool):
                yield number, str(finding.get("object"))
