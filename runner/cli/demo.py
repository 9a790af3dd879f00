"""``shisa demo``: live through an incident on a throwaway PostgreSQL, without shisa and with it."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_format, print_json, put

if TYPE_CHECKING:
    import argparse

    from runner.demo.play import Cast, Told

HELP = "Live through an incident on a throwaway PostgreSQL: without shisa it happens, with shisa it is stopped."
EXAMPLE = """\
  shisa demo                        ids issued twice after a clone; you play both people
  shisa demo --incident 2           settings of customers reset by a restore, after a question that was misunderstood
  shisa demo --auto --format json   without questions, one JSON object"""
_INCIDENTS = (1, 2)
_LEFT = "The run with shisa was left before its end, and the demo's server is gone; shisa demo begins anew."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--incident", type=int, choices=_INCIDENTS, default=1, help="which one (default: %(default)s)")
    parser.add_argument("--auto", action="store_true", help="ask nothing (so it is without a terminal)")
    parser.add_argument(
        "--rows-after-backup",
        metavar="N",
        type=int,
        default=50,
        help="what customers do between backup and restore: sign up, or save settings (default: %(default)s)",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="where journal and report go (default: .shisa/demo-…)")
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Play the tour; exit 0 when the run with shisa was completed."""
    from runner.demo import tour1, tour2
    from runner.demo.server import throwaway
    from runner.errors import UsageError

    if arguments.rows_after_backup < 0:
        raise UsageError("--rows-after-backup takes 0 or more")
    folder = _folder(arguments.out)
    cast = _cast(arguments)
    cast.tell("Starting a throwaway PostgreSQL on this machine …")
    tour = {1: tour1.tour, 2: tour2.tour}[arguments.incident]
    with throwaway() as server:
        told = tour(server, folder.resolve(), cast, rows_after_backup=arguments.rows_after_backup)
    if arguments.format == "json":
        print_json(told.as_json())
    else:
        _show(told, folder)
    return told.ending.exit_code


def _folder(out: Path | None) -> Path:
    """Make the folder for what stays of the demo, before a server is started for it."""
    from runner.errors import UsageError

    folder = out or Path(".shisa") / f"demo-{datetime.now().astimezone():%y%m%d-%H%M%S}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        occupied = any(folder.iterdir())
    except OSError as error:
        if out is None:  # the current folder belongs to somebody else
            return Path(tempfile.mkdtemp(prefix="shisa-demo-"))
        raise UsageError(f"{folder} cannot be used: {error.strerror}", hint="name another folder with --out") from None
    if occupied:
        raise UsageError(f"{folder} is not empty", hint="name another folder with --out")
    return folder


def _cast(arguments: argparse.Namespace) -> Cast:
    from runner.demo.casts import AutoCast, GuidedCast
    from runner.terminal.prompts import at_terminal

    quiet = arguments.format == "json"
    return AutoCast(quiet=quiet) if arguments.auto or quiet or not at_terminal() else GuidedCast()


def _show(told: Told, folder: Path) -> None:
    """Set the two ways side by side, and say where everything is and what to try."""
    from runner.terminal.blocks import Facts, Grid, Heading, Line, cell
    from runner.terminal.console import console
    from runner.terminal.paint import show

    rows = told.compared
    table = Grid(("", "without shisa", "with shisa"), tuple(tuple(map(cell, row)) for row in rows), compares=True)
    places = Facts((("journal", cell(str(told.journal))), ("report", cell(str(told.report)))))
    left = () if told.ending.exit_code == 0 else (Line("LEFT", _LEFT, "warn"),)
    show([Heading("What it came to"), table, *left, places, Heading("Try next")], console("stdout"))
    config = shlex.quote(str(folder / "shisa.yaml"))
    for command, what in (
        (f"show {told.run} --config {config}", "what happened, line by line"),
        (f"verify --config {config}", "is the journal whole, are the signatures good?"),
        (f"explain {told.explain}", "what the guard looks at, and what it cannot see"),
        ("init", "begin with your own database"),
    ):
        put(f"  {_called()} {command}\n      {what}\n")


def _called() -> str:
    """Name this program as the user's shell finds it: `make demo` starts one that is not on the PATH."""
    name = Path(sys.argv[0]).name
    return name if shutil.which(name) else shlex.quote(sys.argv[0])
