"""How dangerous a rendered step is: one answer for lint, plan, review and engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from runner.runbook.model import Lowered, Restore, Step, step_of
from runner.runbook.restoring import clones, reason_of
from runner.sql.classify import Classification, classified
from runner.sql.variables import analysable


@dataclasses.dataclass(frozen=True, slots=True)
class Danger:
    """What a second person has to know of a step."""

    reasons: tuple[str, ...] = ()
    """Why it is destructive, a sentence each; empty where it is not."""
    survival: tuple[str, ...] = ()
    """What of it a ROLLBACK does not undo; empty where it undoes all."""
    lowered: str | None = None
    """The author's reason why it is not destructive although it looks so."""

    @property
    def destructive(self) -> bool:
        """Whether a second person has to sign it."""
        return bool(self.reasons) and self.lowered is None

    @property
    def survives_rollback(self) -> bool:
        """Whether its effect can be made at most once, never exactly once."""
        return bool(self.survival)


def danger_of(step: Step, statements: Sequence[str], *, harmless: AbstractSet[str] = frozenset()) -> Danger:
    """Judge a step by its kind and by PostgreSQL's own grammar.

    ``statements`` are the texts of its ``sql``, as the grammar can read them. Raises SqlSyntaxError.
    """
    classes = [each for text in statements for each in classified(text, frozenset(harmless))]
    return danger_from(step, classes, harmless=harmless)


def danger_from(step: Step, classes: Sequence[Classification], *, harmless: AbstractSet[str] = frozenset()) -> Danger:
    """Judge a step whose statements are classified already."""
    found = _by_kind(step, classes, harmless)
    if step.destructive is True and not found.reasons:
        found = dataclasses.replace(found, reasons=("the runbook says that it is destructive",))
    if isinstance(step.destructive, Lowered):
        return dataclasses.replace(found, lowered=step.destructive.lowered)
    return found


def _by_kind(step: Step, classes: Sequence[Classification], harmless: AbstractSet[str]) -> Danger:
    match step.kind:
        case "sql":
            reasons = tuple(dict.fromkeys(reason for each in classes for reason in each.reasons))
            return Danger(reasons, tuple(dict.fromkeys(why for each in classes for why in each.survival)))
        case "restore":
            return _restore(step.restore)
        case "sequences":
            reason = "it sets sequences, and locks the tables that draw from them against writing"
            return Danger((reason,), ("setval is not undone by a ROLLBACK",))
        case "for_each" if step.for_each is not None:
            return _loop(step.for_each.steps, harmless)
        case "command" if step.effects != "none":
            return Danger(("a program can do anything",), ("what a program does is not in a transaction",))
        case _:
            return Danger()


def _loop(steps: Sequence[dict[str, Any]], harmless: AbstractSet[str]) -> Danger:
    """Judge a loop by its steps, with stand-ins for what each iteration will put in."""
    inner = [step_of(data) for data in steps]
    texts = [() if step.sql is None else (analysable(step.sql),) for step in inner]
    found = [danger_of(step, text, harmless=harmless) for step, text in zip(inner, texts, strict=True)]
    reasons = dict.fromkeys(reason for each in found if each.destructive for reason in each.reasons)
    return Danger(tuple(reasons), tuple(dict.fromkeys(why for each in found for why in each.survival)))


def _restore(restore: Restore | str | None) -> Danger:
    reason = reason_of(restore)
    if isinstance(restore, Restore) and restore.sequences == "from-backup" and not clones(restore):
        return Danger(
            (reason, "it sets sequences back to their numbers at backup time"),
            ("setval is not undone by a ROLLBACK",),
        )
    return Danger((reason,))
