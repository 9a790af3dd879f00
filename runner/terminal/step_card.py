"""The step at hand on one screen: what, why, the exact text, what guards it, who must approve, what can be undone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from checks.facts.figures import size
from runner.figures import as_written, in_lines
from runner.journal.events import FileRead, StepEntered
from runner.runbook.consequences import LOOKING_KINDS
from runner.runbook.describe import asked_again
from runner.runbook.model import KINDS
from runner.terminal.blocks import Block, Cell, Code, Facts, Heading, cell

_BOUNDS = ("timeout", "lock_timeout", "statement_timeout", "transaction", "expect", "verify", "retry", "repeat")


def step_card(path: str, entered: StepEntered) -> tuple[Block, ...]:
    """Show a step as it was rendered when it was reached; what does not apply to it is left out."""
    rendered = entered.rendered
    where = f" on {entered.target}" if entered.target else ""
    pairs = [("step", cell(f"{path} ({entered.kind}{where})"))]
    if rendered.get("why"):
        pairs.append(("why", cell(*_lines(str(rendered["why"])))))
    if entered.destructive:
        pairs.append(("destructive", cell("YES", *entered.reasons, tone="bad")))
    if entered.policies:
        pairs.append(("must be approved", cell(f"under {as_written(entered.policies)}", tone="ask")))
    guards = list(_guards(rendered.get("guards") or {}))
    if guards:
        pairs.append(("guards", cell(*guards)))
    if entered.destructive or rendered.get("rollback") or rendered.get("no_rollback"):
        pairs.append(("can be undone", undo(entered)))
    pairs += (
        (key.replace("_", " "), cell(as_written(rendered[key]))) for key in _BOUNDS if rendered.get(key) is not None
    )
    return (Heading(entered.title), Facts(tuple(pairs)), *exact_text(entered))


def exact_text(entered: StepEntered) -> Iterator[Block]:
    """Show the text that will be sent, whole; a step that sends none shows its own words."""
    if entered.reads:
        yield Facts(tuple(("reads", _bytes(each)) for each in entered.reads))
    total = len(entered.statements)
    for number, statement in enumerate(entered.statements, 1):
        yield Code(statement, f"exact text, {number} of {total}" if total > 1 else "exact text")
    if total:
        return
    body = entered.rendered.get(entered.kind)
    if isinstance(body, str):
        yield Code(body, entered.kind, code=entered.kind not in {"manual", "ask"})
        if entered.rendered.get("expected"):
            yield Code(str(entered.rendered["expected"]), "what one then sees", code=False)
    elif isinstance(body, list | tuple):
        yield Code(shlex.join(map(str, body)), entered.kind)
    elif isinstance(body, Mapping):
        yield Facts(tuple((key, cell(*lines)) for key, lines in in_lines(body)))


def _bytes(read: FileRead) -> Cell:
    """Name a file and which bytes it holds: they are signed with the text."""
    if read.sha256 is None:
        why = "unknown: it cannot be read now; once it can, the step is asked for again"
        return cell(read.path, why, tone="unknown")
    return cell(read.path, f"{size(read.size_bytes or 0)}, sha256 {read.sha256}")


def _lines(text: str) -> list[str]:
    return text.strip().split("\n")


def undo(entered: StepEntered) -> Cell:
    """Say whether a step can be taken back; what is not declared is unknown."""
    rendered = entered.rendered
    if rendered.get("point_of_no_return"):
        return cell("NO: point of no return; no rollback is offered after it", tone="bad")
    if rendered.get("no_rollback"):
        return cell(f"NO: {rendered['no_rollback']}", tone="bad")
    rollback = rendered.get("rollback")
    if isinstance(rollback, Mapping):
        how = next((kind for kind in KINDS if rollback.get(kind) is not None), "unknown")
        return cell(f"yes, by {how}: {as_written(rollback.get(how))}", tone="good")
    if rendered.get("effects") == "none" or entered.kind in LOOKING_KINDS:
        return cell("nothing to undo: the step changes nothing")
    return cell("unknown: the step declares no rollback", tone="unknown")


def _guards(guards: Mapping[str, Any]) -> Iterator[str]:
    for when, uses in guards.items():
        for use in uses or ():
            with_ = f" with {as_written(use['with'])}" if use.get("with") else ""
            lowered = ", only warns" if use.get("severity") == "warn" else ""
            again = f", {text}" if (text := asked_again(use)) else ""
            yield f"{when}: {use.get('check')}{with_}{lowered}{again}"
