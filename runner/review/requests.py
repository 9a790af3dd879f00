"""Fold: the events of runs → the requests in them, and whether each is approved at this moment. Pure.

Every decision is judged again each time: a reviewer who left shisa.yaml no longer counts.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from checks.duration import parse_duration
from runner.config.model import Config, Policy
from runner.journal.record import Record
from runner.policy import Matching, Missing, Vote, assign
from runner.review.approval import Request
from runner.review.breakglass import broken_until
from runner.review.ledger import Approved, Entry, Ledger, State, judge_by


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A request and how it stands at one moment."""

    request: Request
    state: State
    deadline: datetime
    """Waiting: until when people may sign. Approved: until when the step may start."""
    reason: str | None = None
    """Why it can no longer be used; None while waiting or approved."""
    approvals: tuple[Approved, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """Decisions that do not count: the person of the line, and the reason."""
    missing: tuple[tuple[str, Missing], ...] = ()
    """What is still needed: the policy's name, and the people."""
    not_before: datetime | None = None
    """The start of the signed window; an approved step may not start earlier."""
    started: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """The steps that have begun with it, and how often."""
    done: frozenset[str] = frozenset()
    """Those of them that are done."""
    lapsed: str | None = None
    """Why it covers no more of what was begun by it: neither another attempt, nor the rest of a loop."""
    broken_by: str | None = None
    """Who broke the glass for it, where that is what it may start by."""
    operator_keys: frozenset[str] = frozenset()
    """Fingerprints of keys that the operator signed with; nobody approves with one of these."""

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id

    def early(self, now: datetime) -> bool:
        """Whether it is approved for a window that has not begun."""
        return self.state == "approved" and self.not_before is not None and now < self.not_before

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Who approved, and as which team."""
        return tuple(Vote(one.given.person, one.given.as_team) for one in self.approvals)


def sign_from(standing: Standing, config: Config) -> datetime | None:
    """Tell from when the last signature for a window counts: an approval holds only so long; None where at once."""
    if standing.not_before is None:
        return None
    known = [config.policies[name] for name in standing.request.body.policies if name in config.policies]
    limits = [parse_duration(policy.window.max if policy.window else policy.approval_ttl) for policy in known]
    return standing.not_before - min(limits) if limits else None


def could_sign(standing: Standing, team: str, config: Config) -> tuple[str, ...]:
    """Name the people of a team whose signature a request could still get."""
    body = standing.request.body
    spent = {body.operator, *body.excluded, *(vote.person for vote in standing.votes)}
    return tuple(name for name, who in config.people.items() if team in who.teams and name not in spent)


def uses_left(standing: Standing, step: str, now: datetime) -> int:
    """Tell how often a step may still be started with its request, first starts and retries alike.

    None is left of a step that is done, when somebody ended the request, when it was never approved or is void, or
    past its deadline: that of the approval, or of the broken glass that it was begun by.
    """
    started = standing.started.get(step, 0)
    covered = not standing.missing or standing.broken_by is not None
    usable = covered and standing.lapsed is None and standing.state in {"approved", "consumed"}
    if not usable or now > standing.deadline or step in standing.done:
        return 0
    return max(0, standing.request.body.max_uses - started)


def new_request_id() -> str:
    """Make an id that was never used: ``req-`` and 128 random bits."""
    return f"req-{secrets.token_hex(16)}"


def requests_of(records: Iterable[Record], config: Config, now: datetime) -> list[Standing]:
    """Tell how every request in these lines (of one run or of many) stands at ``now``, oldest first."""
    asked = Requests(config, records)
    return [asked.standing(id_, now) for id_ in asked]


class Requests:
    """The requests in lines that are read as they come: each signature is judged once, each request when it matters."""

    def __init__(self, config: Config, records: Iterable[Record] = ()) -> None:
        self._config = config
        self._ledger = Ledger(judge_by(config.people, config))
        for record in records:
            self.take(record)

    def __iter__(self) -> Iterator[str]:
        """Give the ids, the oldest first."""
        return iter(self._ledger.entries)

    def take(self, record: Record) -> None:
        """Take one more line in."""
        self._ledger.take(record)

    def standing(self, id_: str, now: datetime) -> Standing:
        """Tell how a request stands at a moment. Raises KeyError where there is none of that id."""
        return _standing(self._ledger.entries[id_], self._config, now)


def _standing(entry: Entry, config: Config, now: datetime) -> Standing:
    body = entry.request.body
    window = {name: datetime.fromisoformat(text) for name, text in (body.window or {}).items()}
    known = {name: config.policies[name] for name in body.policies if name in config.policies}
    stands = Standing(
        request=entry.request,
        state="waiting",
        approvals=tuple(entry.approvals),
        refused=tuple(entry.refused),
        missing=tuple(
            (name, gap) for name, policy in known.items() for gap in _matching(policy, entry.approvals).missing
        ),
        not_before=window.get("not_before"),
        deadline=datetime.fromisoformat(body.not_after),
        started=dict(entry.started),
        done=frozenset(entry.done),
        lapsed=entry.lapsed,
        operator_keys=entry.operator_keys,
    )
    absent = sorted({*body.policies} - {*known}) if body.policies else ["of the request"]
    completed = None if absent else _completed(list(known.values()), entry.approvals)
    if completed is not None:
        deadline = _start_by(list(known.values()), completed, window.get("not_after"))
        stands = dataclasses.replace(stands, state="approved", deadline=deadline)
    elif not absent:
        stands = _broken(stands, entry, config)
    if entry.ended is not None:
        return dataclasses.replace(stands, state=entry.ended[0], reason=entry.ended[1])
    if absent:
        reason = f"shisa.yaml has no policy {', '.join(absent)}"
        return dataclasses.replace(stands, state="stale", reason=reason)
    if completed is not None and stands.early(stands.deadline):
        reason = f"the last signature is of {completed:%Y-%m-%d %H:%M} UTC, too long before the window for its policies"
        return dataclasses.replace(stands, state="expired", reason=reason)
    if now > stands.deadline:
        what = "nobody started the step" if stands.state == "approved" else "not enough people signed"
        return dataclasses.replace(stands, state="expired", reason=f"{what} by {stands.deadline:%Y-%m-%d %H:%M:%S} UTC")
    return stands


def _broken(stands: Standing, entry: Entry, config: Config) -> Standing:
    """Let the newest broken glass stand in for the signatures; one that does not count is told."""
    for line in reversed(entry.broken):
        until = broken_until(line, entry.request, config)
        if isinstance(until, datetime):
            return dataclasses.replace(stands, state="approved", deadline=until, broken_by=line.person)
        stands = dataclasses.replace(stands, refused=(*stands.refused, (line.person, until.reason)))
    return stands


def _matching(policy: Policy, approvals: Sequence[Approved]) -> Matching:
    return assign(policy.need, (Vote(one.given.person, one.given.as_team) for one in approvals))


def _completed(policies: Sequence[Policy], approvals: Sequence[Approved]) -> datetime | None:
    """Tell when the last approval needed came in; None while some are missing."""
    for count in range(1, len(approvals) + 1):
        if all(_matching(policy, approvals[:count]).complete for policy in policies):
            return approvals[count - 1].at
    return None


def _start_by(policies: Sequence[Policy], completed: datetime, window_end: datetime | None) -> datetime:
    """Tell until when an approved step may start: the window's end, but no policy's limit is stretched by it."""
    if window_end is None:
        return completed + min(parse_duration(policy.approval_ttl) for policy in policies)
    limits = (policy.window.max if policy.window else policy.approval_ttl for policy in policies)
    return min(window_end, completed + min(map(parse_duration, limits)))
