"""The operator at a terminal: shows each event as it becomes durable, and asks before each effect."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from runner.engine.guard.waivable import closing_names
from runner.engine.ports import AtTheGate, ClosedGate, Offer, RollbackView, StepView
from runner.figures import moment, plain
from runner.journal.events import ApprovalRequested, QuestionAsked, StepEntered
from runner.journal.record import Record
from runner.terminal.blocks import Code, Line
from runner.terminal.event_lines import render_event
from runner.terminal.live import LiveLine
from runner.terminal.paint import show
from runner.terminal.prompts import Prompter
from runner.terminal.rollback_screen import rollback_screen
from runner.terminal.step_card import step_card

if TYPE_CHECKING:
    from rich.console import Console


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalOperator:
    """Serves the engine as `runner.engine.ports.Operator` and as its observer; Ctrl-D at a question means stop."""

    console: Console
    prompter: Prompter
    live: LiveLine = dataclasses.field(default_factory=LiveLine, repr=False, kw_only=True)
    shown: set[str] = dataclasses.field(default_factory=set, repr=False, kw_only=True)
    """The steps whose text has passed by in this terminal; one of an earlier terminal is shown again."""

    def observe(self, record: Record) -> None:
        """Show one journal line."""
        self.live.end(self.console)
        show(render_event(record), self.console)
        if isinstance(record.body, StepEntered):
            self.shown.add(record.step or "")

    def go(self, view: StepView) -> Literal["go", "skip", "stop"]:
        """Ask whether the step shall run now; a destructive one is started by typing its name."""
        self._show_once(view)
        try:
            if view.entered.destructive and not view.may_skip:
                return self._typed(view)
            choices = {"go": "run it now", "stop": "stop here; the run can be resumed"}
            if view.may_skip:
                choices["skip"] = "leave it out, with a reason"
            match self.prompter.choose(f"Run {view.path} now?", choices):
                case "go":
                    return self._typed(view) if view.entered.destructive else "go"
                case "skip":
                    return "skip"
                case _:
                    return "stop"
        except EOFError:
            return "stop"

    def done(self, view: StepView) -> Literal["done", "stop"]:
        """Ask whether a manual step is done."""
        self._show_once(view)
        choices = {"done": "it is done, and looks as expected", "stop": "stop here; the run can be resumed"}
        try:
            return "done" if self.prompter.choose(f"Is {view.path} done?", choices) == "done" else "stop"
        except EOFError:
            return "stop"

    def reason(self, view: StepView) -> str:
        """Ask why the step is skipped, until there is an answer; EOFError passes."""
        while not (reason := self.prompter.text(f"Why is {view.path} skipped?")):
            pass
        return reason

    def closed(self, gate: ClosedGate) -> AtTheGate:
        """Ask what to do at a closed gate; who may waive it is told what to type."""
        view, named = gate.view, {f"remedy{number}": offer for number, offer in enumerate(gate.offers, 1)}
        choices = {"again": "measure again, once you have mended the cause"}
        choices |= {name: f"change the plan, to be approved anew: {_meaning(offer)}" for name, offer in named.items()}
        if gate.teams:
            typed = [f"shisa waive {view.run} {view.path} {shlex.quote(name)}" for name in closing_names(view.evidence)]
            self._say("BLOCKED", "\n".join([f"Somebody of {plain(list(gate.teams))} may waive it:", *typed]))
            choices["wait"] = "wait here until they have waived it"
        choices["stop"] = "leave it blocked; the run can be resumed"
        try:
            chosen = self.prompter.choose(f"{gate.why or view.path + ' is stopped.'} What now?", choices)
        except EOFError:
            return "stop"
        match chosen:
            case "again" | "wait":
                return chosen
            case _:
                return named.get(chosen, "stop")

    def take_back(self, view: RollbackView) -> bool:
        """Show what would be taken back, in order, and let the operator type the word."""
        show(rollback_screen(view), self.console)
        try:
            return self.prompter.type_word(f"Take run {view.run} back? What is shown above is then done.", "rollback")
        except EOFError:
            return False

    def waiting(self, view: StepView, request: ApprovalRequested) -> None:
        """Tell that the run waits for a second person, and what that person types."""
        steps = [part.step for part in request.parts] or [view.path]
        wait = f"{' and '.join(steps)} {'wait' if len(steps) > 1 else 'waits'}"
        who = f"{wait} for approval under {plain(request.policies)}, until {moment(request.not_after)}."
        if request.window is not None:
            who += f"\nIt may start from {' to '.join(map(moment, request.window.values()))}."
        by_file = f"Where no journal is shared: shisa export {view.run}"
        self._say("WAITING", f"{who}\nThe reviewer runs: shisa review {view.run}\n{by_file}")

    def asked(self, run: str, path: str, question: QuestionAsked) -> str | None:
        """Tell that the run waits for an answer, and what that person types."""
        until = f", until {moment(question.not_after)}" if question.not_after else ""
        told = f"{path} waits for an answer of {question.team}{until}."
        self._say("WAITING", f"{told}\nThey run: shisa answer {run} {path}")
        return None

    def carry_on(self, path: str, breach: str) -> bool:
        """Ask whether the running step shall go on although a guard objects; half a minute of silence is no."""
        self._say("BREACH", f"{path}: {breach}")
        return self.prompter.within(f"{path} still runs. Type go to let it go on; anything else, or nothing, stops it:")

    def break_off(self, path: str, seconds: int, running: Sequence[str]) -> bool:
        """Tell what runs, and ask whether to stop it; half a minute of silence lets it go on."""
        self._say("RUNNING", f"{path} for {seconds} s: {', '.join(running) or 'nothing on the server'}")
        question = "Ctrl-C again, or the word stop, ends it; anything else, or nothing, lets it go on:"
        return self.prompter.within(question, word="stop")

    def changed(self, diff: str) -> None:
        """Show what changed in the run's files since it was pinned to them."""
        show([Code(diff, "changed since the run was pinned", code=False)], self.console)

    def tell(self, text: str) -> None:
        """Show a line of progress; a terminal that is gone hinders nothing."""
        with contextlib.suppress(OSError):
            self._say("", text)

    def progress(self, text: str) -> None:
        """Show how far a long effect is, in the last line of the terminal."""
        self.live.show(text, self.console)

    def _show_once(self, view: StepView) -> None:
        if view.path not in self.shown:
            show(step_card(view.path, view.entered), self.console)
            self.shown.add(view.path)

    def _typed(self, view: StepView) -> Literal["go", "stop"]:
        target = f" on {view.entered.target}" if view.entered.target else ""
        return "go" if self.prompter.type_word(f"{view.path} is destructive{target}.", view.path) else "stop"

    def _say(self, word: str, text: str) -> None:
        self.live.end(self.console)
        show([Line(word, text, "ask")], self.console)


def _meaning(offer: Offer) -> str:
    changes = ", ".join(f"{field}: {plain(value)}" for field, value in offer.remedy.set.items())
    count = len(offer.remedy.then)
    added = f"; {count} step{'s' * (count > 1)} added behind it" if count else ""
    return f"{offer.remedy.why} ({changes or 'no field changed'}{added})"
