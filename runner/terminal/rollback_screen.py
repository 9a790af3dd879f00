"""A rollback on one screen, before it begins: what is done in which order, and what stays all the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from runner.engine.ports import RollbackView
from runner.figures import as_written
from runner.runbook.model import KINDS
from runner.terminal.blocks import Block, Code, Facts, Heading, cell


def rollback_screen(view: RollbackView) -> tuple[Block, ...]:
    """Show the exact text of every step that takes the run back."""
    return tuple(_blocks(view))


def _blocks(view: RollbackView) -> Iterator[Block]:
    yield Heading(f"Taking run {view.run} back: {len(view.undos)} step{'s' * (len(view.undos) != 1)}, newest first")
    yield Facts((("why", cell(view.reason)),))
    for number, undo in enumerate(view.undos, 1):
        kind = next(kind for kind in KINDS if undo.body.get(kind) is not None)
        where = f" on {undo.target}" if undo.target else ""
        yield Code(_text(undo.body[kind]), f"{number}. {undo.path} ({kind}{where})", code=kind != "manual")
    if view.stays:
        yield Facts((("stays in place", cell(*(f"{path}: {why}" for path, why in view.stays), tone="warn")),))


def _text(body: Any) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, Mapping):
        return "\n".join(f"{key}: {as_written(value)}" for key, value in body.items())
    return shlex.join(map(str, body))
