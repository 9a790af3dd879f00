"""What the engine needs from the world: a person at the terminal, a clock, and listeners."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from checks.base import Remedy
from runner.clock import Clock, stamp, wall_clock
from runner.journal.events import ApprovalRequested, QuestionAsked, StepEntered
from runner.journal.record import Record

__all__ = [
    "Answers",
    "AtTheGate",
    "Clock",
    "ClosedGate",
    "Observer",
    "Offer",
    "Operator",
    "RollbackView",
    "StepView",
    "Undo",
    "stamp",
    "wall_clock",
]

Observer = Callable[[Record], None]
"""Told of every journal line after it is durable; what it raises is reported and changes nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepView:
    """A step as the operator is shown it, rendered completely."""

    run: str
    path: str
    entered: StepEntered
    may_skip: bool
    evidence: tuple[dict[str, Any], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A remedy that the operator may take over."""

    check: str
    object: str
    remedy: Remedy


@dataclasses.dataclass(frozen=True, slots=True)
class ClosedGate:
    """A step that must not go on, and what its operator can do about it besides stopping."""

    view: StepView
    offers: Sequence[Offer] = ()
    teams: Sequence[str] = ()
    """Who may waive all that keeps the gate shut."""
    why: str | None = None
    """What closed it, where no line of the journal has told it yet."""


AtTheGate = Offer | Literal["again", "wait", "stop"]
"""What an operator does at a closed gate: take a remedy over, have it measured again, wait for a waiver, or stop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Undo:
    """One step of a rollback, as it will be carried out."""

    path: str
    target: str | None
    body: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class RollbackView:
    """A rollback as the operator is shown it: what it does, in order, and what stays all the same."""

    run: str
    reason: str
    undos: tuple[Undo, ...]
    stays: tuple[tuple[str, str], ...]
    """Steps that stay in place, and why."""


class Operator(Protocol):
    """The person who steps through the run."""

    def go(self, view: StepView) -> Literal["go", "skip", "stop"]:
        """Ask whether the step shall run now."""

    def done(self, view: StepView) -> Literal["done", "stop"]:
        """Show a manual step and ask whether it is done."""

    def reason(self, view: StepView) -> str:
        """Ask why a step is skipped."""

    def closed(self, gate: ClosedGate) -> AtTheGate:
        """Ask what to do at a closed gate."""

    def take_back(self, view: RollbackView) -> bool:
        """Ask whether the run shall be taken back now."""

    def waiting(self, view: StepView, request: ApprovalRequested) -> None:
        """Tell that the run waits for a second person."""

    def asked(self, run: str, path: str, question: QuestionAsked) -> str | None:
        """Tell that the run waits for an answer; a rehearsal's file gives one here."""

    def carry_on(self, path: str, breach: str) -> bool:
        """Ask whether a step shall go on although a guard objects; no answer is no."""

    def break_off(self, path: str, seconds: int, running: Sequence[str]) -> bool:
        """Ask after Ctrl-C whether a running step shall be stopped; raises KeyboardInterrupt at a second one."""

    def changed(self, diff: str) -> None:
        """Show what changed in the run's files since it was pinned to them."""

    def tell(self, text: str) -> None:
        """Show a line of progress."""

    def progress(self, text: str) -> None:
        """Show how far a long effect is; the next such sentence takes its place, and any other line ends it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """An operator whose answers stand in a file: for tests and rehearsals, never approvals."""

    by_step: dict[str, str]
    say: Callable[[str], None]

    def go(self, view: StepView) -> Literal["go", "skip", "stop"]:
        """Give the file's answer for the step, or that of ``*``."""
        answer = self._answer(view)
        return "skip" if answer == "skip" else "go" if answer in {"go", "done"} else "stop"

    def done(self, view: StepView) -> Literal["done", "stop"]:
        """Say done where the file says go or done."""
        return "done" if self._answer(view) in {"go", "done"} else "stop"

    def reason(self, view: StepView) -> str:
        """Name the file as the reason."""
        return f"the answers file skips {view.path}"

    def closed(self, gate: ClosedGate) -> AtTheGate:
        """Take the first remedy where the file says ``remedy``, else stop: nothing would be another one by itself."""
        return gate.offers[0] if gate.offers and self._answer(gate.view) == "remedy" else "stop"

    def take_back(self, view: RollbackView) -> bool:
        """Take the run back where the file says ``go`` to each step of the rollback by its name."""
        return all(self.by_step.get(undo.path) == "go" for undo in view.undos)

    def waiting(self, view: StepView, request: ApprovalRequested) -> None:
        """Tell that the run waits."""
        self.say(f"{view.path} waits for {', '.join(request.policies)}")

    def asked(self, run: str, path: str, question: QuestionAsked) -> str | None:
        """Give the file's answer to the question, where it has one."""
        self.say(f"{path} asks {question.team}: {question.question}")
        return self.by_step.get(path)

    def carry_on(self, path: str, breach: str) -> bool:
        """Stop: nobody is there to look."""
        self.say(f"{path} is stopped: {breach}")
        return False

    def break_off(self, path: str, seconds: int, running: Sequence[str]) -> bool:
        """Stop: nobody is there to ask."""
        return True

    def changed(self, diff: str) -> None:
        """Pass it on."""
        self.say(diff)

    def tell(self, text: str) -> None:
        """Pass the line on."""
        self.say(text)

    def progress(self, text: str) -> None:
        """Show nothing: nobody watches; what matters comes by ``tell`` too."""

    def _answer(self, view: StepView) -> str:
        return self.by_step.get(view.path, self.by_step.get("*", "stop"))
