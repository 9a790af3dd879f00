"""What every tour does: the real engine with people who are played, on the shipped runbook."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runner.demo.stage import OPERATOR, REVIEWER, Stage
from runner.engine.begin.opening import open_run, resume_run
from runner.engine.begin.seat import Seat
from runner.engine.ports import wall_clock
from runner.journal import open_journal
from runner.report.as_markdown import markdown
from runner.review.answers import give_answer
from runner.review.decide import capacity, decide
from runner.review.requests import Standing, requests_of
from runner.runbook.expand import plan_of
from runner.runbook.load import load_text
from runner.runbook.params import resolve

if TYPE_CHECKING:
    from runner.demo.server import Server
    from runner.engine.ports import Observer, Operator
    from runner.engine.session import Session
    from runner.engine.stepping import Ending
    from runner.journal.events import ApprovalRequested, QuestionAsked
    from runner.journal.record import Record


class Cast(Protocol):
    """Plays the people: the operator, and whoever is asked while the operator waits."""

    def operator(self, calls: Calls) -> Operator:
        """Give the operator; while the run waits it calls those who must act."""

    def attest(self, standing: Standing, records: list[Record], stage: Stage) -> dict[str, Any]:
        """Let the reviewer look at a request, and give what they read back."""

    def answer(self, question: QuestionAsked, part: Part) -> str:
        """Let the person who is asked choose."""

    def observers(self) -> tuple[Observer, ...]:
        """Give who is told of every journal line."""

    def tell(self, text: str, scene: str = "") -> None:
        """Say what happens now, and where a scene of the tour begins."""

    def pause(self, what: str) -> None:
        """Let the user read before something happens."""


class Calls(Protocol):
    """Whom the operator calls while a run waits."""

    def review(self, request: ApprovalRequested) -> None:
        """Have a request decided."""

    def answer(self, run: str, step: str, question: QuestionAsked) -> None:
        """Have a question answered."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What somebody who is asked says in this scene, and what the user is told who plays them."""

    choice: str
    told: str


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What a tour showed, every figure measured."""

    without: Mapping[str, Any]
    with_: Mapping[str, Any]
    compared: tuple[tuple[str, str, str], ...]
    """What it came to, a line each: what, without shisa, with shisa."""
    journal: Path
    report: Path
    run: str
    ending: Ending
    explain: str
    """The check whose page tells more."""

    def as_json(self) -> dict[str, Any]:
        """Give the object that ``shisa demo --auto --format json`` prints."""
        return {
            "without": dict(self.without),
            "with": dict(self.with_),
            "journal": str(self.journal),
            "report": str(self.report),
            "run": self.run,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Show(Calls):
    """A stage with its people at work."""

    server: Server
    stage: Stage
    cast: Cast
    parts: list[Part] = dataclasses.field(default_factory=list)
    """What is answered, one after the other."""

    def begin(self, runbook: str, given: Mapping[str, str], *observers: Observer) -> Session:
        """Open a run of a shipped runbook."""
        os.environ["PATH"] = f"{self.server.binaries.bin}{os.pathsep}{os.environ.get('PATH', '')}"
        text = resources.files("runbooks").joinpath(runbook).read_bytes()
        path = self.stage.folder / runbook
        path.write_bytes(text)
        loaded = load_text(text, path)
        plan = plan_of(loaded, resolve(loaded.runbook.params, given))
        return open_run(self._seat(observers), plan, {})

    def again(self, run: str, *observers: Observer) -> Session:
        """Take the run up again, as ``shisa resume`` does."""
        return resume_run(run, self._seat(observers))

    def end(self, session: Session) -> list[Record]:
        """Write the report, close the journal, and give the run's record."""
        self.stage.report.write_text(markdown(session.records, self.stage.config.config), encoding="utf-8")
        records = session.records
        session.journal.close()
        return records

    def review(self, request: ApprovalRequested) -> None:
        """Let the second person decide, in the way that ``shisa review`` does in another terminal."""
        stage = self.stage
        own = open_journal(stage.config.config.journal, stage.folder)
        records = list(own.records())
        every = requests_of(records, stage.config.config, wall_clock())
        standing = next(one for one in every if one.id == request.request)
        decide(
            own,
            stage.config,
            standing,
            decision="approve",
            person=REVIEWER,
            key=stage.key(REVIEWER),
            as_team=capacity(standing, stage.config, REVIEWER, None),
            attested=self.cast.attest(standing, records, stage),
            now=wall_clock(),
        )
        own.close()

    def answer(self, run: str, step: str, question: QuestionAsked) -> None:
        """Let somebody of the team answer, in the way that ``shisa answer`` does; the answer is signed."""
        people = self.stage.config.config.people
        person = next(name for name, each in people.items() if question.team in each.teams)
        choice = self.cast.answer(question, self.parts.pop(0))
        own = open_journal(self.stage.config.config.journal, self.stage.folder)
        asked = [one for one in own.records(run=run) if one.step == step and one.body == question][-1]
        give_answer(
            own,
            self.stage.config,
            asked,
            choice=choice,
            person=person,
            key=self.stage.key(person),
            now=wall_clock(),
        )
        own.close()

    def _seat(self, observers: Sequence[Observer]) -> Seat:
        return Seat(
            journal=open_journal(self.stage.config.config.journal, self.stage.folder),
            config=self.stage.config,
            person=OPERATOR,
            key=self.stage.key(OPERATOR),
            operator=self.cast.operator(self),
            clock=wall_clock,
            observers=(*self.cast.observers(), *observers),
        )
