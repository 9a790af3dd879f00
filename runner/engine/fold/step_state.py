"""Fold: the events of one step → what is known of it. Pure."""

from __future__ import annotations

from typing import Any, assert_never

import msgspec
from msgspec.structs import replace

from checks.base import Verdict
from runner.journal import events as ev
from runner.journal.record import Record
from runner.runbook.consequences import QUIET_KINDS


class StepState(msgspec.Struct, frozen=True):
    """What is known of one step since it was entered last."""

    path: str
    entered: ev.StepEntered | None = None
    skipped: str | None = None
    before: ev.GuardsAsked | None = None
    again: ev.GuardsAsked | None = None
    after: ev.GuardsAsked | None = None
    request: ev.ApprovalRequested | None = None
    refused: str | None = None
    """Why the newest request can no longer be used: rejected, withdrawn, expired or stale."""
    intended: ev.StepIntended | None = None
    ended: ev.StepEnded | None = None
    resolved: ev.StepResolved | None = None
    changed: ev.TargetChanged | None = None
    """What its target has become by it, where it says that it changes it."""
    captured: dict[str, Any] = msgspec.field(default_factory=dict)
    items: tuple[Any, ...] | None = None
    """What a loop goes through, as it was found out first; nothing changes it afterwards."""
    asked: Record | None = None
    """The line of the question that it asks."""
    answers: tuple[ev.QuestionAnswered, ...] = ()
    answered_by: str | None = None
    """Who gave the newest answer."""
    attempts: int = 0
    """How often it was begun in this run."""
    tries: int = 0
    """How often it was begun as it was entered last."""
    started_at: str | None = None
    ended_at: str | None = None

    def guarded(self, moment: str) -> bool:
        """Whether the step, as it was rendered, has guards at a moment; a ``check`` step is its own guard, once."""
        if self.entered is None:
            return False
        rendered = self.entered.rendered
        own = moment == "before" and "check" in rendered
        return own or bool(rendered.get("guards", {}).get("after" if moment == "after" else "before"))

    @property
    def unused(self) -> ev.ApprovalRequested | None:
        """The newest request, where nothing was begun by it."""
        used = self.request is None or (self.intended is not None and self.request.request in self.intended.requests)
        return None if used else self.request

    @property
    def question(self) -> ev.QuestionAsked | None:
        """The question that it asks."""
        return self.asked.body if self.asked is not None and isinstance(self.asked.body, ev.QuestionAsked) else None

    @property
    def answer(self) -> ev.QuestionAnswered | None:
        """The newest answer."""
        return self.answers[-1] if self.answers else None

    @property
    def loops(self) -> bool:
        """Whether the step is made of iterations."""
        return self.entered is not None and not self.entered.rendered.keys().isdisjoint({"for_each", "repeat"})

    @property
    def untidy(self) -> bool:
        """Whether the step failed and says what then has to be tidied up."""
        return (
            self.outcome in {"failed", "cancelled"} and self.entered is not None and "cleanup" in self.entered.rendered
        )

    @property
    def changes_target(self) -> bool:
        """Whether the step says that its target is another server, or has another history, after it."""
        return self.entered is not None and "changes_target" in self.entered.rendered

    @property
    def rebinds(self) -> bool:
        """Whether the step is done and changes its target, and what that has become was not looked at yet."""
        return self.changes_target and self.outcome == "done" and self.changed is None

    @property
    def target(self) -> str | None:
        """The target that the step was rendered for."""
        return None if self.entered is None else self.entered.target

    @property
    def closed_by_guards(self) -> bool:
        """Whether the guards asked before or after the effect keep the gate shut."""
        return _closed(self.after) or (self.outcome in {None, "running"} and _closed(self.before))

    @property
    def outcome(self) -> str | None:
        """``done``, ``failed``, ``cancelled``, ``unknown``, ``skipped``; ``running`` for a loop whose iterations go on.

        None while nothing was tried.
        """
        if self.skipped is not None:
            return "skipped"
        if self.resolved is not None:
            return "done" if self.resolved.outcome == "done" else "failed"
        if self.intended is None:
            return None
        if self.ended is None:
            return "running" if self.loops else "unknown"
        return self.ended.outcome

    @property
    def doubtful(self) -> bool:
        """Whether nobody knows if it happened; what only asks or looks has no effect to be in doubt about."""
        asks = self.ended is None and self.entered is not None and self.entered.kind in QUIET_KINDS
        return self.outcome == "unknown" and not asks


StepEvent = (
    ev.StepEntered
    | ev.StepSkipped
    | ev.ItemsExpanded
    | ev.ValueCaptured
    | ev.GuardsAsked
    | ev.QuestionAsked
    | ev.QuestionAnswered
    | ev.ApprovalRequested
    | ev.ApprovalGiven
    | ev.ApprovalRejected
    | ev.ApprovalWithdrawn
    | ev.ApprovalExpired
    | ev.ApprovalStale
    | ev.StepIntended
    | ev.StepEnded
    | ev.StepResolved
)


def advance_step(  # noqa: C901, PLR0911, PLR0912 - one branch an event
    step: StepState, body: StepEvent, record: Record
) -> StepState:
    """Take one more record of a step into account."""
    match body:
        case ev.StepEntered():
            anew = StepState(step.path, entered=body, attempts=step.attempts, started_at=record.at)
            return replace(anew, items=step.items, intended=step.intended) if step.outcome == "running" else anew
        case ev.ValueCaptured():
            return replace(step, captured={**step.captured, body.variable: body.value})
        case ev.StepSkipped():
            return replace(step, skipped=body.reason, ended_at=record.at)
        case ev.GuardsAsked():
            return replace(step, **{body.moment: body})
        case ev.ApprovalRequested():
            return replace(step, request=body, refused=None)
        case ev.ApprovalRejected():
            return _refuse(step, body.request, f"rejected by {record.person}: {body.reason}")
        case ev.ApprovalWithdrawn():
            return _refuse(step, body.request, f"withdrawn by {record.person}: {body.reason}")
        case ev.ApprovalExpired():
            return _refuse(step, body.request, f"expired: {body.reason}")
        case ev.ApprovalStale():
            return _refuse(step, body.request, f"stale: {'; '.join(body.reasons)}")
        case ev.StepIntended():
            return replace(
                step,
                intended=body,
                ended=None,
                resolved=None,
                after=None,
                attempts=step.attempts + 1,
                tries=step.tries + 1,
            )
        case ev.StepEnded():
            return replace(step, ended=body, ended_at=record.at)
        case ev.StepResolved():
            return replace(step, resolved=body, ended_at=record.at)
        case ev.ItemsExpanded():
            return step if step.items is not None else replace(step, items=body.items)
        case ev.QuestionAsked():
            return replace(step, asked=record, answers=(), answered_by=None)
        case ev.QuestionAnswered(statement=text) if text and any(text == each.statement for each in step.answers):
            return step  # an earlier answer that is put in again does not take the place of a later one
        case ev.QuestionAnswered():
            return replace(step, answers=(*step.answers, body), answered_by=record.person)
        case ev.ApprovalGiven():
            return step
        case _ as never:
            assert_never(never)


ASKED_AGAIN = QUIET_KINDS | {"sequences"}
"""Kinds that an interrupted run simply does again: they change nothing, or only what is behind."""


def resume_step(step: StepState, *, told: bool) -> StepState:
    """What of a step still holds in a new process; what is begun anew keeps its count of attempts.

    Closed guards and a failed attempt are tried again, a refused request once its operator was told of the refusal
    (``told``); an open request goes on waiting.
    """
    anew = StepState(step.path, attempts=step.attempts)
    if step.outcome in {"failed", "cancelled"}:
        return anew
    if step.outcome == "unknown" and step.entered is not None and step.entered.kind in ASKED_AGAIN:
        return anew
    closed = (step.refused and told) or _closed(step.before)
    if step.outcome is None and closed:
        return anew
    if step.outcome == "running" and closed:  # what it goes through, and what of that is done, stays
        return replace(step, before=None, request=None, refused=None)
    return replace(step, after=None) if _closed(step.after) else step


def _closed(asked: ev.GuardsAsked | None) -> bool:
    return asked is not None and Verdict.of(asked.verdict).closes


def _refuse(step: StepState, request: str, why: str) -> StepState:
    if step.request is None or step.request.request != request:
        return step
    return replace(step, refused=why)
