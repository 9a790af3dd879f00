"""What a preflight says of other runs: who holds a target, or a key on it, that this runbook would need."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checks.base import Verdict
from runner.engine.preflight.item import Item
from runner.engine.target.holders import told
from runner.engine.target.locks import base_lock, pooled
from runner.errors import ConnectError, GateClosedError, JournalError
from runner.journal import is_team, open_journal
from runner.postgres.lock import Lock, has_session, holders_of

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.preflight.steps import StepLook
    from runner.engine.target.targets import Target, Targets
    from runner.journal.record import Journal
    from runner.runbook.plan import Plan


def holder_items(looks: Sequence[StepLook], plan: Plan, config: Loaded, targets: Targets) -> Iterator[Item]:
    """Say of each target who holds what a run would take there; no lock is taken to find out.

    An emergency runs beside others, so that to it this is a warning.
    """
    base = base_lock(plan)
    if base is None:
        return
    verdict = Verdict.WARN if plan.runbook.runbook.emergency else Verdict.BLOCK
    with _journal(config) as journal:
        for name, target in targets.by_name.items():
            steps = [look.step for look in looks if look.step is not None and look.step.target == name]
            keys = sorted({key for step in steps for key in step.lock}) if base.shared else []
            yield from _held(target, [base, *map(Lock, keys)], verdict, journal)


def _held(target: Target, locks: Sequence[Lock], verdict: Verdict, journal: Journal | None) -> Iterator[Item]:
    name = target.bound.name
    try:
        with target.connect("shisa/preflight") as connection:
            if not has_session(connection):
                error = pooled(name)
                yield Item("target", name, Verdict.BLOCK, error.message, error.hint)
                return
            for lock in locks:
                holders = holders_of(connection, lock)
                if holders:
                    yield Item("target", name, verdict, *told("", name, lock, holders, journal))
    except (ConnectError, GateClosedError) as error:
        yield Item("target", name, Verdict.UNKNOWN, f"nobody can tell who holds it: {error.message}", error.hint)


@contextlib.contextmanager
def _journal(config: Loaded) -> Iterator[Journal | None]:
    """Open the journal, which knows whose run it is; None where there is none yet or it cannot be opened."""
    location = config.config.journal
    if not is_team(location) and not (config.folder / Path(location).expanduser()).exists():
        yield None
        return
    try:
        journal = open_journal(location, config.folder)
    except (JournalError, ConnectError):  # journal_items tells why
        yield None
        return
    with contextlib.closing(journal):
        yield journal
