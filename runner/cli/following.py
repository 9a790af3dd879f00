"""Watch a run go on in another's terminal: each event as it becomes durable, until the run is let go or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.journal.record import Journal

_LOOK_S = 2.0
"""The longest that a look into the journal waits for somebody to write."""


def follow(journal: Journal, run: str) -> None:
    """Show what happens in a run from now on; ends when the run ends or its program lets go of it, or by Ctrl-C."""
    from runner.journal import events as ev
    from runner.terminal.console import console
    from runner.terminal.event_lines import render_event
    from runner.terminal.paint import show

    seen, screen = journal.head().seq, console("stderr")
    while True:
        for record in journal.records(run=run, after=seen):
            seen = record.seq
            show(render_event(record), screen)
            if isinstance(record.body, ev.RunClosed | ev.RunPaused):
                return
        journal.wait_for_change(_LOOK_S)
