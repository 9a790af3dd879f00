"""One run at a time on a target: which locks a run needs, and who holds them where it does not get them.

The lock is an advisory lock of a session that the run keeps; so it dies with the program, whatever ends that, and no
stale lock ever has to be broken. Who holds it, from which machine and since when is read from the holder's name,
``shisa/RUN lock``, and from that run's own lines in the journal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.engine.target.holders import told
from runner.errors import TargetLockedError
from runner.postgres.lock import WHOLE, Lock, has_session, try_lock, unlock
from runner.runbook.consequences import LOOKING_KINDS

if TYPE_CHECKING:
    from runner.engine.target.targets import Target, Targets
    from runner.journal.record import Journal
    from runner.postgres.kept import Held
    from runner.runbook.plan import Plan


def base_lock(plan: Plan) -> Lock | None:
    """Tell what a run locks on each of its targets for as long as it goes on.

    The whole target, shared where every step that does something names what it needs by ``lock:``; nothing where the
    runbook only looks.
    """
    steps = [step for planned in plan.steps for step in _bodies(planned.data)]
    doing = [step for step in steps if step.keys().isdisjoint(LOOKING_KINDS)]
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
        self._held: dict[str, Held] = {}

    def rebind(self, targets: Targets) -> None:
        """Name the targets to hold; nothing may be held."""
        self._targets = {target.place: target for target in targets.by_name.values()}

    def hold(self, plan: Plan, target: Target | None = None, keys: Iterable[str] = (), *, noted: bool = False) -> bool:
        """Make sure that this run has its targets, and a step the keys that it names on its own.

        Ownership is looked at on the sessions themselves: a reconnect or a pooler loses it silently. Where a step's
        intent stands behind a note (``noted``), which proves that the session is there, a look of a moment ago counts.
        Tells whether the locks were taken up now, so that others may have been at work meanwhile. Raises
        TargetLockedError where another run has them, and ConnectError.
        """
        if plan is not self._plan:
            self._plan, self._base = plan, base_lock(plan)
        if self._base is None:
            return False
        anew = False
        for place in sorted(self._targets):  # in one order, so that of two runs one gets all
            own = target is not None and target.place == place
            anew |= self._keep(place, noted=noted and own)
            self._take(place, [self._base, *(Lock(key) for key in keys if own and self._base.shared)])
        return anew

    def session(self, target: Target) -> Held | None:
        """Give the session that holds a target's locks; None where there is none."""
        return self._held.get(target.place)

    def release(self) -> None:
        """Give everything back, as while people are waited for."""
        for held in self._held.values():
            unlock(held)
            held.close()
        self._held.clear()

    def _keep(self, place: str, *, noted: bool) -> bool:
        """Have a session for a database that holds what it held; whether it had to be made anew."""
        before = self._held.get(place)
        if before is not None and ((noted and before.was_asked()) or before.holds_all()):
            return False
        target = self._targets[place]
        if before is not None:
            before.close()
        from runner.postgres.kept import Held

        held: Any = target.connect(f"shisa/{self._run} lock", made=Held)
        held.target, self._held[place] = target.bound.name, held
        if not has_session(held):
            self.release()
            raise pooled(target.bound.name)
        if before is not None:
            self._take(place, sorted(before.locks))
        return True

    def _take(self, place: str, locks: Iterable[Lock]) -> None:
        held, target = self._held[place], self._targets[place]
        for lock in locks:
            if lock in held.locks:
                continue
            holders = try_lock(held, lock)
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
