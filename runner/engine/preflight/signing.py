"""What a preflight says of one policy: who could sign, who does not count and why, and from when a signature counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from checks.base import Verdict
from checks.duration import parse_duration
from runner.config.model import Config, Policy
from runner.engine.people.excluding import written_by
from runner.engine.people.windows import Window, objection, request_until, told
from runner.engine.ports import stamp
from runner.engine.preflight.item import Item
from runner.errors import GateClosedError
from runner.figures import moment
from runner.policy import satisfiable
from runner.runbook.plan import Plan


def signing_items(
    name: str, policy: Policy, steps: Sequence[str], plan: Plan, *, config: Config, operator: str | None
) -> Iterator[Item]:
    """Say who could sign these steps; where authors do not count, for each step or group of steps by itself."""
    for paths in _asked_together(steps, plan) if policy.exclude_authors else [steps]:
        subject = f"{name} at {', '.join(paths)}" if policy.exclude_authors else name
        try:
            apart = written_by(plan.files, paths, config.people) if policy.exclude_authors else {}
        except GateClosedError as error:
            yield Item("policy", subject, Verdict.BLOCK, error.message, error.hint)
            continue
        if operator is not None:
            apart[operator] = "is the operator"
        roster = {person: each.teams for person, each in config.people.items()}
        who, why = _who(policy, config, apart), next(iter(satisfiable(policy.need, roster, apart)), None)
        if why is None:
            yield Item("policy", subject, Verdict.PASS, who)
            continue
        breakers = ", ".join(policy.break_glass)
        hint = f"{breakers} may break the glass" if breakers else "somebody else must write, review or operate"
        yield Item("policy", subject, Verdict.BLOCK, f"it can never be approved: {why} {who}", hint)


def escalation_items(name: str, policy: Policy, config: Config) -> Iterator[Item]:
    """Warn where a policy counts on people who would never be told."""
    if policy.escalate and not (config.notify.command or config.notify.webhook):
        who = ", ".join(f"{each.to} after {each.after}" for each in policy.escalate)
        message = f"it escalates to {who}, and shisa.yaml names no notify: nobody would be told"
        yield Item("policy", name, Verdict.WARN, message, "notify: {command: [PROGRAM]} or {webhook: [{url: …}]}")


def window_items(name: str, policy: Policy, window: Window | None, now: datetime) -> Iterator[Item]:
    """Say when the window is that was named, whether the policy allows it, and from when a signature counts."""
    if window is None:
        return
    refused = objection(window, {name: policy})
    if refused is not None or policy.window is None:
        hint = "name a shorter window, or none: --not-before, --not-after"
        yield Item("policy", name, Verdict.BLOCK, refused or "", hint)
        return
    counts, until = window.not_before - parse_duration(policy.window.max), request_until(now, [policy], window)
    if until < counts:
        message = (
            f"the window is {told(window, now)}; a signature for it counts from {moment(stamp(counts))}, and a request "
            f"that is made now ends at {moment(stamp(until))}"
        )
        yield Item("policy", name, Verdict.BLOCK, message, "open the run later, or name a window that is nearer")
        return
    signed = "" if counts <= now else f" from {moment(stamp(counts))}"
    message = f"the window is {told(window, now)}; a signature for it counts{signed} until {moment(stamp(until))}"
    yield Item("policy", name, Verdict.PASS, message)


def _asked_together(steps: Sequence[str], plan: Plan) -> list[list[str]]:
    """Part the steps as they are asked for: a group in one request."""
    found: dict[str, list[str]] = {}
    for path in steps:
        group = plan.step(path).data.get("group")
        found.setdefault(f"group {group}" if group else path, []).append(path)
    return list(found.values())


def _who(policy: Policy, config: Config, apart: Mapping[str, str]) -> str:
    """Name for each team of a policy who could sign, and who of it does not count, with the reason."""
    teams = []
    for slot in policy.need:
        team = [name for name, each in config.people.items() if slot.team in each.teams]
        left = [name for name in team if name not in apart]
        all_ = f"only {' and '.join(left)}" if left else "nobody"
        who = f"{slot.n} of {', '.join(left)}" if len(left) > slot.n else all_
        out = ", ".join(f"{name} {apart[name]}" for name in team if name in apart)
        teams.append(f"for {slot.team} {who} can sign{f' ({out})' if out else ''}")
    return f"{'; '.join(teams)}."
