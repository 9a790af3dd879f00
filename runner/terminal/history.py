"""What went before a request: the step in earlier runs, remedies, limits, what its reviewer signed already. Pure."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.figures import moment, plain
from runner.journal import events as ev
from runner.journal.record import Record


@dataclasses.dataclass(frozen=True, slots=True)
class Earlier:
    """A step in an earlier run of the same runbook."""

    entered: ev.StepEntered
    ended: ev.StepEnded | None
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class SignedBefore:
    """That this reviewer signed the very same text before, and what was measured then."""

    at: str
    became: str
    evidence: tuple[dict[str, Any], ...]
    changed: tuple[str, ...]
    """What a signature binds besides the text and is another now."""


def earlier(records: Iterable[Record], path: str) -> Earlier | None:
    """Find a step in the lines of an earlier run; None where that run did not come so far."""
    entered: ev.StepEntered | None = None
    ended: ev.StepEnded | None = None
    label = ""
    for one in records:
        if isinstance(one.body, ev.RunOpened):
            label = f"{one.run}, {one.at[:10]}"
        if one.step == path and isinstance(one.body, ev.StepEntered):
            entered = one.body
        if one.step == path and isinstance(one.body, ev.StepEnded):
            ended = one.body
    return None if entered is None else Earlier(entered, ended, label)


def rollback_ran(runs: Iterable[Iterable[Record]], path: str) -> str:
    """Say when the step's rollback ran last and what came of it, in runs that are given newest first."""
    for records in runs:
        for one in reversed(tuple(records)):
            if one.step == f"{path}.rollback" and isinstance(one.body, ev.StepEnded):
                return f"{one.body.outcome} in run {one.run}, {one.at[:10]}"
    return "never, as far as this journal tells"


def difference(was: ev.StepEntered, now: ev.StepEntered) -> str:
    """Compare two renderings of a step as a unified diff; empty where they are one."""
    old, new = (_lines(one) for one in (was, now))
    return "\n".join(difflib.unified_diff(old, new, "last run", "this run", lineterm="", n=1))


def signed_before(
    records: Iterable[Record], path: str, request: ev.ApprovalRequested, person: str
) -> SignedBefore | None:
    """Find the newest request of this run that the person approved for the very text of this one."""
    asked: dict[str, tuple[ev.ApprovalRequested, tuple[dict[str, Any], ...]]] = {}
    evidence: tuple[dict[str, Any], ...] = ()
    found: SignedBefore | None = None
    signed: str | None = None
    for one in records:
        match one.body:
            case ev.GuardsAsked(moment="before", evidence=evidence) if one.step == path:
                pass
            case ev.ApprovalRequested() as body if one.step == path and body.request != request.request:
                asked[body.request] = body, evidence
            case ev.ApprovalGiven(request=id_) if id_ in asked and one.person == person:
                was, seen = asked[id_]
                if was.step_digest == request.step_digest:
                    signed = id_
                    found = SignedBefore(one.at, "can no longer be used", seen, tuple(_changed(was, request)))
            case ev.ApprovalExpired(request=id_, reason=reason) if found and id_ == signed:
                found = dataclasses.replace(found, became=reason)
            case ev.ApprovalStale(request=id_, reasons=reasons) if found and id_ == signed:
                found = dataclasses.replace(found, became=f"stale: {'; '.join(reasons)}")
            case ev.ApprovalWithdrawn(request=id_, reason=reason) if found and id_ == signed:
                found = dataclasses.replace(found, became=f"withdrawn: {reason}")
            case _:
                pass
    return found


def amendment(body: ev.PlanAmended) -> str:
    """Word what a remedy changed."""
    changes = ", ".join(f"{field}: {plain(value)}" for field, value in body.set.items())
    return f"{changes or 'steps added behind it'}; remedy of {body.check}: {body.why}"


def limit(entry: Mapping[str, Any]) -> str:
    """Word one entry of an envelope."""
    numbers = ", ".join(f"{name.replace('_', ' ')} at most {value}" for name, value in entry.get("limits", {}).items())
    what = f"on {entry['object']}" if entry["object"] else "as a whole"
    return f"{entry['check']} {what}: {entry['verdict']}" + (f" ({numbers})" if numbers else "")


def limits(body: ev.ApprovalRequested) -> tuple[str, ...]:
    """Word a request's envelope: what its guards may find, and each item that a loop goes through."""
    guards = (limit(one) for one in body.envelope.get("guards", ()))
    parts = [(f"{part.step} on ", part.envelope) for part in body.parts] or [("", body.envelope)]
    looped = ((where, each["items"]) for where, each in parts if "items" in each)
    return (
        *guards,
        *(f"{where}{len(items)} items: {json.dumps(items, ensure_ascii=False)}" for where, items in looped),
    )


def _changed(was: ev.ApprovalRequested, now: ev.ApprovalRequested) -> Iterable[str]:
    for name, label in (
        ("operator", "the operator"),
        ("target", "the target's fingerprint"),
        ("policies", "the policies"),
        ("policy_digest", "shisa.yaml's people or policies"),
        ("plan_digest", "another step, file or parameter of the plan"),
        ("window", "the window"),
    ):
        if getattr(was, name) != getattr(now, name):
            yield label
    old, new = ({*limits(each)} for each in (was, now))
    yield from (f"you would accept now: {told}" for told in sorted(new - old))
    yield from (f"you accepted, and it is gone: {told}" for told in sorted(old - new))
    if was.not_after != now.not_after:
        yield f"sign until {moment(now.not_after)}, instead of {moment(was.not_after)}"


def _lines(entered: ev.StepEntered) -> list[str]:
    return json.dumps(entered.rendered, ensure_ascii=False, indent=1, sort_keys=True).splitlines()
