"""Enter a step: render it completely, judge how dangerous it is, and journal what it has become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.canonical import digest, without_floats
from runner.engine.loops import loop_of
from runner.engine.targets import Target
from runner.engine.undoing import undone_of
from runner.errors import GateClosedError
from runner.journal.events import StepEntered, StepSkipped
from runner.runbook.danger import Danger, danger_of
from runner.runbook.model import Restore, Step, step_of
from runner.runbook.render import holds, render_step, statements_of
from runner.sql.classify import classified
from runner.sql.lookups import expression
from runner.sql.variables import analysable

if TYPE_CHECKING:
    from runner.engine.session import Session


def enter(session: Session, path: str) -> None:
    """Journal ``step.entered``, or ``step.skipped`` where the step's ``when`` is false.

    Raises GateClosedError where a destructive step has nobody who could approve it.
    """
    for when in session.planned(path).when:
        if not holds(when.expression, when.scope.values(session.state.names)):
            session.append(StepSkipped(reason=f"when: {when.expression} is false"), path)
            return
    session.append(rendered(session, path), path)


def rendered(session: Session, path: str) -> StepEntered:
    """Render the step as it stands now; rendering twice gives the same digest as long as nothing changed."""
    known = session.known(path)
    plain = render_step(session.planned(path).data, known)
    step = step_of(plain)
    target = session.targets.of(step.target)
    statements = statements_of(step, known)
    texts = tuple(statement.text for statement in statements)
    harmless = frozenset(session.config.config.functions.harmless)
    _refuse_unsendable(step, [statement.analysable for statement in statements], harmless)
    danger = danger_of(step, [statement.analysable for statement in statements], harmless=harmless)
    return StepEntered(
        kind=step.kind,
        title=step.title,
        step_digest=step_digest(plain, texts, target),
        rendered=without_floats(plain),
        destructive=danger.destructive,
        reasons=danger.reasons,
        survives_rollback=danger.survives_rollback,
        policies=() if _covered(session, path) else _policies(step, danger, target, session),
        target=None if target is None else target.bound.name,
        statements=texts,
    )


def step_digest(plain: dict[str, object], texts: tuple[str, ...], target: Target | None) -> str:
    """Digest everything of a step that an approval covers (DESIGN §8).

    The plain data holds bodies, guards with bounds, timeouts, expectations, verify, rollback and cleanup; secrets
    stand in it by placeholder.
    """
    whole = {
        "render": 1,
        "step": without_floats(plain),
        "statements": list(texts),
        "target": None if target is None else target.bound.fingerprint,
        "role": None if target is None else str(target.bound.identity.get("role")),
    }
    return digest(whole)


def _covered(session: Session, path: str) -> bool:
    """Whether a step is an iteration of a loop that was approved as a whole, or belongs to a step that was.

    A rollback and a cleanup stand in the step that was signed, and are taken from there, unchanged.
    """
    step = undone_of(path)
    if step is not None:
        known = session.state.step(step)
        approved = known.intended is not None and bool(known.intended.requests)
        return approved or _covered(session, step)
    loop = loop_of(path)
    entered = None if loop is None else session.state.step(loop).entered
    return entered is not None and bool(entered.policies)


def _policies(step: Step, danger: Danger, target: Target | None, session: Session) -> tuple[str, ...]:
    wanted = [step.approval] if step.approval else []
    wanted += [each["approval"] for each in step.for_each.steps if "approval" in each] if step.for_each else []
    if danger.destructive:
        bound = None if target is None else target.bound.policy
        if target is not None and bound is None:
            raise GateClosedError(
                f"{step.id} is destructive, but target {target.bound.name} has no policy",
                hint="give the target a policy in shisa.yaml; a target without one takes no destructive step",
            )
        wanted += [bound] if bound else []
        if not wanted:
            raise GateClosedError(
                f"{step.id} is destructive ({danger.reasons[0]}) and names no approval policy",
                hint="add `approval: POLICY` to the step",
            )
    unknown = [name for name in wanted if name not in session.config.config.policies]
    if unknown:
        raise GateClosedError(
            f"{step.id} needs policy {unknown[0]!r}, which shisa.yaml does not define",
            hint=f"policies: {', '.join(sorted(session.config.config.policies)) or 'none'}",
        )
    return tuple(dict.fromkeys(wanted))


def _refuse_unsendable(step: Step, statements: Sequence[str], harmless: frozenset[str]) -> None:
    """Refuse SQL that would leave the step's own transaction, and an expectation that does more than look."""
    for text in statements:
        found = classified(text, harmless)[0]
        if found.transaction == "control":
            raise GateClosedError(
                f"{step.id}: {found.command} cannot stand in a step: its transaction is opened and ended for it",
                hint="leave it out; `transaction: false` sends each statement for itself",
            )
        if step.transaction and found.transaction == "forbidden":
            raise GateClosedError(
                f"{step.id}: {found.command} cannot run inside a transaction", hint="add `transaction: false`"
            )
    if isinstance(step.restore, Restore):
        for text in (*step.restore.where.values(), *step.restore.tenant_of.values()):
            _require_only_looks(step, "a restore's condition", f"SELECT {expression(text).text}", harmless)
    if step.expect is not None and step.expect.sql is not None:
        _require_only_looks(step, "expect.sql", analysable(step.expect.sql), harmless)


def _require_only_looks(step: Step, what: str, text: str, harmless: frozenset[str]) -> None:
    looks = classified(text, harmless)
    if len(looks) != 1 or not looks[0].read_only:
        why = "; ".join(action for each in looks for action in each.actions) or f"it is {len(looks)} statements"
        raise GateClosedError(f"{step.id}: {what} must be one query that only looks: {why}")
