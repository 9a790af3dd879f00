"""Events → the requests in them, each with the decisions that count and what put an end to it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from checks.base import Verdict
from runner.config.model import Config, Person
from runner.journal import events as ev
from runner.journal.record import Record
from runner.review.approval import Counted, Request, verify_approval
from runner.review.keys import fingerprint
from runner.review.sshsig import Refused
from runner.review.wire import MalformedError, dearmour

State = Literal["waiting", "approved", "rejected", "withdrawn", "expired", "stale", "consumed"]
Judge = Callable[[Request, Record, Collection[str]], Counted | Refused]
"""Judges a decision's line; the last argument are fingerprints of keys that the operator signed with."""


@dataclasses.dataclass(frozen=True, slots=True)
class Approved:
    """A decision that counts, and when the journal received it."""

    given: Counted
    at: datetime


@dataclasses.dataclass(slots=True)
class Entry:
    """A request while its events are read."""

    request: Request
    operator_keys: frozenset[str]
    ended: tuple[State, str] | None = None
    lapsed: str | None = None
    """Why it covers no more, also of what was begun by it before that."""
    approvals: list[Approved] = dataclasses.field(default_factory=list)
    refused: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    broken: list[Record] = dataclasses.field(default_factory=list)
    """Lines that say that somebody broke the glass for it."""
    started: dict[str, int] = dataclasses.field(default_factory=dict)
    """The steps that began with it, and how often."""
    done: set[str] = dataclasses.field(default_factory=set)
    """Those of them that need not begin again."""

    def end(self, state: State, reason: str) -> None:
        """Close the request; the first end is the one that counts."""
        if self.ended is None:
            self.ended = state, reason

    def signed_by(self, key: str, *, besides: str) -> str | None:
        """Name somebody else who has approved with a key: people count by name, and a key stands for one of them."""
        named = (one.given.person for one in self.approvals if one.given.fingerprint == key)
        return next((person for person in named if person != besides), None)

    def withdraw(self, reason: str) -> None:
        """Close the request, also one that was used and could be used again."""
        used = self.ended is not None and self.ended[0] == "consumed"
        again = self.started.keys() - self.done
        if used and any(self.started[step] < self.request.body.max_uses for step in again):
            self.ended = None
        self.end("withdrawn", reason)

    def start(self, step: str, at: str) -> None:
        """Use up a step's part of the request; with the last part it is consumed."""
        self.started[step] = self.started.get(step, 0) + 1
        if self.started.keys() >= {part.step for part in self.request.body.parts}:
            self.end("consumed", f"{step} started at {at}")


class Ledger:
    """All requests of the lines read so far."""

    def __init__(self, judge: Judge) -> None:
        self.entries: dict[str, Entry] = {}
        self._judge = judge
        self._opened: dict[str, ev.RunOpened | ev.RunHandedOver] = {}

    def take(self, record: Record) -> None:
        """Take one line in."""
        match record.body:
            case ev.RunOpened() as opened:
                self._opened[record.run] = opened
            case ev.RunHandedOver() as handed:
                self._opened[record.run] = handed
                self._close(record)
            case ev.ApprovalRequested() as body:
                request = Request(record.run, record.step or "", record.at, body)
                self.entries.setdefault(
                    request.id, Entry(request, operator_keys(self._opened.get(record.run), body.operator))
                )
            case ev.ApprovalGiven(request=id_) | ev.ApprovalRejected(request=id_):
                self._decide(id_, record)
            case ev.BreakglassOpened(request=id_) if id_ in self.entries:
                self.entries[id_].broken.append(record)
            case ev.StepIntended() | ev.StepEnded() | ev.StepResolved() | ev.GuardsAsked():
                self._use(record)
            case _:
                self._close(record)

    def _use(self, record: Record) -> None:
        """Use up what a step begins with, and end what is left of a group when a step did not go as it was meant to."""
        step = record.step or ""
        match record.body:
            case ev.StepIntended(requests=ids):
                for id_ in ids:
                    if id_ in self.entries:
                        self.entries[id_].start(step, record.at)
            case ev.StepEnded(outcome="done"):
                self._finish(record.run, step)
            case ev.StepEnded(outcome=outcome):
                self._deviate(record.run, step, f"{step} of the group ended as {outcome}")
            case ev.StepResolved(outcome=outcome):
                self._deviate(record.run, step, f"{record.person} said what became of {step} of the group: {outcome}")
                if outcome == "done":
                    self._finish(record.run, step)
            case ev.GuardsAsked(moment="after", verdict=verdict) if Verdict.of(verdict).closes:
                self._deviate(record.run, step, f"a guard objected after {step} of the group")
            case _:
                pass

    def _finish(self, run: str, step: str) -> None:
        for entry in self._begun_by(run, step):
            entry.done.add(step)

    def _deviate(self, run: str, step: str, reason: str) -> None:
        for entry in self._begun_by(run, step):
            entry.end("stale", reason)

    def _begun_by(self, run: str, step: str) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if entry.request.run == run and step in entry.started)

    def _close(self, record: Record) -> None:
        """Close the requests that a line puts an end to."""
        match record.body:
            case ev.ApprovalWithdrawn(request=id_, reason=reason):
                self._withdraw(id_, record.person, reason)
            case ev.ApprovalExpired(request=id_, reason=reason):
                self._end([id_], "expired", reason)
            case ev.ApprovalStale(request=id_, reasons=reasons):
                self._end([id_], "stale", "; ".join(reasons))
            case ev.RunResumed(plan_digest=str() as digest):
                self._end(self._of(record.run, lambda r: r.plan_digest != digest), "stale", "the runbook was changed")
            case ev.PlanAmended(plan_digest=digest):
                self._end(self._of(record.run, lambda r: r.plan_digest != digest), "stale", "the plan was amended")
            case ev.RunHandedOver(to_person=heir):
                others = self._of(record.run, lambda r: r.operator != heir)
                self._end(others, "stale", f"{heir} is the operator now")
            case ev.RunClosed():
                self._end(self._of(record.run, lambda _: True), "withdrawn", "the run was closed")
            case _:
                pass

    def _decide(self, id_: str, record: Record) -> None:
        entry = self.entries.get(id_)
        if entry is None or entry.ended is not None:
            return
        if (entry.request.run, entry.request.step) != (record.run, record.step):
            entry.refused.append((record.person, "its line stands at another run or step"))
            return
        match self._judge(entry.request, record, entry.operator_keys):
            case Refused(reason):
                entry.refused.append((record.person, reason))
            case Counted(decision="reject", person=person, reason=reason):
                entry.end("rejected", f"{person} rejected it: {reason or 'no reason given'}")
            case Counted(fingerprint=key, person=person) if (other := entry.signed_by(key, besides=person)) is not None:
                entry.refused.append((record.person, f"the key {key} has signed as {other} already"))
            case given:
                entry.approvals.append(Approved(given, datetime.fromisoformat(record.at)))

    def _withdraw(self, id_: str, person: str, reason: str) -> None:
        entry = self.entries.get(id_)
        if entry is not None and person in {entry.request.body.operator, *(a.given.person for a in entry.approvals)}:
            entry.withdraw(f"{person} withdrew: {reason}")

    def _end(self, ids: Iterable[str], state: State, reason: str) -> None:
        for entry in (self.entries[id_] for id_ in ids if id_ in self.entries):
            if state == "stale":
                entry.lapsed = entry.lapsed or reason
            entry.end(state, reason)

    def _of(self, run: str, which: Callable[[ev.ApprovalRequested], bool]) -> list[str]:
        return [id_ for id_, one in self.entries.items() if one.request.run == run and which(one.request.body)]


def operator_keys(begun: ev.RunOpened | ev.RunHandedOver | None, operator: str) -> frozenset[str]:
    """Tell the fingerprint of the key that a run's operator signed with; nobody else's decision may be of that key.

    They signed when they opened the run, or when they took it over.
    """
    match begun:
        case ev.RunOpened(operator=who, signature=signed) | ev.RunHandedOver(to_person=who, signature=signed):
            return key_of(signed) if who == operator else frozenset()
        case None:
            return frozenset()


def key_of(signature: str | None) -> frozenset[str]:
    """Tell the fingerprint of the key that a signature names; none where it names none."""
    try:
        return frozenset() if signature is None else frozenset({fingerprint(dearmour(signature).key)})
    except MalformedError:
        return frozenset()


def operators_of(lines: Iterable[Record]) -> dict[str, frozenset[str]]:
    """Name everybody who has operated a run, each with the fingerprints of the keys that they signed with."""
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        match line.body:
            case (ev.RunOpened(operator=who) | ev.RunHandedOver(to_person=who)) as begun:
                found[who] = found.get(who, frozenset()) | operator_keys(begun, who)
            case _:
                pass
    return found


def judge_by(people: Mapping[str, Person], config: Config | None = None) -> Judge:
    """Judge decisions by the people of shisa.yaml.

    Where the policies of today are given as ``config``, only a team that one of the request's asks can veto.
    """

    def judge(request: Request, record: Record, operator_keys: Collection[str]) -> Counted | Refused:
        body = record.body
        if not isinstance(body, ev.ApprovalGiven | ev.ApprovalRejected):
            raise TypeError(body.name)
        found = verify_approval(
            body.statement,
            body.signature,
            request,
            people=people,
            now=datetime.fromisoformat(record.at),
            excluded_keys=operator_keys,
        )
        due = "approve" if isinstance(body, ev.ApprovalGiven) else "reject"
        if isinstance(found, Counted) and (found.decision, found.as_team) != (due, body.as_team):
            return Refused(f"its line says {due} as {body.as_team}, and its signer says otherwise")
        if config and due == "reject" and body.as_team not in teams_asked(config, request.body.policies):
            return Refused(f"no policy of this request asks team {body.as_team}, so it has no veto")
        return found

    return judge


def teams_asked(config: Config, policies: Iterable[str]) -> tuple[str, ...]:
    """Tell the teams that these policies ask; one that shisa.yaml does not define asks nobody."""
    known = (config.policies[name] for name in policies if name in config.policies)
    return tuple(dict.fromkeys(need.team for policy in known for need in policy.need))
