"""Take a run over from another person: fence their program off, end what it left behind, settle what can be known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from runner.engine.begin.opening import reopened
from runner.engine.effect.settle import settle
from runner.engine.fold.undoing import Place, places
from runner.engine.ports import stamp
from runner.engine.session import Session, host
from runner.engine.target.ghosts import ghost_json, in_words
from runner.errors import ShisaError, TargetLockedError, UsageError
from runner.journal.events import Note, RunHandedOver
from runner.postgres.ghosts import Ghost, end_sessions, sessions_of
from runner.review.sshsig import sign
from runner.review.statement import handed_statement
from runner.runbook.values import Secret

if TYPE_CHECKING:
    from runner.engine.begin.seat import Seat
    from runner.engine.fold.state import State
    from runner.journal.record import Head
    from runner.review.keys import KeyRef

Found = Sequence[tuple[str, Ghost]]
"""Sessions of the run, each with its target's name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What was found when a run was taken over."""

    left: Found
    """Sessions that still are there."""
    steps: tuple[tuple[str, Place, str], ...]
    """Every step that was begun and changes something: where it stands, and why."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """Steps of which nobody knows whether they happened."""
        return tuple(path for path, place, _ in self.steps if place == "unknown")


def take_over(
    state: State,
    seat: Seat,
    *,
    end: Callable[[Found], bool],
    reason: str | None = None,
) -> Taken:
    """Make a person the operator of a run.

    The line ``run.handed_over`` comes first: from there on the other program's lines are refused, so that it begins
    nothing more. ``end`` is asked whether the sessions that were found shall be ended. Raises UsageError where the run
    has ended or is theirs already, TargetLockedError where the other program is at work and no ``reason`` is given.
    """
    session, person, key = reopened(state.run, seat, _unknown(state.opened.params)), seat.person, seat.key
    run, before = session.run, session.state.operator
    if before == person:
        raise UsageError(f"run {run} is {person}'s already", hint=f"`shisa resume {run}` goes on with it")
    if state.opened.signature is not None and key is None:
        raise UsageError(f"run {run} was opened with a signature, so this is signed, too", hint="give --key")
    found = _found(session)
    alive = next((ghost for _, ghost in found if ghost.holds_the_run), None)
    if alive is not None and reason is None:
        raise TargetLockedError(
            f"{before}'s program is at work on run {run}: {in_words(state.opened.targets[0].name, alive)}",
            hint=f"ask {before} to stop it; where that cannot be, `shisa takeover {run} --reason WHY`",
        )
    ending = bool(found) and end(found)
    body = RunHandedOver(
        from_person=before,
        to_person=person,
        host=host(),
        reason=reason,
        ghosts=tuple(ghost_json(target, ghost) for target, ghost in found),
    )
    session.append(body if key is None else _signed(body, run, key, seat.journal.head(), stamp(seat.clock())))
    left = _end(session, found) if ending else found
    for path, step in list(session.state.steps.items()):
        if step.outcome == "unknown":
            settle(session, path)
    return Taken(tuple(left), tuple(places(session.order(), session.state)))


def _unknown(params: Mapping[str, object]) -> dict[str, Secret]:
    """Stand in for the run's secrets, of which nothing is sent here."""
    return {name: Secret(name, "") for name, value in params.items() if isinstance(value, dict)}


def _found(session: Session) -> Found:
    found = []
    for name, target in session.targets.by_name.items():
        with target.connect("shisa/takeover") as connection:
            found += [(name, ghost) for ghost in sessions_of(connection, f"shisa/{session.run}")]
    return found


def _end(session: Session, found: Found) -> Found:
    """End the sessions, journal what became of them, and give those that are left."""
    left: list[tuple[str, Ghost]] = []
    reasons: list[str] = []
    for name, target in session.targets.by_name.items():
        own = [ghost for at, ghost in found if at == name]
        if not own:
            continue
        try:
            with target.connect("shisa/takeover") as connection:
                remaining, why = end_sessions(connection, own)
        except ShisaError as error:
            remaining, why = tuple(own), error.message
        left += [(name, ghost) for ghost in remaining]
        reasons += [f"{name}: {why}"] * bool(remaining)
    ended = ", ".join(str(ghost.pid) for at, ghost in found if (at, ghost) not in left) or "none"
    still = "".join(
        f"; still there: {', '.join(str(ghost.pid) for _, ghost in left)} ({'; '.join(reasons)})" * bool(left)
    )
    session.append(Note(text=f"ended sessions that the other program had left: {ended}{still}"))
    return left


def _signed(body: RunHandedOver, run: str, key: KeyRef, head: Head, at: str) -> RunHandedOver:
    statement = handed_statement(body, run=run, at=at, head=head)
    return msgspec.structs.replace(body, statement=statement, signature=sign(key, "run@shisa", statement.encode()))
