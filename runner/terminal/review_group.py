"""The further steps of a group on the reviewer's screen: one signature is for all of them, so all are shown whole."""

from __future__ import annotations

from collections.abc import Iterator

from runner.terminal.blocks import Block, Facts, Heading, cell
from runner.terminal.evidence import evidence_blocks
from runner.terminal.review_view import ReviewView
from runner.terminal.step_card import exact_text, undo


def group_text(view: ReviewView) -> Iterator[Block]:
    """Show what each further step does, and its exact text."""
    total = len(view.together) + 1
    for number, each in enumerate(view.together, 2):
        entered = each.entered
        yield Heading(f"Signed with it, {number} of {total}: {each.step}: {entered.title}")
        what = cell("YES", *entered.reasons, tone="bad") if entered.destructive else cell("not destructive")
        yield Facts((("destroys", what), ("can be undone", undo(entered))))
        if view.signed_before is None:
            yield from exact_text(entered)


def group_guards(view: ReviewView) -> Iterator[Block]:
    """Show what guards each further step, as it was measured before the first of them."""
    for each in view.together:
        yield Heading(f"What the guards of {each.step} measured, before any step of the group")
        yield from evidence_blocks(each.evidence, view.now)
