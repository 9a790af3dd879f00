"""What still runs of a run on the servers of its targets, seen from outside of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from runner.config.load import conninfo
from runner.engine.target.holders import run_in
from runner.errors import ShisaError
from runner.figures import moment
from runner.postgres.connect import connect
from runner.postgres.ghosts import Ghost, sessions_of

if TYPE_CHECKING:
    from runner.config.model import Config
    from runner.journal.events import BoundTarget

_SECONDS = 3
"""How long a server is waited for that only shall be looked at."""


@dataclasses.dataclass(frozen=True, slots=True)
class Haunted:
    """The sessions of runs in one target's database; or why nobody can tell."""

    target: str
    ghosts: tuple[Ghost, ...] = ()
    unknown: str | None = None

    def of(self, run: str) -> tuple[Ghost, ...]:
        """Choose those of one run."""
        return tuple(ghost for ghost in self.ghosts if run_in(ghost.application_name) == run)


def look_around(config: Config, targets: Iterable[BoundTarget]) -> list[Haunted]:
    """Look on each target which sessions of runs are there; one that cannot be asked says so."""
    return [_look(config, bound) for bound in targets]


def _look(config: Config, bound: BoundTarget) -> Haunted:
    target = config.targets.get(bound.configured)
    if target is None:
        return Haunted(bound.name, unknown=f"{bound.configured} is not in shisa.yaml")
    try:
        with connect(conninfo(target), application_name="shisa/status", connect_timeout=_SECONDS) as connection:
            return Haunted(bound.name, sessions_of(connection))
    except ShisaError as error:
        return Haunted(bound.name, unknown=error.message)


def ghost_json(target: str, ghost: Ghost) -> dict[str, Any]:
    """Give a session as JSON."""
    return {"target": target, **dataclasses.asdict(ghost)}


def in_words(target: str, ghost: Ghost) -> str:
    """Say of a session what it is, what it does and what it holds."""
    doing = "holds the target for its run" if ghost.holds_the_run else ghost.state or "state unknown"
    begun = f", in a transaction since {moment(ghost.transaction_since)}" if ghost.transaction_since else ""
    locks = f", locks {', '.join(ghost.locks)}" if ghost.locks else ""
    where = f" from {ghost.address}" if ghost.address else ""
    since = f" since {moment(ghost.since)}" if ghost.since else ""
    return f"{target}: process {ghost.pid}, {ghost.application_name}{where}{since}: {doing}{begun}{locks}"
