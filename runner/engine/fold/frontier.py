"""How far a run has come: the steps at its beginning that need nothing more are not looked at each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.engine.fold.loops import loop_of, number_of

if TYPE_CHECKING:
    from runner.journal.record import Record
    from runner.runbook.plan import Plan, PlannedStep


class Frontier:
    """The steps at the beginning of a plan that nothing has to be done for, and the iterations of the loop behind them.

    That a step needs nothing more follows from its own events alone, so it holds until there is one about it, or one
    about the run. An iteration that failed is never passed.
    """

    def __init__(self) -> None:
        self._passed = 0
        self._paths: set[str] = set()
        self.iterations = 0
        """How many iterations of the first step ahead were passed."""

    def ahead(self, plan: Plan) -> tuple[PlannedStep, ...]:
        """Give the steps behind."""
        return plan.steps[self._passed :] if self._passed else plan.steps

    def reach(self, plan: Plan, path: str) -> None:
        """Note that a step was looked at, an iteration perhaps, and nothing has to be done for those before it."""
        here = loop_of(path) or path
        for step in plan.steps[self._passed :]:
            if step.path == here:
                break
            self._paths.add(step.path)
            self.iterations = 0
        else:
            self._begin_anew()  # it is no step of the plan, as what takes one back
        self._passed = len(self._paths)
        self.iterations = max(self.iterations, number_of(path) - 1)

    def take(self, record: Record) -> None:
        """Begin anew where an event may concern what was passed."""
        path = (record.step or "").partition(".")[0]
        if record.step is None or path.partition("[")[0] in self._paths:
            self._begin_anew()
        elif number_of(path) <= self.iterations:
            self.iterations = 0

    def _begin_anew(self) -> None:
        self._paths.clear()
        self._passed = 0
        self.iterations = 0
