"""What people decided about a step: who approved, who objected, and who went on without them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from runner.canonical import NotCanonicalError
from runner.figures import figures
from runner.journal import events as ev
from runner.journal.record import Record
from runner.journal.sentences import Tone
from runner.review.statement import predicate_of


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What one person said about a request."""

    at: str
    person: str
    team: str | None
    decision: str
    """``approved``, ``rejected``, ``withdrawn`` or ``glass broken``."""
    request: str
    assurance: str | None = None
    reason: str | None = None
    attested: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What the person read back or measured, as it was signed."""

    @property
    def signed_with(self) -> str:
        """Word what was attested, with its units."""
        return ", ".join(f"{each.label} {', '.join(each.values)}" for each in figures(self.attested))


@dataclasses.dataclass(frozen=True, slots=True)
class Vouched:
    """By whom a step was approved, or that it was begun by a broken glass."""

    text: str
    tone: Tone = "plain"


def decided(lines: Iterable[Record]) -> Callable[[Record], Iterable[str | None]]:
    """Tell about which steps a decision is: its own, and all those of the group that was asked for."""
    asked = (line.body for line in lines if isinstance(line.body, ev.ApprovalRequested))
    of_group = {body.request: tuple(part.step for part in body.parts) for body in asked}

    def about(line: Record) -> Iterable[str | None]:
        if isinstance(line.body, ev.ApprovalGiven | ev.ApprovalRejected | ev.ApprovalWithdrawn | ev.BreakglassOpened):
            return dict.fromkeys((line.step, *of_group.get(line.body.request, ())))
        return ()

    return about


def decision(line: Record) -> Decision:
    """Tell what somebody said about a request."""
    match line.body:
        case ev.ApprovalGiven(request=request, as_team=team, assurance=how, statement=signed):
            return Decision(line.at, line.person, team, "approved", request, how, None, _attested(signed))
        case ev.ApprovalRejected(request=request, as_team=team, reason=why, statement=signed):
            return Decision(line.at, line.person, team, "rejected", request, None, why, _attested(signed))
        case ev.ApprovalWithdrawn(request=request, reason=why):
            return Decision(line.at, line.person, None, "withdrawn", request, None, why)
        case ev.BreakglassOpened(request=request, reason=why, ticket=ticket):
            return Decision(line.at, line.person, None, "glass broken", request, None, f"{why}, {ticket}")
        case other:
            raise AssertionError(other)


def _attested(statement: str) -> Mapping[str, Any]:
    try:
        attested = predicate_of(statement).get("attested")
    except NotCanonicalError:
        return {}
    return attested if isinstance(attested, dict) else {}


def approved_by(decisions: Sequence[Decision], own: Iterable[Record]) -> Iterator[Vouched]:
    """Say who approved a step, and who broke the glass with which one of its own lines says that it was begun."""
    begun = {id_ for line in own if isinstance(line.body, ev.StepIntended) for id_ in line.body.requests}
    signed = [each for each in decisions if each.decision == "approved"]
    for each in signed:
        yield Vouched(f"{each.person} as {each.team}")
    for each in decisions:
        if each.decision == "glass broken" and each.request in begun:
            yield Vouched(f"nobody{' else' if signed else ''}: glass broken by {each.person} ({each.reason})", "bad")
