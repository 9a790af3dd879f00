"""Who must sign, decided by matching people to slots; pure.

A policy needs so many people of each team, all of them distinct. One approval names one person and one capacity,
and a person fills one slot, whatever capacities they signed in: that is a bipartite matching, where counting by
sums or taking the first free slot gives wrong answers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol


class Slot(Protocol):
    """So many distinct people of one team; ``config.model.Need`` is one."""

    @property
    def team(self) -> str:
        """The team that the people sign for."""

    @property
    def n(self) -> int:
        """How many of them, at least 1."""


class Vote(NamedTuple):
    """One person's approval in one capacity."""

    person: str
    team: str


class Missing(NamedTuple):
    """So many people of a team have yet to sign."""

    team: str
    n: int


@dataclasses.dataclass(frozen=True, slots=True)
class Matching:
    """A largest assignment of distinct people to the slots of one policy."""

    filled: tuple[Vote, ...]
    """Who fills a slot, and of which team."""
    missing: tuple[Missing, ...]
    """What is left open, in the order of the policy."""

    @property
    def complete(self) -> bool:
        """Whether the policy is satisfied; one that needs nobody never is."""
        return bool(self.filled) and not self.missing


def assign(need: Sequence[Slot], votes: Iterable[Vote]) -> Matching:
    """Fill as many slots as possible, each with another person, each person in a capacity they signed in.

    Raises ValueError for a slot of fewer than one person: a policy must not be satisfiable by nobody.
    """
    seats = _seats(need)
    teams_of: dict[str, set[str]] = {}
    for vote in votes:
        teams_of.setdefault(vote.person, set()).add(vote.team)
    taken: dict[int, str] = {}
    for person in teams_of:
        _seat(person, seats, teams_of, taken, set())
    filled = tuple(Vote(taken[seat], seats[seat]) for seat in sorted(taken))
    open_seats = [team for seat, team in enumerate(seats) if seat not in taken]
    return Matching(filled, tuple(Missing(team, open_seats.count(team)) for team in dict.fromkeys(open_seats)))


def missing(need: Sequence[Slot], votes: Iterable[Vote]) -> tuple[Missing, ...]:
    """Tell how many people of which teams have yet to sign."""
    return assign(need, votes).missing


def satisfiable(
    need: Sequence[Slot], roster: Mapping[str, Collection[str]], excluded: Collection[str] = ()
) -> tuple[str, ...]:
    """Say in sentences why nobody could ever satisfy a policy; empty when somebody can.

    ``roster`` is person → teams, ``excluded`` are people who may not count (the operator).
    """
    if not need:
        return ("the policy needs nobody; it must name at least one team.",)
    eligible = {person: teams for person, teams in roster.items() if person not in excluded}
    if not assign(need, (Vote(person, team) for person, teams in eligible.items() for team in teams)).missing:
        return ()
    wanted: dict[str, int] = {}
    for slot in need:
        wanted[slot.team] = wanted.get(slot.team, 0) + slot.n
    candidates = {team: sorted(p for p, teams in eligible.items() if team in teams) for team in wanted}
    apart = f" besides {_listed(sorted(excluded))}" if excluded else ""
    short = tuple(
        f"the policy needs {n} of team {team}{apart}, but the configuration has {_names(candidates[team])}."
        for team, n in wanted.items()
        if len(candidates[team]) < n
    )
    everybody = sorted({person for team in wanted for person in candidates[team]})
    distinct = f"{sum(wanted.values())} distinct people for {_listed(list(wanted))}{apart}"
    overlap = "some are in more than one of these teams and one person fills one slot"
    return short or (f"the policy needs {distinct}, but {overlap}: {_names(everybody)}.",)


def uses(retries: Iterable[int]) -> int:
    """Tell how often an approval may start its step, under policies that grant so many retries: the least of them."""
    return 1 + min(retries, default=0)


def _seats(need: Sequence[Slot]) -> list[str]:
    for slot in need:
        if slot.n < 1:
            message = f"team {slot.team}: a policy needs at least 1 person of a team it names, not {slot.n}"
            raise ValueError(message)
    return [slot.team for slot in need for _ in range(slot.n)]


def _seat(
    person: str, seats: list[str], teams_of: Mapping[str, set[str]], taken: dict[int, str], tried: set[int]
) -> bool:
    """Seat a person, moving others along (an augmenting path of Kuhn's algorithm)."""
    for seat, team in enumerate(seats):
        if team in teams_of[person] and seat not in tried:
            tried.add(seat)
            if seat not in taken or _seat(taken[seat], seats, teams_of, taken, tried):
                taken[seat] = person
                return True
    return False


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _names(people: Sequence[str]) -> str:
    return f"only {_listed(people)}" if people else "nobody"
