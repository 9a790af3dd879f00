"""What a step becomes with the values that it is given: its text, its digest, and how dangerous it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from runner.canonical import digest, without_floats
from runner.engine.fold.undoing import undone_of
from runner.engine.reads import reads_of
from runner.engine.rendered import Rendering, Source
from runner.errors import GateClosedError
from runner.runbook.danger import danger_of
from runner.runbook.model import Restore, Step, step_of
from runner.runbook.render import render_step, statements_of
from runner.sql.classify import classified
from runner.sql.lookups import expression
from runner.sql.variables import analysable, placeholders

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.engine.target.targets import Target
    from runner.journal.events import FileRead


def rendering(session: Session, path: str) -> Rendering:
    """Render a step as it stands now; what follows from the very same source as the last one is not made again."""
    harmless = frozenset(session.config.config.functions.harmless)
    source = Source(session.planned(path).data, session.known(path), session.targets.by_name, harmless)
    made = session.rendering
    if made is None or not made.source.is_still(source):
        made = _made(session, source, whole=undone_of(path) is not None)
    reads = reads_of(session, made.plain, source.known)
    if reads != made.reads:
        made = dataclasses.replace(made, reads=reads, digest=step_digest(made.plain, made.texts, made.target, reads))
    session.rendering = made
    return made


def _made(session: Session, source: Source, *, whole: bool) -> Rendering:
    """Render a step; what takes one back is ``whole`` already, and a value in it that looks like a template is none."""
    plain = dict(source.data) if whole else render_step(source.data, source.known)
    step = step_of(plain)
    target = session.targets.of(step.target)
    statements = statements_of(step, source.known)
    readable = [statement.analysable for statement in statements]
    _refuse_unsendable(step, readable, source.harmless)
    return Rendering(
        source=source,
        step=step,
        target=target,
        statements=statements,
        plain=without_floats(plain),
        danger=danger_of(step, readable, harmless=source.harmless),
        digest=step_digest(plain, tuple(statement.text for statement in statements), target),
    )


def step_digest(
    plain: dict[str, object], texts: tuple[str, ...], target: Target | None, reads: Sequence[FileRead] = ()
) -> str:
    """Digest everything of a step that an approval covers (DESIGN §8), and the bytes of the files that it reads.

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
    return digest(whole | ({"reads": msgspec.to_builtins(reads)} if reads else {}))


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
            if secrets := placeholders(text):
                raise GateClosedError(
                    f"{step.id}: the secret {secrets[0].name!r} stands in a restore's condition, which is journaled",
                    hint="a secret may stand in a step's own `sql`, and in `env` and `stdin` of a command",
                )
            _require_only_looks(step, "a restore's condition", f"SELECT {expression(text).text}", harmless)
    if step.expect is not None and step.expect.sql is not None:
        _require_only_looks(step, "expect.sql", analysable(step.expect.sql), harmless)


def _require_only_looks(step: Step, what: str, text: str, harmless: frozenset[str]) -> None:
    looks = classified(text, harmless)
    if len(looks) != 1 or not looks[0].read_only:
        why = "; ".join(action for each in looks for action in each.actions) or f"it is {len(looks)} statements"
        raise GateClosedError(f"{step.id}: {what} must be one query that only looks: {why}")
