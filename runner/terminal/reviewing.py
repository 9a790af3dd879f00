"""Put a reviewer's request together from its lines, show it whole, and let two facts be read back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from runner.engine.fold.state import State, fold
from runner.engine.ports import stamp
from runner.engine.reviewer.shown import bound_of, refuse_untrue
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.record import Record
from runner.runbook.values import placeholder
from runner.terminal.console import console
from runner.terminal.history import amendment, difference, earlier, limits, rollback_ran, signed_before
from runner.terminal.paint import show as paint
from runner.terminal.read_back import measured_rows, read_back
from runner.terminal.review_screen import review_screen
from runner.terminal.review_view import Need, ReviewView, Together

if TYPE_CHECKING:
    from datetime import datetime

    from runner.config.model import Config
    from runner.engine.reviewer.second_look import SecondLook
    from runner.review.requests import Standing
    from runner.terminal.prompts import Prompter


class WrongReadBackError(ApprovalError):
    """Somebody read back, twice, what the screen does not show."""


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
    """Find the lines of a request's run, the earlier runs of its runbook, and what else is open on its target.

    Raises ApprovalError where the lines show something else than the request would have signed.
    """
    by_run: dict[str, list[Record]] = {}
    for line in lines:
        by_run.setdefault(line.run, []).append(line)
    records = tuple(by_run.pop(standing.request.run))
    state = fold(records)
    refuse_untrue(state, standing.request)
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


def view_of(
    case: Case,
    config: Config,
    now: datetime,
    *,
    look: SecondLook | None = None,
    person: str | None = None,
    source: str = "",
) -> ReviewView:
    """Put together everything that the reviewer's screen shows; what nobody knows stays None.

    ``person`` is who reads it: what they signed already is not shown again as if it were new.
    """
    state, standing = case.state, case.standing
    body, path = standing.request.body, standing.request.step
    step = state.step(path)
    if step.entered is None:
        raise AssertionError
    before = [one for one in (earlier(records, path) for records in case.earlier) if one is not None]
    last = before[0] if before else None
    evidence = () if step.before is None else step.before.evidence
    return ReviewView(
        request=standing.id,
        run=state.run,
        runbook=state.opened.runbook,
        step=path,
        operator=body.operator,
        now=stamp(now),
        source=source,
        target=bound_of(state, step.entered),
        params=tuple(
            (name, _said(value), state.opened.labels.get(name, "")) for name, value in state.opened.params.items()
        ),
        entered=step.entered,
        rows=measured_rows(state.step(one) for one in standing.request.steps),
        rollback_ran=rollback_ran((case.records, *case.earlier), path) if "rollback" in step.entered.rendered else "",
        amended=tuple(amendment(one) for where, one in state.amendments if where == path),
        since_last_run=None if last is None else difference(last.entered, step.entered),
        last_run=None if last is None else last.label,
        signed_before=None if person is None else signed_before(case.records, path, body, person),
        look=look,
        evidence=evidence,
        together=tuple(_together(state, [part.step for part in body.parts if part.step != path])),
        limits=limits(body),
        durations_ms=tuple(one.ended.duration_ms for one in before if one.ended is not None),
        skips=tuple(f"{path}: {one.skipped}" for path, one in state.steps.items() if one.skipped is not None),
        waivers=tuple(
            f"{one.body.check} {one.body.object}: {one.body.reason}"
            for one in case.records
            if isinstance(one.body, ev.WaiverGiven)
        ),
        other_runs=case.others,
        needs=tuple(_needs(standing, config)),
        excluded=tuple(f"{name} {why}" for name, why in body.excluded.items()),
        not_after=body.not_after,
        window=None if body.window is None else (body.window["not_before"], body.window["not_after"]),
    )


def _together(state: State, paths: Iterable[str]) -> Iterable[Together]:
    for path in paths:
        step = state.step(path)
        if step.entered is None:
            raise AssertionError
        yield Together(path, step.entered, () if step.before is None else step.before.evidence)


def show(view: ReviewView) -> float:
    """Show the request whole; gives the moment of first sight."""
    paint(review_screen(view), console("stderr"))
    return time.monotonic()


def attest(view: ReviewView, prompter: Prompter, seen: float) -> dict[str, Any]:
    """Let the reviewer type the target's name and one fact of the screen; a wrong answer is asked once more.

    Gives what becomes part of the signed bytes. Raises WrongReadBackError where it is wrong twice, ApprovalError
    where no fact is known.
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
        asked = question
        while not accepts(typed := prompter.text(asked)):
            wrong += 1
            asked = f"That is not what the screen shows; another wrong answer signs nothing. {question}"
            if wrong > 1:
                raise WrongReadBackError(
                    "what was read back is not what the screen shows", hint="look again; nothing is signed"
                )
        attested[key] = typed
    own = {} if view.look is None else view.look.attested
    again = {} if view.signed_before is None else {"shown": "what changed since they signed it"}
    return attested | own | again | {"wrong_answers": wrong, "looked_ms": round((time.monotonic() - seen) * 1000)}


def _needs(standing: Standing, config: Config) -> Iterable[Need]:
    for name in standing.request.body.policies:
        for need in config.policies[name].need if name in config.policies else ():
            signed = tuple(vote.person for vote in standing.votes if vote.team == need.team)
            yield Need(name, need.team, need.n, signed)


def _said(value: Any) -> str:
    return placeholder(value["secret"]) if isinstance(value, dict) and "secret" in value else str(value)
