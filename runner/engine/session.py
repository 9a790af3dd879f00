"""One run in this process: its journal, plan, targets and people, and the only place that appends its events."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from runner.archive.fingerprint import Summed
from runner.config.model import Loaded
from runner.engine.begin.closing import closing
from runner.engine.begin.untouched import Untouched
from runner.engine.effect.desk import Worker
from runner.engine.effect.stopping import Signals
from runner.engine.fold import loops
from runner.engine.fold.frontier import Frontier
from runner.engine.fold.next_action import RequestState
from runner.engine.fold.state import State, advance
from runner.engine.fold.undoing import planned_undo, undone_of
from runner.engine.people.drift import Drift
from runner.engine.people.lasting import lapsed
from runner.engine.people.requested import Requested
from runner.engine.people.windows import Window
from runner.engine.ports import Clock, Observer, Operator
from runner.engine.rendered import Rendering
from runner.engine.target.links import Links
from runner.engine.target.locks import Locks
from runner.engine.target.targets import Targets
from runner.journal import turns
from runner.journal.attachments import Attachments, attachments_of
from runner.journal.events import Event, Note, RunHandedOver, RunResumed
from runner.journal.record import Journal, Record
from runner.review.keys import KeyRef
from runner.review.requests import Requests
from runner.runbook.plan import Plan, PlannedStep, plan_digest
from runner.runbook.values import Secret, Value
from runner.steps.outliving import Mark, mark_of


@dataclasses.dataclass
class Session:
    """What the engine works with; ``state`` and ``records`` grow with the journal."""

    journal: Journal
    config: Loaded
    plan: Plan
    targets: Targets
    person: str
    key: KeyRef | None
    operator: Operator
    clock: Clock
    observers: Sequence[Observer]
    pinned: Mapping[Path, str]
    """The runbook and what it includes → sha256 at the time the run opened."""
    state: State
    records: list[Record]
    locks: Locks
    detach: bool = False
    window: Window | None = None
    """When the operator means to start; None where they named no window in this process."""
    warned: int = 0
    """How many of the locks' warnings are journaled."""
    signals: Signals = dataclasses.field(default_factory=Signals)
    """What was heard while the run was taken up."""
    rendering: Rendering | None = None
    """The step that was rendered last."""
    summed: Summed = dataclasses.field(default_factory=Summed)
    """The backups whose bytes are known."""
    drift: Drift = dataclasses.field(init=False)
    gone_on: datetime = dataclasses.field(init=False)
    """When the operator took the run up in this process, or said behind the canaries that it goes on."""
    worker: Worker = dataclasses.field(init=False)
    untouched: Untouched = dataclasses.field(init=False)
    links: Links = dataclasses.field(init=False)
    asked: Requests = dataclasses.field(init=False)
    frontier: Frontier = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        """Watch the clock from here on, and connect when a step needs it."""
        self.worker, self.untouched = Worker(), Untouched()
        self.links = Links(self.run, self.locks)
        self.asked = Requests(self.config.config, self.records)
        self.frontier = Frontier()
        self.drift = Drift(self.clock)
        self.gone_on = self.clock()

    @property
    def run(self) -> str:
        """The run's id."""
        return self.state.run

    @functools.cached_property
    def attachments(self) -> Attachments:
        """The files beside the journal."""
        return attachments_of(self.config.config.journal, self.config.folder)

    def mark(self, path: str) -> Mark:
        """The file that a program of a step holds for as long as it works."""
        return mark_of(self.attachments.folder, self.run, path)

    @functools.cached_property
    def folder(self) -> Path:
        """Where relative paths of a runbook's parameters start: the folder that the operator works in."""
        return Path.cwd()

    def append(self, body: Event, step: str | None = None) -> Record:
        """Make an event durable, take it into the state, and tell the listeners.

        Raises JournalError; then nothing may be done any more. Raises RunTakenError and RunEndedError where another
        program goes on with the run, or somebody ended it.
        """
        record = self.journal.append(body, run=self.run, step=step, person=self.person, seen=self.state.last_seq)
        if record.seq == self.state.last_seq + 1:
            self._take(record)
        else:
            self._read(own=record.seq)  # what others wrote meanwhile comes first, such as the withdrawal of an approval
        return record

    def close(self, state: str, reason: str | None = None) -> Record:
        """End the run; the operator signs the journal's head, so that what stands before it cannot be rewritten."""
        body = closing(
            run=self.run,
            state=state,
            reason=reason,
            person=self.person,
            key=self.key,
            head=self.journal.head(),
            now=self.clock(),
        )
        return self.append(body)

    def hold(self, path: str) -> bool:
        """Make sure that this run has its targets before a step; whether the locks were taken up only now.

        Raises TargetLockedError and ConnectError.
        """
        entered = self.state.step(path).entered
        target = None if entered is None else self.targets.of(entered.target)
        keys = () if entered is None else entered.rendered.get("lock", ())
        noted = entered is not None and entered.kind == "sql" and entered.rendered.get("transaction", True)
        anew = self.locks.hold(self.plan, target, keys, noted=noted)
        self.warn()
        return anew

    def warn(self) -> None:
        """Journal whom an emergency run works beside."""
        for sentence in self.locks.warnings[self.warned :]:
            self.warned += 1
            self.append(Note(text=f"an emergency, so this run goes on although {sentence}"))

    def let_go(self) -> None:
        """Give back what this program holds for the run on its targets."""
        self.worker.dismiss()
        self.links.close()
        self.locks.release()

    def refresh(self) -> bool:
        """Read what others journaled for this run; tell whether there was anything.

        Raises RunTakenError where another program took the run up.
        """
        return self._read()

    def _read(self, own: int = 0) -> bool:
        found = False
        for record in self.journal.records(run=self.run, after=self.state.last_seq):
            if record.seq != own and isinstance(record.body, RunResumed | RunHandedOver):
                turns.refuse(record)
            self._take(record)
            found = True
        return found

    def requests(self) -> Mapping[str, RequestState]:
        """Tell the state of each approval request at this moment."""
        return Requested(self.asked, self.clock, functools.partial(lapsed, self))

    def plan_digest(self) -> str:
        """Digest the plan as it stands now, amendments included."""
        return plan_digest(self.plan, self.targets.fingerprints())

    def known(self, path: str) -> dict[str, Value | Secret]:
        """Give the names that a step is rendered with: parameters and what was captured."""
        return self.planned(path).scope.values(self.state.names)

    def planned(self, path: str) -> PlannedStep:
        """Find a step as it is planned; also an iteration, and what takes a step back."""
        step = undone_of(path)
        if step is None:
            return loops.find(self.plan, self.state, path)
        return planned_undo(loops.find(self.plan, self.state, step), self.state.step(step), path)

    def order(self) -> Iterator[str]:
        """Give the paths of the run as they come now."""
        return loops.order(self.plan.steps, self.state)

    def ahead(self) -> Iterator[str]:
        """Give the paths from the first one that may have something to do."""
        return loops.order(self.frontier.ahead(self.plan), self.state, self.frontier.iterations)

    def _take(self, record: Record) -> None:
        self.records.append(record)
        self.state = advance(self.state, record)
        self.asked.take(record)
        self.frontier.take(record)
        for observer in self.observers:
            _tell(observer, record)


def _tell(observer: Observer, record: Record) -> None:
    try:
        observer(record)
    except Exception as error:  # noqa: BLE001 - a listener's failure never changes the run
        with contextlib.suppress(OSError):  # the terminal may be what is gone
            print(f"shisa: a listener failed: {type(error).__name__}", file=sys.stderr)  # noqa: T201


def host() -> str:
    """Tell this machine's name, for the journal."""
    return socket.gethostname()
