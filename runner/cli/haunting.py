"""What still runs on the servers of runs that have not ended, for the commands that show runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.config.model import Config
    from runner.engine.fold.state import State


@dataclasses.dataclass(frozen=True, slots=True)
class Haunting:
    """The sessions of one run on its targets."""

    ghosts: tuple[dict[str, Any], ...] = ()
    lines: tuple[str, ...] = ()
    """Each session in words."""
    unknown: tuple[str, ...] = ()
    """Why some target could not be asked."""
    at_work: bool = False
    """Whether a program holds a target for the run: what it has begun is under way, and not of unknown outcome."""

    def word(self, state: str) -> str:
        """Name the run's state for people, by the journal and by what is on the servers."""
        return "AT WORK" if self.at_work and state in {"unknown", "running"} else state.upper()

    def as_json(self) -> dict[str, Any]:
        """Give the keys that stand beside a run's own."""
        return {"ghosts": list(self.ghosts), "ghosts_unknown": list(self.unknown)}

    def told(self) -> Iterator[str]:
        """Say what still runs, and what nobody can tell."""
        yield from (f"ON THE SERVER: {line}" for line in self.lines)
        yield from (f"UNKNOWN what runs on the server: {line}" for line in self.unknown)


def hauntings(config: Config, states: Iterable[State]) -> Mapping[str, Haunting]:
    """Look once at each database that an open run works on; a run that has ended has nothing there."""
    from runner.engine.target.ghosts import ghost_json, in_words, look_around

    seen: dict[str, Any] = {}
    found: dict[str, Haunting] = {}
    for state in states:
        if state.closed is not None:
            found[state.run] = Haunting()
            continue
        for bound in state.opened.targets:
            if bound.fingerprint not in seen:
                (seen[bound.fingerprint],) = look_around(config, [bound])
        places = [(bound.name, seen[bound.fingerprint]) for bound in state.opened.targets]
        there = [(name, ghost) for name, place in places for ghost in place.of(state.run)]
        found[state.run] = Haunting(
            tuple(ghost_json(name, ghost) for name, ghost in there),
            tuple(in_words(name, ghost) for name, ghost in there),
            tuple(f"{name}: {place.unknown}" for name, place in places if place.unknown is not None),
            any(ghost.holds_the_run for _, ghost in there),
        )
    return found
