"""Evidence: what a guard found, as JSON; and the envelope that a reviewer accepts of it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from checks.base import Finding, Json, Verdict
from runner.canonical import canonical, digest

FINDINGS = 100
STATEMENTS = 20
"""How many findings and statements stand in the evidence itself; the rest is kept aside by its digest."""

_Key = tuple[str, str, int, str | None]
"""Check, target, which of the step's guards of that check, object."""


class KnownException(Protocol):
    """One ``accept`` entry of shisa.yaml."""

    @property
    def check(self) -> str: ...  # noqa: D102 - the file's own key
    @property
    def object(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def by(self) -> str: ...  # noqa: D102
    @property
    def until(self) -> str: ...  # noqa: D102


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """All that one guard found, with the queries that it sent."""

    check: str
    verdict: Verdict
    message: str
    looked_at: int
    findings: tuple[Finding, ...]
    """Worst first."""
    target: str
    sql: tuple[str, ...]
    """The statements as sent, in order."""
    taken_at: str
    """When the snapshot was taken, RFC 3339 in UTC by this machine's clock."""
    duration_ms: int
    accepted: Mapping[str, KnownException] = dataclasses.field(default_factory=dict)
    """Object → the known exception that settles its findings; they are shown and do not count."""
    waived: Mapping[str, KnownException] = dataclasses.field(default_factory=dict)
    """Object → the waiver of this run that settles its findings; empty for the guard as a whole."""
    limits: tuple[str, ...] = ()
    """Measured numbers of which more is worse."""
    binds: tuple[str, ...] = ()
    """Those of them that an acceptance bounds also where the finding passes."""
    severity: str = "block"
    nth: int = 1
    """Which of the guards it is that ask this check on this target in one step, each with parameters of its own."""
    baseline: Mapping[str, Json] | None = None
    """The baseline that was captured or compared with, by its digest."""
    basis: Mapping[str, Json] | None = None
    """What it rests on, where a guard is asked again only if that has changed."""

    def as_json(self, *, screen: bool = False) -> dict[str, Json]:
        """The shape of DESIGN §5; what exceeds the caps is counted under ``omitted``, with its digest.

        For a ``screen`` it also holds what is never journaled.
        """
        told: set[int] = set()
        findings = self.findings[:FINDINGS]
        if screen:
            findings = tuple(dataclasses.replace(each, measured={**each.measured, **each.shown}) for each in findings)
        found = {
            "check": self.check,
            "verdict": str(self.verdict),
            "message": self.message,
            "looked_at": self.looked_at,
            "findings": [self._finding(finding, told) for finding in findings],
            "target": self.target,
            "sql": list(self.sql[:STATEMENTS]),
            "taken_at": self.taken_at,
            "duration_ms": self.duration_ms,
            "severity": self.severity,
            "limits": list(self.limits),
            "accepted": sum(finding.object in self.accepted for finding in self.findings),
        }
        if self.nth > 1:
            found["nth"] = self.nth
        if self.binds:
            found["binds"] = list(self.binds)
        if self.baseline is not None:
            found["baseline"] = dict(self.baseline)
        if self.waived:
            found["waived"] = [{"object": name, **_known(known)} for name, known in self.waived.items()]
        if self.basis is not None:
            found["basis"] = dict(self.basis)
        rest = self._rest()
        return found if rest is None else found | {"omitted": self._omitted(rest)}

    def for_the_screen(self) -> list[str]:
        """Say what somebody asked to be shown and what is never journaled, a line for each finding."""
        return [
            f"{self.check}: {finding.object}: {name}: {_in_words(value)}"
            for finding in self.findings[:FINDINGS]
            for name, value in finding.shown.items()
        ]

    def aside(self) -> bytes | None:
        """What did not fit, as canonical JSON for a file named by ``omitted.sha256``; None where all did."""
        rest = self._rest()
        return None if rest is None else canonical(rest)

    def _rest(self) -> dict[str, Json] | None:
        findings, statements = self.findings[FINDINGS:], self.sql[STATEMENTS:]
        if not findings and not statements:
            return None
        told: set[int] = set()
        return {
            "check": self.check,
            "findings": [self._finding(each, told) for each in findings],
            "sql": list(statements),
        }

    def _omitted(self, rest: dict[str, Json]) -> dict[str, Json]:
        open_ones = [each for each in self.findings[FINDINGS:] if each.object not in {*self.accepted, *self.waived}]
        return {
            "findings": len(rest["findings"]),
            "sql": len(rest["sql"]),
            "objecting": sum(each.verdict > Verdict.PASS for each in open_ones),
            "verdict": str(max((each.verdict for each in open_ones), default=Verdict.PASS)),
            "limits": _greatest([_numbers(each.measured, self.limits) for each in open_ones]),
            "sha256": digest(rest),
        }

    def _finding(self, finding: Finding, told: set[int]) -> dict[str, Json]:
        """One finding; a remedy that several share stands with the first of them."""
        shown: dict[str, Json] = {
            "object": finding.object,
            "verdict": str(finding.verdict),
            "message": finding.message,
            "measured": dict(finding.measured),
            "bound": dict(finding.bound),
        }
        remedy = finding.remedy
        if remedy is not None and id(remedy) not in told:
            told.add(id(remedy))
            shown["remedy"] = {"why": remedy.why, "set": dict(remedy.set), "then": [dict(step) for step in remedy.then]}
        known = self.accepted.get(finding.object)
        if known is not None:
            shown["accepted"] = _known(known)
        if finding.object in self.waived:
            shown["waived"] = _known(self.waived[finding.object])
        return shown


def _in_words(value: Json) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{name} {_in_words(each)}" for name, each in value.items() if each)
        case list() | tuple():
            return "; ".join(map(_in_words, value))
        case _:
            return str(value)


def _known(known: KnownException) -> dict[str, Json]:
    return {"reason": known.reason, "by": known.by, "until": known.until}


def guard_of(told: Mapping[str, Any]) -> tuple[str, str, int]:
    """Tell the guard of an evidence, or of an entry in an envelope: its check, its target, and which of those it is."""
    return told["check"], told["target"], told.get("nth", 1)


def guard_name(told: Mapping[str, Any]) -> str:
    """Name a guard by its check: ``sql``, and the second that a step asks ``sql#2``."""
    return str(told["check"]) if told.get("nth", 1) == 1 else f"{told['check']}#{told['nth']}"


def envelope(evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Json]]:
    """Tell what is accepted with this evidence (its JSON): per guard and object the worst verdict and limits.

    What passes needs no acceptance, except for numbers that the check binds. An object of None stands for the omitted
    findings, with their number; an empty one for the guard as a whole, where it could not look.
    """
    merged: dict[_Key, Json] = {}
    for entry in (entry for each in evidence for entry in _entries(each)):
        merged[_key(entry)] = _joined(merged.get(_key(entry)), entry)
    return sorted(merged.values(), key=lambda entry: (*guard_of(entry), entry["object"] or ""))


def no_worse(accepted: Iterable[Mapping[str, Any]], evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say what is worse in fresh evidence (its JSON) than what was accepted; empty when nothing is."""
    known = {_key(entry): entry for entry in accepted}
    now: dict[_Key, Json] = {}
    for entry in envelope(evidence):
        *guard, name = _key(entry)
        omitted = name is not None and (*guard, name) not in known and (*guard, None) in known
        key = (*guard_of(entry), None if omitted else name)  # it may be one of those that were omitted then
        now[key] = _joined(now.get(key), entry | {"object": key[-1]}, count=omitted)
    return [sentence for key, entry in now.items() for sentence in _worse(known.get(key), entry)]


def _worse(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[str]:
    name = f"{guard_name(now)} on {now['target']}"
    if now["object"] != "":
        name += f": {'further findings' if now['object'] is None else now['object']}"
    if was is None and _verdict(now) is Verdict.PASS:
        return [f"{name}: {limit} was not accepted and is {number} now" for limit, number in now["limits"].items()]
    if was is None:
        return [f"{name} is {now['verdict']} now, and was not when it was accepted"]
    found = []
    if _verdict(now) > _verdict(was):
        found.append(f"{name} was accepted as {was['verdict']} and is {now['verdict']} now")
    if now["count"] > was["count"]:
        found.append(f"{name}: {was['count']} were accepted, {now['count']} are there now")
    for limit, number in now["limits"].items():
        accepted = was["limits"].get(limit, 0)
        if number > accepted:
            found.append(f"{name}: {limit} was accepted up to {accepted} and is {number} now")
    return found


def _joined(known: Mapping[str, Any] | None, entry: Mapping[str, Any], *, count: bool = False) -> dict[str, Json]:
    if known is None:
        return dict(entry)
    both = known["count"] + entry["count"] if count else max(known["count"], entry["count"])
    verdict = str(max(_verdict(known), _verdict(entry)))
    return dict(entry) | {"verdict": verdict, "count": both, "limits": _greatest([known["limits"], entry["limits"]])}


def _entries(evidence: Mapping[str, Any]) -> list[dict[str, Json]]:
    where = {name: evidence[name] for name in ("check", "target", "nth") if name in evidence}
    binds = evidence.get("binds", ())
    entries = []
    for each in evidence["findings"]:
        passes = each["verdict"] == str(Verdict.PASS)
        numbers = _numbers(each["measured"], binds if passes else evidence["limits"])
        if not {"accepted", "waived"} & each.keys() and (not passes or any(numbers.values())):
            entries.append(where | _entry(each["object"], each["verdict"], numbers, 1))
    rest = evidence.get("omitted")
    if rest is not None and (rest["objecting"] or any(rest["limits"].get(name) for name in binds)):
        entries.append(where | _entry(None, rest["verdict"], rest["limits"], rest["objecting"]))
    if not entries and evidence["verdict"] != str(Verdict.PASS):
        entries.append(where | _entry("", evidence["verdict"], {}, 1))
    return entries


def _entry(name: str | None, verdict: str, limits: Mapping[str, int], count: int) -> dict[str, Json]:
    return {"object": name, "verdict": verdict, "limits": dict(limits), "count": count}


def _key(entry: Mapping[str, Any]) -> _Key:
    return *guard_of(entry), entry["object"]


def _verdict(entry: Mapping[str, Any]) -> Verdict:
    return Verdict[entry["verdict"].upper()]


def _numbers(measured: Mapping[str, Json], limits: Sequence[str]) -> dict[str, int]:
    return {name: measured[name] for name in limits if isinstance(measured.get(name), int)}


def _greatest(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for limits in several:
        for name, number in limits.items():
            found[name] = max(number, found.get(name, number))
    return found
