"""Ask a guard: give a check its port to the target, judge what it learned, and never say ok where it could not look."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from checks.base import CannotAskError, Check, Finding, Verdict
from checks.describe import CheckSpec, ParamError
from runner.basis import Basis
from runner.clock import Clock, stamp, wall_clock
from runner.config.model import Accepted
from runner.evidence import Evidence
from runner.port import GuardAsk

__all__ = ["GuardAsk", "ask_guard", "could_not_ask"]


def ask_guard(
    spec: CheckSpec,
    params: Mapping[str, Any],
    ask: GuardAsk,
    *,
    severity: str = "block",
    accept: Iterable[Accepted] = (),
    rests_on: bool = False,
    clock: Clock = wall_clock,
) -> Evidence:
    """Ask one guard on one snapshot and judge; whatever keeps it from looking is UNKNOWN, never an exception.

    ``rests_on`` notes what the evidence of a steady check rests on, so that it can be proven to hold later.
    """
    begun, taken = time.monotonic(), clock()
    sent, ask.baseline = len(ask.sent), None
    ask.basis = _basis(ask) if rests_on and spec.cls.steady else None
    looked_at, findings, failure = _found(spec, params, ask)
    known = {each.object: each for each in accept if _about(each, spec, params) and _holds(each, taken)}
    if severity == "warn":
        findings = [_lowered(finding) for finding in findings]
    findings.sort(key=lambda finding: -finding.verdict)
    counting = [finding for finding in findings if finding.object not in known]
    verdict = max([finding.verdict for finding in counting], default=Verdict.PASS)
    if failure or not (looked_at or spec.cls.empty_ok):
        verdict = max(verdict, Verdict.UNKNOWN)
    return Evidence(
        check=spec.id,
        verdict=verdict,
        message=failure or _message(spec, counting, looked_at, len(findings) - len(counting)),
        looked_at=looked_at,
        findings=tuple(findings),
        target=ask.target,
        sql=tuple(ask.sent[sent:]),
        taken_at=stamp(taken),
        duration_ms=round((time.monotonic() - begun) * 1000),
        accepted=known,
        limits=spec.limits,
        binds=spec.cls.binds,
        severity=severity,
        baseline=ask.baseline,
        basis=None if ask.basis is None or failure else ask.basis.as_json(),
    )


def could_not_ask(spec: CheckSpec, target: str, reason: str, *, clock: Clock = wall_clock) -> Evidence:
    """Make the evidence of a guard whose target was not even reached: UNKNOWN, with the reason."""
    why, taken = _could_not(spec, reason), stamp(clock())
    return Evidence(spec.id, Verdict.UNKNOWN, why, 0, (), target, (), taken, 0, limits=spec.limits)


def _basis(ask: GuardAsk) -> Basis | None:
    try:
        return Basis(ask.session)
    except CannotAskError:
        return None


def _found(spec: CheckSpec, params: Mapping[str, Any], ask: GuardAsk) -> tuple[int, list[Finding], str]:
    """Look and judge: how many objects, what was found, and why it failed (empty where it did not)."""
    try:
        _require_version(spec, ask.server_version)
        check: Check[Any] = spec.build(params, ask.step)
        with ask.snapshot():
            facts = check.gather(ask)
        looked_at = check.looked_at(facts)
        findings = list(check.judge(facts))
    except CannotAskError as error:
        return 0, [], _could_not(spec, error.reason)
    except ParamError as error:
        return 0, [], _could_not(spec, str(error))
    except Exception as error:  # noqa: BLE001 - a defect in a check must close the gate, not open it
        return 0, [], _could_not(spec, f"the check itself failed with {type(error).__name__}: {error}")
    if not looked_at and not check.empty_ok and not any(finding.verdict.closes for finding in findings):
        return 0, findings, f"{spec.id} found no {spec.looks_at} to look at, so it says nothing."
    return looked_at, findings, ""


def _require_version(spec: CheckSpec, version: int) -> None:
    if version // 10000 < spec.since:
        raise CannotAskError(f"it needs PostgreSQL {spec.since}, this is {version // 10000}")


def _message(spec: CheckSpec, counting: Sequence[Finding], looked_at: int, accepted: int) -> str:
    settled = f" {accepted} known and accepted." if accepted else ""
    objecting = [finding for finding in counting if finding.verdict > Verdict.PASS]
    if not (counting or looked_at):
        return f"No {spec.looks_at} found.{settled}"
    if not objecting:
        told = counting[0].message if len(counting) == 1 else f"Nothing to object to in {looked_at} {spec.looks_at}."
        return told + settled
    more = f" And {len(objecting) - 1} more." if len(objecting) > 1 else ""
    return objecting[0].message + more + settled


def _could_not(spec: CheckSpec, reason: str) -> str:
    return f"{spec.id} could not look: {reason.rstrip('.')}."


def _about(known: Accepted, spec: CheckSpec, params: Mapping[str, Any]) -> bool:
    """Whether a known exception means this guard; of a check that asks whatever its parameters say it names them."""
    if known.check != spec.id:
        return False
    return spec.group != "open" if known.with_ is None else known.with_ == params


def _holds(known: Accepted, now: datetime) -> bool:
    """Whether a known exception has not expired; its last day still counts, a day that cannot be read does not."""
    try:
        return now.date() <= date.fromisoformat(known.until)
    except ValueError:
        return False


def _lowered(finding: Finding) -> Finding:
    lowered = finding.verdict is Verdict.BLOCK
    return dataclasses.replace(finding, verdict=Verdict.WARN) if lowered else finding
