"""Ask guards on the run's targets, each target over one read-only connection."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from checks import catalog
from checks.base import CannotAskError, StepContext
from runner.allowed import Allowed
from runner.engine.begin.labels import naming
from runner.engine.guard.baselines import RunBaselines
from runner.engine.target.targets import Targets
from runner.errors import ShisaError
from runner.guards import GuardAsk, ask_guard, could_not_ask
from runner.postgres.connect import short_name
from runner.postgres.readonly import ReadOnlySession
from runner.runbook.model import GuardUse, Restore, Step, step_of
from runner.runbook.restoring import LOCK, restores_rows, selection_of, written_tables
from runner.sql.reach import reach_of

Asked = Literal["before", "again", "during", "after"]
"""When a guard is asked."""
_LOOKING = Allowed()

if TYPE_CHECKING:
    from runner.baseline import Baselines
    from runner.config.model import Config
    from runner.engine.ports import Clock
    from runner.engine.session import Session
    from runner.evidence import Evidence
    from runner.journal.events import StepEntered


def ask_all(session: Session, path: str, uses: Sequence[GuardUse], moment: Asked) -> tuple[Evidence, ...]:
    """Ask the guards one after the other; a guard that cannot be asked is UNKNOWN, never left out."""
    entered = session.state.step(path).entered
    if entered is None:
        raise AssertionError
    context = dataclasses.replace(step_context(path, entered, session.folder, moment), labels=naming(session.plan))
    name = short_name(f"shisa/{session.run}/{path}/guard")
    asks = Asks(
        session.targets,
        name,
        context,
        folder=session.folder,
        config=session.config.config,
        baselines=RunBaselines(session),
        allowed=Allowed(trials=moment in {"before", "again"}),
        guards=step_of(entered.rendered).asked,
    )
    with asks:
        found = tuple(asks.ask(use, entered.target, session.clock) for use in uses)
    for evidence in found:
        if (rest := evidence.aside()) is not None:
            session.journal.attach(rest)
        for line in evidence.for_the_screen():
            session.operator.tell(line)
    return found


def step_context(path: str, entered: StepEntered, folder: Path, moment: Asked) -> StepContext:
    """Tell a guard what the step is about."""
    return context_of(path, step_of(entered.rendered), entered.statements, folder, moment)


def context_of(path: str, step: Step, statements: tuple[str, ...], folder: Path, moment: Asked) -> StepContext:
    """Tell a guard what a rendered step is about."""
    when = "before" if moment == "again" else moment
    restore = step.restore
    if not isinstance(restore, Restore):
        relations, lock = reach_of(statements)
        return StepContext(
            id=path,
            kind=step.kind,
            statements=statements,
            relations=relations,
            lock=lock,
            moment=when,
        )
    rows = restores_rows(restore) and bool(restore.tables)
    return StepContext(
        id=path,
        kind=step.kind,
        moment=when,
        relations=written_tables(restore) if rows else (),
        lock=LOCK if rows else None,
        backup=folder / restore.from_,
        selection=selection_of(restore),
        sequences=restore.sequences,
        rows=restore.rows,
        where=dict(restore.where),
        tenant_of=dict(restore.tenant_of),
        from_database=restore.from_database,
    )


class Asks:
    """One port a target, opened when the first guard needs it, closed at the end of the ``with``."""

    def __init__(
        self,
        targets: Targets,
        name: str,
        context: StepContext,
        *,
        folder: Path,
        config: Config,
        baselines: Baselines,
        allowed: Allowed = _LOOKING,
        guards: Sequence[GuardUse] = (),
    ) -> None:
        """``guards`` are all of the step, whenever they are asked."""
        self._targets = targets
        self._folder = folder
        self._name = name
        self._context = context
        self._harmless = frozenset(config.functions.harmless)
        self._accept = config.accept
        self._disk_free = {each: target.disk_free for each, target in config.targets.items()}
        self._baselines = baselines
        self._allowed = allowed
        self._guards = guards
        self._open: dict[str, GuardAsk] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, use: GuardUse, target: str | None, clock: Clock) -> Evidence:
        """Ask a guard on its own target, or on the step's; where that cannot be reached it is UNKNOWN."""
        spec = catalog.get(use.check)
        name = use.target or target or next(iter(self._targets.by_name), "")
        try:
            ask = self.of(name)
        except CannotAskError as error:
            found = could_not_ask(spec, name, error.reason, clock=clock)
            return dataclasses.replace(found, nth=self._nth(use, target))
        found = ask_guard(
            spec,
            use.with_,
            ask,
            severity=use.severity,
            accept=self._accept,
            rests_on=use.recheck == "cheap",
            clock=clock,
        )
        return dataclasses.replace(found, nth=self._nth(use, target))

    def _nth(self, use: GuardUse, target: str | None) -> int:
        """Tell which of the guards it is that ask one check on one target; those with the same parameters are one."""
        where = use.target or target
        same = [each for each in (*self._guards, use) if (each.check, each.target or target) == (use.check, where)]
        asked = [each.with_ for n, each in enumerate(same) if each.with_ not in [other.with_ for other in same[:n]]]
        return asked.index(use.with_) + 1

    def of(self, name: str) -> GuardAsk:
        """Give a target's port. Raises CannotAskError with the reason."""
        if name not in self._open:
            try:
                target = self._targets.of(name)
                if target is None:
                    raise CannotAskError(f"the run has no target {name!r}")
                connection = self._stack.enter_context(target.connect(self._name))
            except ShisaError as error:
                raise CannotAskError(error.message) from None
            self._open[name] = GuardAsk(
                ReadOnlySession(connection, harmless=self._harmless),
                target=name,
                step=self._context,
                folder=self._folder,
                other=self.of,
                disk_free=self._disk_free.get(target.bound.configured),
                baselines=self._baselines,
                allowed=self._allowed,
            )
        return self._open[name]
