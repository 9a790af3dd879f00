"""Who plays in the demo: nobody (``--auto``), or the user at the terminal as both people."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from runner.engine.ports import Answers, AtTheGate, ClosedGate, StepView, wall_clock
from runner.errors import ApprovalError
from runner.journal.events import ApprovalRequested, QuestionAsked
from runner.terminal.blocks import Heading, Line
from runner.terminal.console import console
from runner.terminal.operator import TerminalOperator
from runner.terminal.paint import show
from runner.terminal.prompts import Prompter
from runner.terminal.reviewing import attest, case_of, view_of
from runner.terminal.reviewing import show as show_request

if TYPE_CHECKING:
    from rich.console import Console

    from runner.demo.play import Calls, Part
    from runner.demo.stage import Stage
    from runner.engine.ports import Observer, Operator
    from runner.journal.record import Record
    from runner.review.requests import Standing


_CHAIR = (
    "On a real day this is another terminal, often another machine and another team. The whole request stands below; "
    "look for the target's name and for what the guards measured, for you will be asked for two facts of it."
)
_STOPPED = (
    "This is where the incident began. The guard has read the numbers out of the backup file and out of the server; "
    "nothing was restored. A remedy changes the plan, and the changed plan is signed by a second person."
)


@dataclasses.dataclass(frozen=True)
class Asking(Answers):
    """An operator who goes on, takes the first remedy, and calls the others while the run waits."""

    calls: Calls

    def closed(self, gate: ClosedGate) -> AtTheGate:
        """Take the first remedy."""
        return gate.offers[0] if gate.offers else "stop"

    def waiting(self, view: StepView, request: ApprovalRequested) -> None:
        """Call the reviewer."""
        self.calls.review(request)

    def asked(self, run: str, path: str, question: QuestionAsked) -> str | None:
        """Call somebody of the team that is asked."""
        self.calls.answer(run, path, question)
        return None


class AutoCast:
    """Plays both people without a question; signs for real."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = console("stderr")
        self._quiet = quiet

    def operator(self, calls: Calls) -> Operator:
        """Give an operator who goes on."""
        return Asking({"*": "go"}, self.tell, calls)

    def answer(self, question: QuestionAsked, part: Part) -> str:
        """Answer as the scene has it."""
        return part.choice

    def attest(self, standing: Standing, records: list[Record], stage: Stage) -> dict[str, Any]:
        """Say in the signed bytes that nobody looked."""
        return {"played": "by the demo, without a person"}

    def observers(self) -> tuple[Observer, ...]:
        """Show the journal, unless only the result is wanted."""
        return () if self._quiet else (TerminalOperator(self._console, Prompter()).observe,)

    def tell(self, text: str, scene: str = "") -> None:
        """Say what happens now."""
        if not self._quiet:
            _narrate(self._console, text, scene)

    def pause(self, what: str) -> None:
        """Wait for nobody."""


class GuidedCast:
    """Lets the user play the operator, and the reviewer when the run waits for one."""

    def __init__(self) -> None:
        self._console = console("stderr")
        self._prompter = Prompter()
        self._terminal = TerminalOperator(self._console, self._prompter)

    def operator(self, calls: Calls) -> Operator:
        """Give the operator at the terminal."""
        seen = self._terminal
        return _Guided(self._console, self._prompter, calls, live=seen.live, shown=seen.shown)

    def answer(self, question: QuestionAsked, part: Part) -> str:
        """Change the chair: the same question as ``shisa answer`` asks in another terminal."""
        self.tell(part.told, f"You are carol now, of {question.team}")
        choice = self._prompter.choose(f"For {question.team}: {question.question.strip()}", question.choices)
        self.tell("carol's key has signed the answer.", "You are alice again")
        return choice

    def attest(self, standing: Standing, records: list[Record], stage: Stage) -> dict[str, Any]:
        """Change the chair: the same screen and the same read-back as ``shisa review`` in another terminal."""
        self.tell(_CHAIR, "You are bob now, the second person")
        view = view_of(case_of(standing, records), stage.config.config, wall_clock())
        seen = show_request(view)
        while True:
            try:
                attested = attest(view, self._prompter, seen)
            except ApprovalError:
                self.tell("That is not what the screen says. On a real day nothing would be signed now. Look again.")
            else:
                self.tell("bob's key has signed exactly this text, for this run only.", "You are alice again")
                return attested

    def observers(self) -> tuple[Observer, ...]:
        """Show every journal line."""
        return (self._terminal.observe,)

    def tell(self, text: str, scene: str = "") -> None:
        """Say what happens now."""
        _narrate(self._console, text, scene)

    def pause(self, what: str) -> None:
        """Wait until the user has read."""
        self._prompter.text(f"Press Enter to {what}")


@dataclasses.dataclass(frozen=True, slots=True)
class _Guided(TerminalOperator):
    """The operator at the terminal, who calls the others instead of waiting for another terminal."""

    calls: Calls

    def closed(self, gate: ClosedGate) -> AtTheGate:
        """Say what has just happened, then ask; without a remedy the play goes on by itself."""
        if not gate.offers:
            return "stop"
        _narrate(self.console, _STOPPED, "")
        return TerminalOperator.closed(self, gate)

    def waiting(self, view: StepView, request: ApprovalRequested) -> None:
        """Call the reviewer."""
        self.calls.review(request)

    def asked(self, run: str, path: str, question: QuestionAsked) -> str | None:
        """Call somebody of the team that is asked."""
        self.calls.answer(run, path, question)
        return None


def _narrate(console: Console, text: str, scene: str) -> None:
    if scene:
        show([Heading(scene, "ask")], console)
    show([Line("DEMO", text, "ask")], console)
