"""Make the README's picture: the moment in the demo at which the restore is stopped.

    python docs/pictures/make.py        writes docs/pictures/blocked.svg

The picture is what the terminal shows, painted from a real run on a throwaway PostgreSQL.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from runner.demo.casts import AutoCast
from runner.demo.server import throwaway
from runner.demo.tour1 import tour
from runner.engine.ports import Observer
from runner.journal.events import GuardsAsked, PlanAmended
from runner.journal.record import Record
from runner.terminal.event_lines import render_event
from runner.terminal.paint import show

PICTURE = Path(__file__).with_name("blocked.svg")


_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Fonts that a viewer would fetch from elsewhere."""


class _Watched(AutoCast):
    """Plays both people, and keeps what the operator's terminal would show."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self.seen: list[Record] = []

    def observers(self) -> tuple[Observer, ...]:
        """Keep each record as it becomes durable."""
        return (self.seen.append,)


def main() -> None:
    """Live through the demo and paint the stop and the remedy."""
    with tempfile.TemporaryDirectory() as folder, throwaway() as server:
        cast = _Watched(quiet=True)
        tour(server, Path(folder), cast, rows_after_backup=50)
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    for record in cast.seen:
        body = record.body
        if (isinstance(body, GuardsAsked) and body.verdict == "block") or isinstance(body, PlanAmended):
            show(render_event(record), console)
    picture = console.export_svg(title="shisa run clone-environment.yaml -p sequences=from-backup", unique_id="shisa")
    PICTURE.write_text(_FONTS.sub("", picture))


if __name__ == "__main__":
    main()
