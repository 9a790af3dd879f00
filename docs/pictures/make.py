"""Make the README's picture: the moment in the demo at which the restore is stopped.

    python docs/pictures/make.py        writes docs/pictures/blocked.svg

The picture is what the terminal shows, painted from a real run on a throwaway PostgreSQL.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from rich.console import Console

from runner.demo.casts import AutoCast
from runner.demo.server import throwaway
from runner.demo.tour1 import tour
from runner.journal import open_journal
from runner.journal.events import GuardsAsked, PlanAmended
from runner.terminal.event_lines import render_event
from runner.terminal.paint import show

PICTURE = Path(__file__).with_name("blocked.svg")


def main() -> None:
    """Live through the demo and paint the stop and the remedy."""
    with tempfile.TemporaryDirectory() as folder, throwaway() as server:
        told = tour(server, Path(folder), AutoCast(quiet=True), rows_after_backup=50)
        records = list(open_journal(str(told.journal), Path(folder), readonly=True).records())
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    for record in records:
        body = record.body
        if (isinstance(body, GuardsAsked) and body.verdict == "block") or isinstance(body, PlanAmended):
            show(render_event(record), console)
    PICTURE.write_text(console.export_svg(title="shisa run clone-environment.yaml -p sequences=from-backup"))


if __name__ == "__main__":
    main()
