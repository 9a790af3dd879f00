"""The look at a broken glass afterwards: whether somebody who may has signed one. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from runner.config.model import Config
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.record import Record
from runner.review.exceptions import signer_of
from runner.review.ledger import key_of, teams_asked
from runner.review.sshsig import Refused
from runner.review.statement import head_in, predicate_of

Then = Callable[[str, datetime], Config | None]
"""The digest of the rules that somebody signed under, and when → those rules; None where nobody can tell them."""


def of_today(_digest: str, _at: datetime) -> None:
    """Know of no other rules than today's."""


@dataclasses.dataclass(frozen=True, slots=True)
class LookedAt:
    """Whether a second person has looked at a run that broke the glass, since it did so last."""

    state: Literal["open", "done"]
    refused: tuple[tuple[str, str], ...] = ()
    """The looks that do not count: the person of the line, and the reason."""


@dataclasses.dataclass(slots=True)
class Glass:
    """A run as its lines are read: who took part in it, and whose signature it did without."""

    people: set[str] = dataclasses.field(default_factory=set)
    """Everybody who has operated it, or broken the glass in it."""
    keys: set[str] = dataclasses.field(default_factory=set)
    """Fingerprints of the keys that they signed with."""
    policies: list[str] = dataclasses.field(default_factory=list)
    """The policies that were not satisfied."""
    broken_seq: int = 0
    """The number of the newest line that says that the glass was broken."""
    looked: LookedAt | None = None
    _asked: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def take(self, line: Record, config: Config, then: Then = of_today) -> None:
        """Take one more line in; a look is judged by who took part before it, and by the rules of its moment."""
        refused = () if self.looked is None else self.looked.refused
        match line.body:
            case (
                ev.RunOpened(operator=person, signature=signature)
                | ev.RunHandedOver(to_person=person, signature=signature)
            ):
                self._takes_part(person, signature)
            case ev.ApprovalRequested(request=request, policies=policies):
                self._asked[request] = policies
            case ev.BreakglassOpened(request=request, signature=signature):
                self._takes_part(line.person, signature)
                self.policies += self._asked.get(request, ())
                self.broken_seq, self.looked = line.seq, LookedAt("open", refused)
            case ev.BreakglassReviewed() as body if self.looked is not None:
                at, who = datetime.fromisoformat(line.at), line.person
                rules = then(body.policy_digest, at) or config
                why = self.refusal(body, run=line.run, step=line.step, person=who, at=at, config=rules)
                state = self.looked.state if why else "done"
                self.looked = LookedAt(state, (*refused, (who, why)) if why else refused)
            case _:
                pass

    def _takes_part(self, person: str, signature: str | None) -> None:
        self.people.add(person)
        self.keys |= key_of(signature)

    def team(self, person: str, named: str | None, config: Config) -> str:
        """Tell as which team a person may look afterwards; raises ApprovalError with the reason why they may not."""
        if person in self.people:
            raise ApprovalError(f"{person} took part in the run", hint="a second person must look at it")
        teams = teams_asked(config, self.policies)
        known = config.people[person].teams if person in config.people else ()
        mine = [name for name in teams if name in known and named in {None, name}]
        if not mine:
            raise ApprovalError(
                f"{person} is in no team that was done without", hint=f"somebody of {', '.join(teams)} must look"
            )
        return mine[0]

    def refusal(
        self, body: ev.BreakglassReviewed, *, run: str, step: str | None, person: str, at: datetime, config: Config
    ) -> str | None:
        """Say why somebody's look does not count that was received at a moment; None where it does."""
        try:
            self.team(person, body.as_team, config)
        except ApprovalError as error:
            return error.message
        people, keys = config.people, self.keys
        found = signer_of(body, run=run, step=step, person=person, people=people, at=at, excluded_keys=keys)
        if isinstance(found, Refused):
            return found.reason
        seen = head_in(predicate_of(body.statement)).seq
        return "it was signed before the glass was broken" if seen < self.broken_seq else None


def glass_of(lines: Iterable[Record], config: Config, then: Then = of_today) -> Glass:
    """Read what the lines of one run say of its broken glass."""
    glass = Glass()
    for line in lines:
        glass.take(line, config, then)
    return glass


def post_review(lines: Iterable[Record], config: Config, then: Then = of_today) -> LookedAt | None:
    """Say whether somebody has looked at a broken glass afterwards; None where none was broken.

    It takes a signature of somebody in a team that was done without, who neither operated the run nor broke the glass.
    What that took is judged by the rules that were in force when they looked, where ``then`` tells them.
    """
    return glass_of(lines, config, then).looked
