"""One run at a time on a target: which locks a run needs, and who holds them where it does not get them.

The lock is an advisory lock of a session that the run keeps; so it dies with the program, whatever ends that, and no
stale lock ever has to be broken. Who holds it, from which machine and since when is read from the holder's name,
``shisa/RUN lock``, and from that run's own lines in the journal.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.engine.target.holders import told
from runner.errors import TargetLockedError
from runner.postgres.lock import WHOLE, Lock, has_session, owns, try_lock, unlock

if TYPE_CHECKING:
    from runner.engine.target.targets import Target, Targets
    from runner.journal.record import Journal
    from runner.runbook.plan import Plan

_LOOKING = {"ask", "check", "wait"}
"""Kinds that change nothing, and need nothing for themselves."""


def base_lock(plan: Plan) -> Lock | None:
    """Tell what a run locks on each of its targets for as long as it goes on.

    The whole target, shared where every step that does something names what it needs by ``lock:``; nothing where the
    runbook only looks.
    """
    steps = [step for planned in plan.steps for step in _bodies(planned.data)]
    doing = [step for step in steps if step.keys().isdisjoint(_LOOKING)]
    return Lock(WHOLE, shared=all(step.get("lock") for step in doing)) if doing else None


def pooled(target: str) -> TargetLockedError:
    """Say that a target cannot be locked where it is reached."""
    return TargetLockedError(
        f"target {target} is reached through a pooler, on which a run cannot hold a lock",
        hint="name the server itself in shisa.yaml; a pooler is for applications",
    )


def _bodies(data: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    loop = data.get("for_each")
    return [data] if loop is None or data.get("lock") else loop["steps"]


@dataclasses.dataclass
class _Held:
    """The session that holds a database's locks."""

    connection: Any
    locks: set[Lock] = dataclasses.field(default_factory=set)


class Locks:
    """The locks of one run."""

    def __init__(self, run: str, plan: Plan, targets: Targets, journal: Journal) -> None:
        self.warnings: list[str] = []
        """Whom an emergency run works beside, each once."""
        self._run = run
        self._plan = plan
        self._base = base_lock(plan)
        self._targets: dict[str, Target] = {}
        self.rebind(targets)
        self._journal = journal
        self._emergency = plan.runbook.runbook.emergency
        self._held: dict[str, _Held] = {}

    def rebind(self, targets: Targets) -> None:
        """Name the targets to hold; nothing may be held."""
        self._targets = {target.place: target for target in targets.by_name.values()}

    def hold(self, plan: Plan, target: Target | None = None, keys: Iterable[str] = ()) -> bool:
        """Make sure that this run has its targets, and a step the keys that it names on its own.

        Ownership is looked at on the sessions themselves: a reconnect or a pooler loses it silently. Tells whether
        the locks were taken up now, so that others may have been at work meanwhile. Raises TargetLockedError where
        another run has them, and ConnectError.
        """
        if plan is not self._plan:
            self._plan, self._base = plan, base_lock(plan)
        if self._base is None:
            return False
        anew = False
        for place in sorted(self._targets):  # in one order, so that of two runs one gets all
            anew |= self._keep(place)
            own = target is not None and target.place == place
            self._take(place, [self._base, *(Lock(key) for key in keys if own and self._base.shared)])
        return anew

    def session(self, target: Target) -> Any:
        """Give the session that holds a target's locks; None where there is none.

        What it commits proves that the locks were there until then.
        """
        held = self._held.get(target.place)
        return None if held is None else held.connection

    def release(self) -> None:
        """Give everything back, as while people are waited for."""
        for held in self._held.values():
            unlock(held.connection)
            held.connection.close()
        self._held.clear()

    def _keep(self, place: str) -> bool:
        """Have a session for a database that holds what it held; whether it had to be made anew."""
        held = self._held.get(place)
        if held is not None and owns(held.connection, held.locks):
            return False
        target = self._targets[place]
        if held is not None:
            held.connection.close()
        from runner.postgres.kept import Held

        connection = target.connect(f"shisa/{self._run} lock", made=Held)
        self._held[place] = _Held(connection)
        if not has_session(connection):
            self.release()
            raise pooled(target.bound.name)
        if held is not None:
            self._take(place, sorted(held.locks))
        return True

    def _take(self, place: str, locks: Iterable[Lock]) -> None:
        held, target = self._held[place], self._targets[place]
        for lock in locks:
            if lock in held.locks:
                continue
            holders = try_lock(held.connection, lock)
            if holders is None:
                held.locks.add(lock)
                continue
            sentence, hint = told(self._run, target.bound.name, lock, holders, self._journal)
            if not self._emergency:
                raise TargetLockedError(sentence, hint=hint)
            if sentence not in self.warnings:
                self.warnings.append(sentence)


@contextlib.contextmanager
def released_on_error(locks: Locks) -> Iterator[None]:
    """Give the locks back where what follows does not come to its end."""
    try:
        yield
    except BaseException:
        locks.release()
        raise
