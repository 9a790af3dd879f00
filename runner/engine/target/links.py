"""The connections that a run keeps to its targets through all of its steps, each used by one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.engine.target.locks import Locks
    from runner.engine.target.targets import Target


class Links:
    """One session a target for effects; their notes go over the one that holds the target's lock."""

    def __init__(self, run: str, locks: Locks) -> None:
        self._run = run
        self._locks = locks
        self._effects: dict[str, Any] = {}

    def effect(self, target: Target, application_name: str) -> Any:
        """Give a session that is as good as new, under the step's name; a broken one is replaced.

        Raises ConnectError, and GateClosedError where the target leads elsewhere now.
        """
        from runner.postgres.kept import Kept

        kept: Any = self._effects.get(target.place)
        if kept is None or not kept.take(application_name):
            kept = target.connect(f"shisa/{self._run} idle", made=Kept, unmoved=True)
            self._effects[target.place] = kept
            kept.take(application_name)
        return kept

    def note(self, target: Target, application_name: str) -> Any:
        """Give the session that holds the lock; or a new one, where the run holds none.

        An intent is written behind a note only, and so never by a run that has lost its target.
        """
        return self._locks.session(target) or target.connect(application_name)

    def close(self) -> None:
        """Close them."""
        for kept in self._effects.values():
            kept.close()
        self._effects.clear()
