"""Who works on a run, and with what: the same to open one, to take one up again, and to take one over."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.engine.begin.pinned import pins
from runner.engine.fold.state import fold
from runner.engine.session import Session
from runner.engine.target.locks import Locks

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.effect.stopping import Signals
    from runner.engine.people.windows import Window
    from runner.engine.ports import Clock, Observer, Operator
    from runner.engine.target.targets import Targets
    from runner.journal.record import Journal, Record
    from runner.review.keys import KeyRef
    from runner.runbook.plan import Plan


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One person at one journal, in one process."""

    journal: Journal
    config: Loaded
    person: str
    key: KeyRef | None
    operator: Operator
    """Who answers: that person at the terminal, or a file."""
    clock: Clock
    observers: Sequence[Observer] = ()
    unattended: bool = False
    detach: bool = False
    window: Window | None = None

    def work_on(self, plan: Plan, targets: Targets, records: list[Record], locks: Locks, signals: Signals) -> Session:
        """Sit down to a run, of which these are the lines so far."""
        state = fold(records)
        return Session(
            journal=self.journal,
            config=self.config,
            plan=plan,
            targets=targets,
            person=self.person,
            key=self.key,
            operator=self.operator,
            clock=self.clock,
            observers=self.observers,
            pinned=pins(state.opened.files),
            state=state,
            records=records,
            locks=locks,
            signals=signals,
            detach=self.detach,
            window=self.window,
        )
