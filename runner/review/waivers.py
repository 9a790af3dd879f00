"""Waivers: which findings of a step reviewers have accepted by name, within which limits, until when. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from checks import catalog
from checks.base import Finding, Verdict
from runner.config.model import Config
from runner.evidence import Evidence
from runner.figures import parse_time
from runner.journal import events as ev
from runner.journal.record import Record
from runner.policy import Vote, assign
from runner.review.exceptions import signer_of
from runner.review.ledger import operators_of
from runner.review.sshsig import Refused


@dataclasses.dataclass(frozen=True, slots=True)
class Waived:
    """One finding that may be there: as far as everybody who accepted it went."""

    check: str
    target: str
    object: str
    """Empty for the guard as a whole, where it could not look."""
    verdict: Verdict
    limits: dict[str, int]
    reason: str
    by: str
    until: str
    nth: int = 1
    """Which of the step's guards of this check and target it is."""

    @property
    def guard(self) -> tuple[str, str, int]:
        """The guard whose finding it is."""
        return self.check, self.target, self.nth


@dataclasses.dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of a step at one moment."""

    holding: tuple[Waived, ...]
    refused: tuple[tuple[str, str], ...]
    """Those that do not count: the person of the line, and the reason."""


class _Step(NamedTuple):
    """What a waiver is judged by."""

    run: str
    path: str
    operators: dict[str, frozenset[str]]
    """Everybody who has operated the run, with the fingerprints of the keys that they signed with."""
    entered: ev.StepEntered
    config: Config


def waivers_of(records: Iterable[Record], step: str, config: Config, now: datetime) -> Waivers:
    """Tell which waivers of a step hold now; each is judged again, by the text that the step has now.

    As many people as every policy of the step asks for a waiver must have accepted the same finding.
    """
    lines = list(records)
    judged = _step(lines, step, config)
    if judged is None:
        return Waivers((), ())
    counted: dict[tuple[str, str, int, str], list[tuple[ev.WaiverGiven, str]]] = {}
    refused = []
    for line in lines:
        if line.step == step and isinstance(line.body, ev.WaiverGiven):
            reason = _refusal(judged, line.body, line.person, datetime.fromisoformat(line.at), now)
            if reason is None:
                key = (line.body.check, line.body.target, line.body.nth, line.body.object)
                counted.setdefault(key, []).append((line.body, line.person))
            else:
                refused.append((line.person, reason))
    whole = [given for given in counted.values() if _enough(given, judged.entered.policies, config)]
    return Waivers(tuple(_joined(given) for given in whole), tuple(refused))


def refusal(
    records: Iterable[Record], step: str, body: ev.WaiverGiven, person: str, *, config: Config, now: datetime
) -> str | None:
    """Say why a waiver that is not journaled yet would not count; None where it would."""
    judged = _step(list(records), step, config)
    return "the step was not reached" if judged is None else _refusal(judged, body, person, now, now)


def teams_that_waive(policies: Iterable[str], config: Config) -> tuple[str, ...]:
    """Tell as which teams one may waive a finding under these policies; none where one of them lets nobody."""
    known = [config.policies[name].waive if name in config.policies else () for name in policies]
    if not all(known):
        return ()
    return tuple(dict.fromkeys(need.team for needs in known for need in needs))


def applied(evidence: Evidence, waivers: Sequence[Waived]) -> Evidence:
    """Settle the findings that are waived: they are shown and do not close the gate, but it says WARN at best."""
    mine = [each for each in waivers if each.guard == (evidence.check, evidence.target, evidence.nth)]
    settled: dict[str, Waived] = {}
    for each in mine:
        about = [one for one in evidence.findings if one.object == each.object and one.object not in evidence.accepted]
        if about and all(_exceeds(each, one, evidence.limits) is None for one in about):
            settled[each.object] = each
    known = {*evidence.accepted, *settled}
    worst = max((one.verdict for one in evidence.findings if one.object not in evidence.accepted), default=Verdict.PASS)
    left = max((one.verdict for one in evidence.findings if one.object not in known), default=Verdict.PASS)
    if evidence.verdict > worst:  # the guard as a whole could not look, whatever it found
        whole = next((each for each in mine if not each.object and each.verdict >= evidence.verdict), None)
        if whole is None:
            left = max(left, evidence.verdict)
        else:
            settled[""] = whole
    if not settled:
        return evidence
    told = ", ".join(f"{one.object or evidence.check} by {one.by}" for one in settled.values())
    message = f"{evidence.message} Waived: {told}."
    return dataclasses.replace(evidence, verdict=max(left, Verdict.WARN), message=message, waived=settled)


def exceeded(evidence: Evidence, waivers: Sequence[Waived]) -> list[str]:
    """Say where a finding is worse than the waiver that names it accepts."""
    return [
        f"the waiver of {each.by} for {evidence.check} on {one.object} is void: {why}"
        for each in waivers
        for one in evidence.findings
        if (*each.guard, each.object) == (evidence.check, evidence.target, evidence.nth, one.object)
        and (why := _exceeds(each, one, evidence.limits)) is not None
    ]


def _exceeds(waived: Waived, finding: Finding, limits: Iterable[str]) -> str | None:
    if finding.verdict > waived.verdict:
        return f"it was {waived.verdict} and is {finding.verdict} now"
    for name in limits:
        number = finding.measured.get(name)
        if isinstance(number, int) and number > waived.limits.get(name, 0):
            return f"{name} was accepted up to {waived.limits.get(name, 0)} and is {number} now"
    return None


def _step(lines: Sequence[Record], path: str, config: Config) -> _Step | None:
    """Find by what a step's waivers are judged: its newest text; None where it was not reached."""
    operators = operators_of(lines)
    for line in reversed(lines):
        if operators and line.step == path and isinstance(line.body, ev.StepEntered):
            return _Step(line.run, path, operators, line.body, config)
    return None


def _refusal(step: _Step, body: ev.WaiverGiven, who: str, at: datetime, now: datetime) -> str | None:
    """Say why one waiver does not count that was received at a moment; None where it does."""
    people = step.config.people
    teams = people[who].teams if who in people else ()
    untimely = _untimely(body, now)
    if untimely is not None:
        return untimely
    if body.step_digest != step.entered.step_digest:
        return "it was given for another text of the step"
    if who in step.operators:
        return f"{who} is an operator of it, and nobody waives a finding of their own run"
    if body.as_team not in teams or body.as_team not in teams_that_waive(step.entered.policies, step.config):
        return f"{who} as {body.as_team or 'nobody'} may not waive a finding of this step"
    if not _waivable(body.check):
        return f"what {body.check} finds cannot be waived"
    keys = frozenset[str]().union(*step.operators.values())
    found = signer_of(body, run=step.run, step=step.path, person=who, people=people, at=at, excluded_keys=keys)
    return found.reason if isinstance(found, Refused) else None


def _untimely(body: ev.WaiverGiven, now: datetime) -> str | None:
    until = parse_time(body.until)
    if until is None or str(Verdict.of(body.verdict)) != body.verdict:
        return f"it has no end or no verdict that can be read ({body.until!r}, {body.verdict!r})"
    return f"it expired at {body.until}" if now > until else None


def _waivable(check: str) -> bool:
    """Whether what a check finds may be waived; not of one whose distribution is not in use any more."""
    try:
        return catalog.get(check).cls.waivable
    except catalog.UnknownCheckError:
        return False


def _enough(given: Sequence[tuple[Any, str]], policies: Iterable[str], config: Config) -> bool:
    votes = [Vote(person, body.as_team) for body, person in given]
    return all(assign(config.policies[name].waive, votes).complete for name in policies)


def _joined(given: Sequence[tuple[ev.WaiverGiven, str]]) -> Waived:
    """Put the waivers of several people together: the least that each of them accepted."""
    first = given[0][0]
    names = {name for body, _ in given for name in body.limits}
    return Waived(
        check=first.check,
        target=first.target,
        nth=first.nth,
        object=first.object,
        verdict=min(Verdict[body.verdict.upper()] for body, _ in given),
        limits={name: min(body.limits.get(name, 0) for body, _ in given) for name in sorted(names)},
        reason="; ".join(dict.fromkeys(body.reason for body, _ in given)),
        by=" and ".join(dict.fromkeys(person for _, person in given)),
        until=min(body.until for body, _ in given),
    )
