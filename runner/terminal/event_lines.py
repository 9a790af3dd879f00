"""An event as it passes by in the terminal: one line, and below it what a person needs to see of it."""

from __future__ import annotations

from typing import assert_never

from runner.figures import clock, plain
from runner.journal import events as ev
from runner.journal.record import Record
from runner.journal.sentences import asked, sentence, target_lines
from runner.terminal.blocks import Block, Code, Facts, Line, cell
from runner.terminal.evidence import evidence_blocks, passed_lines
from runner.terminal.step_card import step_card


def render_event(record: Record) -> tuple[Block, ...]:
    """Show one record; what it says is the sentence that the report's timeline has too, or stands beside it."""
    if isinstance(record.body, ev.StepEntered):
        return step_card(record.step or "", record.body)
    said = sentence(record)
    return (Line(said.word, _beside(record) or said.text, said.tone, clock(record.at)), *_details(record))


def _beside(record: Record) -> str | None:
    """What is left to say where the evidence itself is shown: with the line, or before it."""
    match record.body:
        case ev.GuardsAsked(evidence=evidence) as body if evidence:
            return asked(body, record.step or "")
        case ev.RunPaused(guard=str(guard)):
            return f"{guard} keeps the gate shut; what it found stands above"
        case _:
            return None


def _details(record: Record) -> tuple[Block, ...]:  # noqa: C901, PLR0911, PLR0912 - one branch an event
    body = record.body
    match body:
        case ev.RunOpened():
            targets = tuple((target.name, cell(*target_lines(target))) for target in body.targets)
            called = tuple(
                (f"-p {name}", cell(f"{plain(body.params.get(name))} = {label or 'unknown'}"))
                for name, label in body.labels.items()
            )
            return (Facts(targets + called),)
        case ev.GuardsAsked():
            return passed_lines(body.evidence) if body.verdict == "pass" else evidence_blocks(body.evidence, record.at)
        case ev.GuardSampled():
            quiet = body.evidence.get("verdict") == "pass"
            return () if quiet else evidence_blocks((body.evidence,), record.at)
        case ev.QuestionAsked():
            return (Facts(tuple((choice, cell(meaning)) for choice, meaning in body.choices.items())),)
        case ev.Note():
            return (Code(body.sql, "asked with"),) if body.sql else ()
        case ev.PlanAmended() | ev.RunResumed() | ev.RunPaused() | ev.RunHandedOver() | ev.RunClosed() | ev.Anchor():
            return ()
        case ev.RollbackBegun() | ev.TargetChanged():
            return ()
        case ev.StepEntered() | ev.StepSkipped() | ev.ItemsExpanded() | ev.ValueCaptured() | ev.QuestionAnswered():
            return ()
        case ev.ApprovalRequested() | ev.ApprovalGiven() | ev.ApprovalRejected() | ev.ApprovalWithdrawn():
            return ()
        case ev.ApprovalExpired() | ev.ApprovalStale() | ev.WaiverGiven():
            return ()
        case ev.BreakglassOpened() | ev.BreakglassReviewed() | ev.Notified():
            return ()
        case ev.StepIntended() | ev.StepEnded() | ev.StepResolved():
            return ()
        case _ as never:
            assert_never(never)
