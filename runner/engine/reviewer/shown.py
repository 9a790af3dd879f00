"""Whether what a journal shows of a step is what its request would have somebody sign. Pure.

A reviewer reads the step's text, the runbook and the parameters, and signs digests. Whoever wrote the lines could have
put one text beside the digest of another; so the digests are taken again of what is shown.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from runner.engine.people.approval import limits_of, together
from runner.engine.rendering import step_digest
from runner.engine.target.targets import Target
from runner.errors import ApprovalError
from runner.runbook.plan import Amendment, digest_of_plan

if TYPE_CHECKING:
    from runner.engine.fold.state import State
    from runner.journal.events import BoundTarget, RunOpened, SourceFile, StepEntered
    from runner.review.approval import Request

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def refuse_untrue(state: State, request: Request) -> None:
    """Raise ApprovalError where the lines show another step, plan, target or file than the request names."""
    why = _untrue(state, request)
    if why is not None:
        raise ApprovalError(
            f"what this request shows is not what would be signed: {why}",
            hint="do not sign it; ask the operator where these lines come from",
        )


def bound_of(state: State, entered: StepEntered) -> BoundTarget | None:
    """Find the target that a step was rendered for; None where it has none."""
    return next((one for one in state.opened.targets if one.name == entered.target), None)


def _untrue(state: State, request: Request) -> str | None:
    for path in request.steps:
        why = _untrue_step(state, path, request)
        if why is not None:
            return why
    if request.body.parts and together(request.body.parts).step_digest != request.body.step_digest:
        return "the steps of the group have another digest together"
    edited = [file.path for file in state.opened.files if not _is_itself(file)]
    if edited:
        return f"the text of {edited[0]} has another digest than the run is pinned to"
    if _plan(state.opened, state) != request.body.plan_digest:
        return "the files, parameters, targets or remedies have another digest"
    return None


def _untrue_step(state: State, path: str, request: Request) -> str | None:
    entered, part = state.step(path).entered, request.body.part(path)
    if entered is None or part is None:
        return f"step {path} was never entered"
    bound = bound_of(state, entered)
    target = None if bound is None else Target(bound, "")
    if step_digest(entered.rendered, entered.statements, target, entered.reads) != part.step_digest:
        return f"the text of step {path} has another digest"
    if limits_of(state.step(path)) != part.envelope:
        return f"what the guards of step {path} found, or the items of its loop, are others than the limits"
    if request.body.target != ("" if bound is None else bound.fingerprint):
        return f"step {path} is on another target"
    return None


def _is_itself(file: SourceFile) -> bool:
    text = file.text.encode()
    return file.sha256 in {hashlib.sha256(content).hexdigest() for content in (text, _BYTE_ORDER_MARK + text)}


def _plan(opened: RunOpened, state: State) -> str:
    return digest_of_plan(
        [file.sha256 for file in opened.files],
        opened.params,
        {target.name: target.fingerprint for target in opened.targets},
        [Amendment(path, one.set, one.then) for path, one in state.amendments],
    )
