"""``shisa status``: who waits for whom, since when, until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.cli.common import add_config, add_format, desk, print_json, put, put_lines, say

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from runner.cli.common import Desk
    from runner.config.model import Config
    from runner.engine.fold.state import State
    from runner.journal.record import Record
    from runner.review.afterwards import Then
    from runner.review.requests import Standing

HELP = "Tell of every open run where it stands and, where it waits: who for whom, since when, until when."
EXAMPLE = "  shisa status --watch"
_AGE_S = 60.0
"""Seconds after which ages are printed anew though nothing happened."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--watch", action="store_true", help="stay, and print again when something happens")
    add_config(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print where the open runs stand."""
    at = desk(arguments, readonly=True)
    if arguments.watch:
        _watch(at, arguments.format)
    _print(at, arguments.format)
    return 0


def _watch(at: Desk, shape: str) -> None:
    """Print whenever the journal has grown, until the user interrupts."""
    import sys

    while True:
        if sys.stdout.isatty():
            put("\x1b[H\x1b[2J")
        _print(at, shape)
        sys.stdout.flush()
        at.journal.wait_for_change(_AGE_S)


def _print(at: Desk, shape: str) -> None:
    from runner.cli.haunting import hauntings
    from runner.cli.lookup import all_runs
    from runner.engine.fold.state import fold
    from runner.engine.ports import stamp, wall_clock
    from runner.review.rules_then import rules_then

    now, config = wall_clock(), at.config.config
    runs = all_runs(at.journal)
    found = list(statuses(runs, config, now, rules_then(at.config)))
    listed = {one["run"] for one in found}
    places = hauntings(config, (state for state in map(fold, runs) if state.run in listed))
    if shape == "json":
        print_json([one | places[one["run"]].as_json() for one in found])
        return
    for one in found:
        place = places[one["run"]]
        put_lines([*_lines(one, place.word(one["state"]), stamp(now)), *(f"  {line}" for line in place.told())])
    if not found:
        say("no run is open")


def statuses(
    runs: Iterable[list[Record]], config: Config, now: datetime, then: Then | None = None
) -> Iterator[dict[str, Any]]:
    """Tell where each open run stands at a moment; one that broke the glass is open until somebody has looked at it."""
    from runner.engine.fold.state import fold
    from runner.review.afterwards import of_today, post_review
    from runner.review.requests import requests_of

    for records in runs:
        state = fold(records)
        glass = post_review(records, config, then or of_today)
        if state.closed is None or (glass is not None and glass.state == "open"):
            current = {step.unused.request for step in state.steps.values() if step.unused}
            asked = [one for one in requests_of(records, config, now) if one.id in current]
            told = {} if glass is None else {"post_review": glass.state}
            yield _status(state, records, asked, config) | told


def _status(state: State, records: list[Record], asked: Iterable[Standing], config: Config) -> dict[str, Any]:
    return {
        "run": state.run,
        "runbook": state.opened.runbook,
        "title": state.opened.title,
        "state": state.name,
        "reason": None if state.paused is None else state.paused.reason,
        "operator": state.operator,
        "started_at": state.started_at,
        "last_at": records[-1].at,
        "requests": [_request(one, config) for one in asked],
        "questions": list(_questions(state, records, config)),
        "told": list(_told(records)),
    }


def _told(records: list[Record]) -> Iterator[dict[str, Any]]:
    """Tell who was told of what, and where that failed."""
    from runner.journal.events import Notified

    for record in records:
        match record.body:
            case Notified() as body:
                yield {
                    "about": body.about,
                    "step": record.step,
                    "to": list(body.to),
                    "rule": body.rule,
                    "sink": body.sink,
                    "at": record.at,
                    "failed": body.failed,
                }
            case _:
                pass


def _questions(state: State, records: list[Record], config: Config) -> Iterator[dict[str, Any]]:
    """Tell the written questions that nobody has answered."""
    from runner.journal.events import QuestionAsked

    asked = {record.step: record.at for record in records if isinstance(record.body, QuestionAsked)}
    for path, step in state.steps.items():
        question = step.question
        if question is not None and step.answer is None and step.outcome is None:
            yield {
                "step": path,
                "team": question.team,
                "question": question.question,
                "since": asked[path],
                "until": question.not_after,
                "people": [name for name, who in config.people.items() if question.team in who.teams],
            }


def _request(one: Standing, config: Config) -> dict[str, Any]:
    from runner.engine.ports import stamp
    from runner.review.requests import could_sign

    return {
        "step": one.request.step,
        "steps": [part.step for part in one.request.body.parts if part.step not in one.started],
        "state": one.state,
        "reason": one.reason,
        "since": one.request.at,
        "until": stamp(one.deadline),
        "not_before": None if one.not_before is None else stamp(one.not_before),
        "broken_by": one.broken_by,
        "approved": [{"person": vote.person, "team": vote.team} for vote in one.votes],
        "missing": [
            {
                "policy": policy,
                "team": gap.team,
                "n": gap.n,
                "people": list(could_sign(one, gap.team, config)),
            }
            for policy, gap in one.missing
        ],
        "not_counted": [{"person": person, "reason": reason} for person, reason in one.refused],
    }


def _lines(one: Mapping[str, Any], word: str, now: str) -> Iterator[str]:
    from runner.figures import age, moment

    reason = f": {one['reason']}" if one["reason"] else ""
    yield f"{one['run']}  {word}{reason}"
    yield f"  {one['title']} ({one['runbook']}), {one['operator']} since {moment(one['started_at'])}"
    yield f"  last heard of {age(one['last_at'], now)}"
    if one.get("post_review") == "open":
        yield f"  BREAK-GLASS: nobody has looked at it since: shisa post-review {one['run']}"
    for told in one["told"]:
        failed = f"NOT TOLD: {told['failed']}" if told["failed"] else f"told {age(told['at'], now)}"
        by = f" by {told['sink']}" if told["sink"] else ""
        about = f"{told['about']} {told['rule']}".strip()
        yield f"  {told['step'] or 'the run'}: {about}: {', '.join(told['to'])} {failed}{by}"
    for request in one["requests"]:
        yield f"  {' and '.join(request['steps'] or [request['step']])}: {_stands(request, one['operator'], now)}"
        for gap in request["missing"] if request["state"] == "waiting" else ():
            people = ", ".join(gap["people"]) or "NOBODY in shisa.yaml could"
            yield f"    {gap['n']} of {gap['team']} for {gap['policy']}: {people}"
        if request["state"] == "waiting":
            yield f"    they run: shisa review {one['run']}; sharing no journal: shisa export {one['run']}"
        for vote in request["approved"]:
            yield f"    approved by {vote['person']} as {vote['team']}"
        for refused in request["not_counted"]:
            yield f"    NOT COUNTED: {refused['person']}: {refused['reason']}"
    for question in one["questions"]:
        until = f", until {moment(question['until'])}" if question["until"] else ""
        people = ", ".join(question["people"]) or "NOBODY in shisa.yaml could"
        yield f"  {question['step']}: asked {age(question['since'], now)}{until}: {question['question']}"
        yield f"    1 of {question['team']}: {people}"


def _stands(request: Mapping[str, Any], operator: str, now: str) -> str:
    from runner.figures import age, moment

    until = moment(request["until"] or "")
    match request["state"]:
        case "waiting":
            return f"{operator} waits for approval, asked {age(request['since'], now)}, until {until}"
        case "approved":
            begin = f" from {moment(request['not_before'])}" if request["not_before"] else ""
            if request["broken_by"]:
                return f"GLASS BROKEN by {request['broken_by']}; {operator} may start it until {until}"
            return f"approved; {operator} may start it{begin} until {until}"
        case state:
            return f"{state}: {request['reason'] or 'no reason given'}"
