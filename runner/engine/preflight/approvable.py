"""Which policies the steps of a plan will need, and whether there are people who could ever satisfy them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from checks.base import Verdict
from runner.config.model import Loaded
from runner.engine.people.windows import Window, objection
from runner.engine.preflight.item import Item
from runner.engine.preflight.signing import escalation_items, signing_items, window_items
from runner.engine.preflight.steps import StepLook
from runner.engine.target.targets import Target, Targets
from runner.errors import ShisaError, UsageError
from runner.policy import satisfiable
from runner.runbook.danger import danger_of
from runner.runbook.plan import Plan


def policy_items(
    looks: Sequence[StepLook],
    plan: Plan,
    config: Loaded,
    targets: Targets,
    *,
    operator: str | None,
    window: Window | None,
    now: datetime,
) -> Iterator[Item]:
    """Say of each policy that a step needs who could satisfy it, and when that counts."""
    for look, named, target in _destructive(looks, plan, config, targets):
        if target is not None and target.bound.policy is None:
            message = f"it is destructive, and target {target.bound.name} has no policy"
            yield Item("policy", look.path, Verdict.BLOCK, message, "A target without one takes no such step.")
        elif target is None and not named:
            yield Item("policy", look.path, Verdict.BLOCK, "it is destructive and names no policy")
    wanted = _wanted(looks, plan, config, targets)
    if wanted and operator is None:
        yield Item("policy", "", Verdict.UNKNOWN, "nobody can tell who the operator would be", "Say it with --person.")
    refused = dict(_unsatisfiable(wanted, config, () if operator is None else (operator,)))
    for name, steps in wanted.items():
        policy = config.config.policies.get(name)
        if policy is None:
            message = f"step {steps[0]} needs policy {name}, which shisa.yaml does not define"
            yield Item("policy", name, Verdict.BLOCK, message)
        elif name in refused:
            yield Item("policy", name, Verdict.BLOCK, refused[name].message, refused[name].hint)
        else:
            yield from signing_items(name, policy, steps, plan, config=config.config, operator=operator)
            yield from window_items(name, policy, window, now)
            yield from escalation_items(name, policy, config.config)


def demands_of_policies(
    plan: Plan, targets: Targets, config: Loaded, *, operator: str, break_glass: bool, window: Window | None
) -> Iterator[UsageError]:
    """Name each policy that nobody besides the operator could ever satisfy, or that does not allow the window.

    So nothing is done in vain; with ``break_glass`` somebody means to go on without the second person.
    """
    wanted = _wanted([StepLook.of(planned) for planned in plan.steps], plan, config, targets)
    for _, error in () if break_glass else _unsatisfiable(wanted, config, (operator,)):
        yield error
    known = {name: policy for name, policy in config.config.policies.items() if name in wanted}
    refused = None if window is None else objection(window, known)
    if refused is not None:
        yield UsageError(refused, hint="name a shorter window, or none: --not-before, --not-after")


def _wanted(looks: Sequence[StepLook], plan: Plan, config: Loaded, targets: Targets) -> dict[str, list[str]]:
    """The policies that will be needed, as far as can be told now, each with the steps that need it."""
    wanted: dict[str, list[str]] = {}
    for look, planned in zip(looks, plan.steps, strict=True):
        if planned.data.get("approval") and not look.skipped:
            wanted.setdefault(planned.data["approval"], []).append(look.path)
    for look, _, target in _destructive(looks, plan, config, targets):
        if target is not None and target.bound.policy is not None:
            steps = wanted.setdefault(target.bound.policy, [])
            steps += [] if look.path in steps else [look.path]
    return wanted


def _destructive(
    looks: Sequence[StepLook], plan: Plan, config: Loaded, targets: Targets
) -> Iterator[tuple[StepLook, str | None, Target | None]]:
    """Give the destructive steps, each with the policy that it names and its target."""
    harmless = frozenset(config.config.functions.harmless)
    for look, planned in zip(looks, plan.steps, strict=True):
        if look.skipped or look.step is None:
            continue
        try:
            destructive = danger_of(look.step, look.analysable, harmless=harmless).destructive
        except ShisaError:
            destructive = True
        if destructive:
            known = look.step.target in {None, *targets.by_name}
            yield look, planned.data.get("approval"), targets.of(look.step.target) if known else None


def _unsatisfiable(
    wanted: Mapping[str, Sequence[str]], config: Loaded, excluded: tuple[str, ...]
) -> Iterator[tuple[str, UsageError]]:
    roster = {person: each.teams for person, each in config.config.people.items()}
    for name, (step, *_) in wanted.items():
        policy = config.config.policies.get(name)
        for why in () if policy is None else satisfiable(policy.need, roster, excluded)[:1]:
            who = "" if policy is None else ", ".join(policy.break_glass)
            hint = (
                f"{who} may break the glass: open the run with --break-glass, then `shisa break-glass RUN {step}`"
                if who
                else "let somebody else operate, or add people to shisa.yaml"
            )
            yield name, UsageError(f"step {step} can never be approved under {name}: {why}", hint=hint)
