"""What follows from how a step is written: whether it can be taken back, and what a crash leaves of it."""

from __future__ import annotations

from runner.runbook.danger import Danger
from runner.runbook.model import Body, Step
from runner.runbook.restoring import clones, restores_rows

LOOKING_KINDS = frozenset({"ask", "check", "wait"})
"""Kinds that change nothing, and need nothing for themselves."""
QUIET_KINDS = LOOKING_KINDS | {"manual"}
"""Kinds by which shisa itself changes nothing."""


def undo_of(step: Step) -> str:
    """Say how a step is taken back, in one phrase for plan and reviewer."""
    if step.point_of_no_return:
        return "no: point of no return"
    if step.no_rollback is not None:
        return f"no: {step.no_rollback}"
    if step.rollback is not None:
        return f"yes, by {_spoken(step.rollback)}{', without asking' if step.rollback.auto else ''}"
    if step.effects == "none" or step.kind in {*QUIET_KINDS, "backup"}:
        return "nothing to undo"
    return "not described"


def _spoken(body: Body) -> str:
    return "the rows kept by the step" if body.restore == "undo" else body.kind


def exactly_once(step: Step, danger: Danger) -> bool:
    """Tell whether the fate of the step can be told after any crash (DESIGN.md §8)."""
    if step.kind == "sql":
        return step.transaction and not danger.survives_rollback
    return (restores_rows(step.restore) or clones(step.restore)) and not danger.survives_rollback


def after_a_crash(step: Step, danger: Danger) -> str:
    """Say what is known of a step after a crash between its start and its end."""
    if step.kind in QUIET_KINDS:
        return "asked again"
    if step.kind == "for_each":
        return "each iteration by itself"
    if step.kind == "backup":
        return "at most once; its file is there whole or not at all"
    if exactly_once(step, danger):
        return "exactly once"
    return f"at most once; unknown until {'verify answers' if step.verify else 'a person settles it'}"
