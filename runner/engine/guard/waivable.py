"""Which finding of a closed gate somebody means to waive, and the waiver that accepts it as it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks import catalog
from checks.base import Verdict
from runner.engine.fold.state import State
from runner.errors import ApprovalError, UsageError
from runner.evidence import guard_name
from runner.journal.events import WaiverGiven

Found = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A guard's evidence and one finding in it, as JSON."""


def closing_finding(state: State, step: str, name: str) -> Found:
    """Find what keeps a step's gate shut by its name, ``CHECK:OBJECT`` or ``CHECK``.

    Raises UsageError where none or several fit, ApprovalError where it cannot be waived.
    """
    known = state.step(step)
    state.require_open()
    if not known.closed_by_guards:
        raise UsageError(
            f"no guard keeps {step} of run {state.run} from going on", hint=f"`shisa show {state.run}` tells what does"
        )
    asked = known.after or known.before
    found = [] if asked is None else list(_closing(asked.evidence))
    fitting = [each for each in found if name in {each[0]["check"], _name(each)}]
    if len(fitting) != 1:
        raise UsageError(
            f"{name} names {len(fitting)} findings of {step}",
            hint=f"these close the gate: {', '.join(closing_names(() if asked is None else asked.evidence))}",
        )
    check = fitting[0][0]["check"]
    if not catalog.get(check).cls.waivable:
        raise ApprovalError(f"what {check} finds cannot be waived", hint=f"`shisa explain {check}` tells what to do")
    return fitting[0]


def closing_names(evidence: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Name what keeps a gate shut, as `shisa waive` takes it."""
    return tuple(dict.fromkeys(map(_name, _closing(evidence))))


def waiver_of(
    state: State,
    step: str,
    item: Mapping[str, Any],
    finding: Mapping[str, Any],
    *,
    reason: str,
    until: str,
    as_team: str,
    policy_digest: str,
) -> WaiverGiven:
    """Build the waiver, not signed yet: no worse than now, for the step's text as it is, for this run."""
    entered = state.step(step).entered
    measured, limits = finding["measured"], item["limits"]
    return WaiverGiven(
        check=item["check"],
        object=finding["object"],
        reason=reason,
        until=until,
        target=item["target"],
        nth=item.get("nth", 1),
        verdict=finding["verdict"],
        limits={name: measured[name] for name in limits if isinstance(measured.get(name), int)},
        as_team=as_team,
        step_digest="" if entered is None else entered.step_digest,
        policy_digest=policy_digest,
        statement="",
        signature="",
    )


def _closing(evidence: Sequence[Mapping[str, Any]]) -> Iterator[Found]:
    """Give each finding that closes; a guard that could not look at all is a finding without an object."""
    for item in evidence:
        if not Verdict.of(item["verdict"]).closes:
            continue
        open_ones = [one for one in item["findings"] if not {"accepted", "waived"} & one.keys()]
        found = [one for one in open_ones if Verdict.of(one["verdict"]).closes]
        yield from ((item, one) for one in found)
        if not found:
            yield item, {"object": "", "verdict": item["verdict"], "measured": {}}


def _name(found: Found) -> str:
    item, finding = found
    return f"{guard_name(item)}:{finding['object']}" if finding["object"] else guard_name(item)
