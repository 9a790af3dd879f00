"""What outlives every process of a simulated run: the database, the people, the journal, and chance."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from runner.config.model import Config, Need, Person, Policy
from runner.engine.fold.undoing import undone_of
from runner.journal import events as ev
from runner.journal.record import Head, Record
from runner.review import requests
from runner.review.approval import Counted
from runner.review.sshsig import Refused

RUN = "261123-abcdef"
CONFIG = Config(
    shisa=1,
    people={"bob": Person(teams=("dev",)), "carol": Person(teams=("dev",))},
    policies={"cross": Policy(need=(Need(team="dev", n=1),), approval_ttl="15min", retries=1)},
)
OPENED = ev.RunOpened(
    version="0",
    runbook="r",
    title="",
    files=(),
    params={},
    targets=(),
    operator="alice",
    host="h",
    plan_digest="0",
    policy_digest="0",
)


@dataclasses.dataclass(frozen=True)
class Planned:
    """One step: its kind, whether a second person must sign, whether guards stand around it."""

    kind: str
    approved: bool
    guarded: bool
    undone: bool = False
    """Whether it says how it is taken back."""
    moves: bool = False
    """Whether its target is another server after it, and the old one again once it is taken back."""

    @property
    def exactly_once(self) -> bool:
        return self.kind == "sql"


class Crash(Exception):  # noqa: N818 - no error, the end of a process
    """The process is gone."""


class Left(Exception):  # noqa: N818 - as above
    """The program let go of the run."""


class World:
    """The database, the people and the journal; they outlive every process."""

    def __init__(self, plan: dict[str, Planned], choices: list[int]) -> None:
        self.plan = dict(plan)
        self.choices: Iterator[int] = iter(choices)
        self.records: list[Record] = []
        self.effects: dict[str, int] = {}
        self.committed: set[tuple[str, int]] = set()
        """Step and attempt of each transaction that was committed: what ``pg_xact_status`` knows."""
        self.now = datetime(2026, 11, 23, tzinfo=UTC)
        self.server = 0
        """Which server, or history of one, the target leads to."""
        self.crashes = 0
        self.operator = "alice"
        self.append(OPENED)

    def chance(self, count: int) -> int:
        """Choose one of ``count`` ways; 0, the good one, where the schedule has ended."""
        return next(self.choices, 0) % count

    def planned(self, path: str) -> Planned:
        """Give a step of the plan; a rollback is one transaction, and leads the target back where its step moved it."""
        step = undone_of(path)
        if step is None:
            return self.plan[path]
        return Planned("sql", approved=False, guarded=False, moves=self.plan[step].moves)

    def bound(self) -> int:
        """Tell the server that the run is bound to, by the journal alone."""
        changes = (record.body for record in reversed(self.records) if isinstance(record.body, ev.TargetChanged))
        return next((body.identity["server"] for body in changes), 0)

    def happen(self, path: str) -> None:
        """Let a step's effect happen, once more; a switchover may take its time, and is made once."""
        assert self.server == self.bound(), "done on a server that the run is not bound to"
        self.effects[path] = self.effects.get(path, 0) + 1
        if self.planned(path).moves and self.chance(3) != 1:
            self.server += 1

    def fail_over(self) -> None:
        """Move the target, now and then, though nobody declared it."""
        if self.chance(60) == 1:
            self.server += 1

    def hand_over(self) -> None:
        """Let another person take the run over, now and then."""
        if self.chance(8) == 1:
            heir = "dave" if self.operator == "alice" else "alice"
            self.append(ev.RunHandedOver(from_person=self.operator, to_person=heir), person=heir)
            self.operator = heir

    def append(self, body: ev.Event, step: str | None = None, person: str | None = None) -> None:
        """Write a line; the process may die right before or right after it."""
        own, person = person is None, person or self.operator
        self.now += timedelta(seconds=1)
        record = Record(len(self.records) + 1, self.now.isoformat(), RUN, step, person, body, "", "", "")
        if self.records and own and self.chance(40) == 1:
            raise Crash
        self.records.append(record)
        if len(self.records) > 1 and own and self.chance(40) == 1:
            raise Crash

    def standing(self) -> list[requests.Standing]:
        with patch.object(requests, "judge_by", lambda *_: believe):
            return requests.requests_of(self.records, CONFIG, self.now)

    def requests(self) -> dict[str, str]:
        return {one.id: one.state for one in self.standing()}

    def usable(self, path: str, request: ev.ApprovalRequested | None) -> bool:
        """Whether an attempt at a step may be made under its approval."""
        found = [one for one in self.standing() if request is not None and one.id == request.request]
        return any(one.state == "approved" or requests.uses_left(one, path, self.now) for one in found)

    def order(self) -> list[str]:
        return list(self.plan)


def believe(_request: object, record: Record, _keys: object) -> Counted | Refused:
    """Take every decision for rightly signed, but of a stranger."""
    if record.person not in CONFIG.people:
        return Refused("nobody knows them")
    decision = "approve" if isinstance(record.body, ev.ApprovalGiven) else "reject"
    return Counted(record.person, "dev", decision, record.at, "", {}, Head(0, ""), None)
