"""Events → what people should be told of a run, each from a moment on. Pure.

A message carries no SQL and no parameter, for it may end in a chat.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, assert_never

from checks.duration import parse_duration
from runner.config.model import Config
from runner.engine.fold.state import State, fold
from runner.journal import events as ev
from runner.journal.record import Record
from runner.review.requests import Standing, could_sign, requests_of

About = Literal["request", "question", "escalation", "break-glass", "ended"]
_HORIZON = timedelta(days=1)
"""What nobody has to act on is told for so long: a sink that is new in shisa.yaml learns nothing of the past."""
_PLAIN = re.compile(r"[^\w .,:/\[\]-]")


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """Something that people should be told, once by each sink."""

    about: About
    line: int
    """The journal's line that it tells of."""
    since: datetime
    to: tuple[str, ...]
    step: str | None
    next: str
    """The command that its people run."""
    request: str = ""
    rule: str = ""
    """Which escalation of which policy it is."""
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_json(self, state: State) -> dict[str, Any]:
        """Give what a sink sends; text that people wrote stands in values of its own and in no sentence."""
        return {
            "shisa": 1,
            "id": f"{state.run}/{self.line}{f'/{self.rule}' if self.rule else ''}",
            "text": self._sentence(state),
            "about": self.about,
            "to": list(self.to),
            "run": state.run,
            "step": self.step,
            "runbook": state.opened.runbook,
            "title": state.opened.title,
            "operator": state.operator,
            "targets": [target.name for target in state.opened.targets],
            "request": self.request,
            "rule": self.rule,
            "next": self.next,
            **self.more,
        }

    def _sentence(self, state: State) -> str:
        """Say it in names and words of ours alone: in a chat neither markup nor a mention can be smuggled in."""
        match self.about:
            case "request":
                said = f"{self.step} of run {state.run} waits to be approved"
            case "question":
                said = f"{self.step} of run {state.run} waits for an answer"
            case "escalation":
                said = f"{self.step} of run {state.run} still waits to be approved"
            case "break-glass":
                said = f"the glass of {self.step} of run {state.run} was broken by {self.more['person']}"
            case "ended":
                said = f"run {state.run} has ended: {self.more['state']}"
            case _ as never:
                assert_never(never)
        return _PLAIN.sub("?", f"shisa: {', '.join(self.to)}: {said}. {self.next}")


def may_tell(records: Sequence[Record], now: datetime) -> bool:
    """Whether a run may have something to tell at all: one that ended long ago has not, and costs no second look."""
    closed = any(isinstance(line.body, ev.RunClosed) for line in records)
    return not closed or now < datetime.fromisoformat(records[-1].at) + _HORIZON


def messages(records: Sequence[Record], config: Config, now: datetime) -> Iterator[Message]:
    """Give what people of one run should be told: what holds now, and escalations that are yet to come."""
    state = fold(records)
    if state.closed is None:
        yield from _requests(records, state, config, now)
        yield from _questions(records, state, config, now)
    yield from (one for one in _afterwards(records, state) if one.to and now < one.since + _HORIZON)


def _requests(records: Sequence[Record], state: State, config: Config, now: datetime) -> Iterator[Message]:
    lines = {line.body.request: line for line in records if isinstance(line.body, ev.ApprovalRequested)}
    for standing in requests_of(records, config, now):
        if standing.state != "waiting":
            continue
        line, review, to = lines[standing.id], f"shisa review {state.run}", _missing(standing, config)
        asked = Message("request", line.seq, datetime.fromisoformat(line.at), to, line.step, review, standing.id)
        yield asked
        for name in standing.request.body.policies:
            for each in config.policies[name].escalate:
                yield dataclasses.replace(
                    asked,
                    about="escalation",
                    since=asked.since + parse_duration(each.after),
                    to=_people(each.to, config, standing.request.body.operator),
                    rule=f"{name}: {each.to} after {each.after}",
                )


def _questions(records: Sequence[Record], state: State, config: Config, now: datetime) -> Iterator[Message]:
    lines = {line.step: line for line in records if isinstance(line.body, ev.QuestionAsked)}
    for path, step in state.steps.items():
        question = step.question
        if question is None or step.answer is not None or step.outcome is not None:
            continue
        if question.not_after is None or now < datetime.fromisoformat(question.not_after):
            line, answer = lines[path], f"shisa answer {state.run} {path}"
            to = tuple(who for who, each in config.people.items() if question.team in each.teams)
            yield Message("question", line.seq, datetime.fromisoformat(line.at), to, path, answer)


def _afterwards(records: Sequence[Record], state: State) -> Iterator[Message]:
    """Tell whoever was done without, and in the end everybody who had a say."""
    said: list[str] = []
    look = None
    for line in records:
        match line.body:
            case ev.ApprovalGiven() | ev.ApprovalRejected() | ev.QuestionAnswered() | ev.WaiverGiven():
                said.append(line.person)
            case ev.BreakglassOpened() as body:
                look = f"shisa post-review {state.run}"
                said += body.skipped
                more = {"person": line.person, "reason": body.reason, "ticket": body.ticket, "until": body.until}
                since = datetime.fromisoformat(line.at)
                yield Message("break-glass", line.seq, since, body.skipped, line.step, look, body.request, more=more)
            case ev.RunClosed(state=became, reason=reason):
                to = tuple(who for who in dict.fromkeys(said) if who not in {state.operator, line.person})
                end = {"state": became, "reason": reason}
                report = look or f"shisa report {state.run}"
                yield Message("ended", line.seq, datetime.fromisoformat(line.at), to, None, report, more=end)
            case _:
                pass


def _missing(standing: Standing, config: Config) -> tuple[str, ...]:
    """Tell whose signature a request waits for: everybody who could still give one."""
    return tuple(dict.fromkeys(who for _, gap in standing.missing for who in could_sign(standing, gap.team, config)))


def _people(to: str, config: Config, operator: str) -> tuple[str, ...]:
    """The people whom an escalation means: one by name, or a team without the operator."""
    if to in config.people:
        return (to,)
    return tuple(who for who, each in config.people.items() if to in each.teams and who != operator)
