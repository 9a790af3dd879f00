"""Put a reviewer's request together from the journal, show it whole, and let two facts be read back."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.engine.ports import stamp
from runner.engine.state import State, fold
from runner.errors import ApprovalError, UsageError
from runner.figures import plain
from runner.journal import events as ev
from runner.journal.record import Record
from runner.runbook.values import placeholder
from runner.terminal.console import console
from runner.terminal.paint import show as paint
from runner.terminal.read_back import read_back
from runner.terminal.review_screen import review_screen
from runner.terminal.review_view import Need, ReviewView, Together

if TYPE_CHECKING:
    from datetime import datetime

    from runner.config.model import Config
    from runner.review.requests import Standing
    from runner.terminal.prompts import Prompter


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A request with the lines of its run, and of earlier runs of the same runbook."""

    standing: Standing
    records: tuple[Record, ...]
    state: State
    earlier: tuple[tuple[Record, ...], ...]
    """Newest first."""
    others: tuple[str, ...]
    """Other runs that are open on the same target now."""


def case_of(standing: Standing, lines: Iterable[Record]) -> Case:
    """Find the lines of a request's run, the earlier runs of its runbook, and what else is open on its target."""
    by_run: dict[str, list[Record]] = {}
    for line in lines:
        by_run.setdefault(line.run, []).append(line)
    records = tuple(by_run.pop(standing.request.run))
    state = fold(records)
    known = [(fold(one), tuple(one)) for one in by_run.values() if isinstance(one[0].body, ev.RunOpened)]
    target = standing.request.body.target
    return Case(
        standing,
        records,
        state,
        tuple(one for past, one in reversed(known) if past.opened.runbook == state.opened.runbook),
        tuple(
            f"{past.run} ({past.opened.runbook}, {past.operator}, {past.name})"
            for past, _ in known
            if past.closed is None and any(bound.fingerprint == target for bound in past.opened.targets)
        ),
    )


def view_of(case: Case, config: Config, now: datetime) -> ReviewView:
    """Put together everything that the reviewer's screen shows; what nobody knows stays None."""
    state, standing = case.state, case.standing
    body, path = standing.request.body, standing.request.step
    step = state.step(path)
    if step.entered is None:
        raise UsageError(f"step {path} was never entered", hint="`shisa verify` tells whether the journal is whole")
    before = [one for one in (_step_of(records, path) for records in case.earlier) if one[0] is not None]
    last = before[0] if before else None
    return ReviewView(
        request=standing.id,
        run=state.run,
        runbook=state.opened.runbook,
        step=path,
        operator=body.operator,
        now=stamp(now),
        target=next((one for one in state.opened.targets if one.fingerprint == body.target), None),
        params=tuple(
            (name, _said(value), state.opened.labels.get(name, "")) for name, value in state.opened.params.items()
        ),
        entered=step.entered,
        amended=tuple(_amendment(one) for where, one in state.amendments if where == path),
        since_last_run=None if last is None or last[0] is None else _difference(last[0], step.entered),
        last_run=None if last is None else last[2],
        own_copy=_own_copy(state.opened),
        evidence=() if step.before is None else step.before.evidence,
        together=tuple(_together(state, [part.step for part in body.parts if part.step != path])),
        limits=tuple(_limit(one) for one in body.envelope.get("guards", ())),
        durations_ms=tuple(ended.duration_ms for _, ended, _ in before if ended is not None),
        skips=tuple(f"{path}: {one.skipped}" for path, one in state.steps.items() if one.skipped is not None),
        waivers=tuple(
            f"{one.body.check} {one.body.object}: {one.body.reason}"
            for one in case.records
            if isinstance(one.body, ev.WaiverGiven)
        ),
        other_runs=case.others,
        needs=tuple(_needs(standing, config)),
        not_after=body.not_after,
        window=None if body.window is None else (body.window["not_before"], body.window["not_after"]),
    )


def _together(state: State, paths: Iterable[str]) -> Iterable[Together]:
    for path in paths:
        step = state.step(path)
        if step.entered is None:
            raise UsageError(f"step {path} was never entered", hint="`shisa verify` tells whether the journal is whole")
        yield Together(path, step.entered, () if step.before is None else step.before.evidence)


def show(view: ReviewView) -> float:
    """Show the request whole; gives the moment of first sight."""
    paint(review_screen(view), console("stderr"))
    return time.monotonic()


def attest(view: ReviewView, prompter: Prompter, seen: float) -> dict[str, Any]:
    """Let the reviewer type the target's name and one fact of the screen; a wrong answer is asked once more.

    Raises ApprovalError where it is wrong twice, or no fact is known.
    """
    fact = read_back(view)
    if fact is None or view.target is None:
        raise ApprovalError("no fact of this request is known that could be read back", hint="do not sign it")
    wrong = 0
    attested: dict[str, Any] = {}
    for key, question, accepts in (
        ("target", "Which target does this run on? Type its name:", view.target.name.__eq__),
        (fact.key, fact.question, fact.accepts),
    ):
        while not accepts(typed := prompter.text(question)):
            wrong += 1
            if wrong > 1:
                raise ApprovalError(
                    "what was read back is not what the screen shows", hint="look again; nothing is signed"
                )
        attested[key] = typed
    return attested | {"wrong_answers": wrong, "looked_ms": round((time.monotonic() - seen) * 1000)}


def _step_of(records: Iterable[Record], path: str) -> tuple[ev.StepEntered | None, ev.StepEnded | None, str]:
    entered = ended = None
    label = ""
    for one in records:
        if isinstance(one.body, ev.RunOpened):
            label = f"{one.run}, {one.at[:10]}"
        if one.step == path and isinstance(one.body, ev.StepEntered):
            entered = one.body
        if one.step == path and isinstance(one.body, ev.StepEnded):
            ended = one.body
    return entered, ended, label


def _difference(was: ev.StepEntered, now: ev.StepEntered) -> str:
    old, new = (_lines(one) for one in (was, now))
    return "\n".join(difflib.unified_diff(old, new, "last run", "this run", lineterm="", n=1))


def _lines(entered: ev.StepEntered) -> list[str]:
    return json.dumps(entered.rendered, ensure_ascii=False, indent=1, sort_keys=True).splitlines()


def _own_copy(opened: ev.RunOpened) -> str | None:
    """Compare the pinned runbook with the file of the same place on this machine; None where there is none."""
    pinned = opened.files[0]
    try:
        content = Path(pinned.path).read_bytes()
    except OSError:
        return None
    same = hashlib.sha256(content).hexdigest() == pinned.sha256
    return f"{pinned.path}: {'the same content' if same else 'ANOTHER CONTENT than this run is pinned to'}"


def _needs(standing: Standing, config: Config) -> Iterable[Need]:
    for name in standing.request.body.policies:
        for need in config.policies[name].need if name in config.policies else ():
            signed = tuple(vote.person for vote in standing.votes if vote.team == need.team)
            yield Need(name, need.team, need.n, signed)


def _amendment(body: ev.PlanAmended) -> str:
    changes = ", ".join(f"{field}: {plain(value)}" for field, value in body.set.items())
    return f"{changes or 'steps added behind it'}; remedy of {body.check}: {body.why}"


def _limit(entry: dict[str, Any]) -> str:
    numbers = ", ".join(f"{name} at most {value}" for name, value in entry.get("limits", {}).items())
    what = entry["object"] or "as a whole"
    return f"{entry['check']} on {what}: {entry['verdict']}" + (f" ({numbers})" if numbers else "")


def _said(value: Any) -> str:
    return placeholder(value["secret"]) if isinstance(value, dict) and "secret" in value else str(value)
