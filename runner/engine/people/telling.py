"""Tell people that they are waited for, or were done without; whether that worked stands in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from checks.duration import parse_duration
from runner.config.model import Config, Loaded
from runner.engine.fold.state import State
from runner.engine.people.hook import tell
from runner.engine.ports import moment
from runner.journal.events import ApprovalRequested, BreakglassOpened, Notified
from runner.journal.record import Record
from runner.review.approval import Request


def due(records: Iterable[Record], asked: ApprovalRequested, config: Config, now: datetime) -> Iterator[Notified]:
    """Tell which escalations of a request are due and were not told yet, not sent; pure."""
    since: datetime | None = None
    told: set[str] = set()
    for line in records:
        match line.body:
            case ApprovalRequested(request=id_) if id_ == asked.request:
                since = moment(line.at)
            case Notified(request=id_, about="escalation", rule=rule) if id_ == asked.request:
                told.add(rule)
            case _:
                pass
    for name in asked.policies:
        for each in config.policies[name].escalate if name in config.policies else ():
            rule = f"{name}: {each.to} after {each.after}"
            if since is not None and rule not in told and now >= since + parse_duration(each.after):
                told.add(rule)
                to = _people(each.to, config, asked.operator)
                yield Notified(about="escalation", to=to, request=asked.request, rule=rule)


def escalation(config: Loaded, state: State, step: str, body: Notified) -> str | None:
    """Tell people that a request is waiting for somebody; says why that failed."""
    if not body.to:
        return "nobody of shisa.yaml is meant by it"
    return tell(config, _message(state, step, body) | {"next": f"shisa review {state.run}"})


def broken_glass(
    config: Loaded, state: State, request: Request, opened: BreakglassOpened, by: str
) -> Iterator[Notified]:
    """Tell each skipped reviewer that the glass was broken; yields what became of it, one by one."""
    more = {"person": by, "reason": opened.reason, "ticket": opened.ticket, "until": opened.until}
    for person in opened.skipped:
        body = Notified(about="break-glass", to=(person,), request=request.id)
        message = _message(state, request.step, body) | more | {"next": f"shisa post-review {state.run}"}
        failed = tell(config, message)
        yield Notified(about="break-glass", to=(person,), request=request.id, failed=failed)


def _message(state: State, step: str, body: Notified) -> dict[str, Any]:
    """What the command is given; no SQL and no parameter, for it may end in a chat."""
    return {
        "shisa": 1,
        "about": body.about,
        "to": list(body.to),
        "run": state.run,
        "step": step,
        "runbook": state.opened.runbook,
        "title": state.opened.title,
        "operator": state.operator,
        "targets": [target.name for target in state.opened.targets],
        "request": body.request,
        "rule": body.rule,
    }


def _people(to: str, config: Config, operator: str) -> tuple[str, ...]:
    """The people whom an escalation means: one by name, or a team without the operator."""
    if to in config.people:
        return (to,)
    return tuple(who for who, each in config.people.items() if to in each.teams and who != operator)
