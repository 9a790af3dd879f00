"""``shisa demo``: live through an incident on a throwaway PostgreSQL, without shisa and with it."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_format, print_json, say

if TYPE_CHECKING:
    import argparse

    from runner.demo.tour1 import Cast, Told

HELP = "Live through an incident on a throwaway PostgreSQL: without shisa it happens, with shisa it is stopped."
EXAMPLE = """\
  shisa demo                        the guided tour; you play both people
  shisa demo --auto --format json   without questions, one JSON object"""
_INCIDENTS = (1,)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--incident", type=int, choices=_INCIDENTS, default=1, help="which one (default: %(default)s)")
    parser.add_argument("--auto", action="store_true", help="ask nothing (so it is without a terminal)")
    parser.add_argument(
        "--rows-after-backup",
        metavar="N",
        type=int,
        default=50,
        help="customers who sign up between the backup and the restore (default: %(default)s)",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="where journal and report go (default: .shisa/demo-…)")
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Play the tour; exit 0 when the run with shisa was completed and left no duplicate."""
    from runner.demo.server import throwaway
    from runner.demo.tour1 import tour
    from runner.errors import UsageError

    if arguments.rows_after_backup < 0:
        raise UsageError("--rows-after-backup takes 0 or more")
    folder = arguments.out or Path(".shisa") / f"demo-{datetime.now().astimezone():%y%m%d-%H%M%S}"
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="name another folder with --out")
    cast = _cast(arguments)
    cast.tell("Starting a throwaway PostgreSQL on this machine …")
    with throwaway() as server:
        told = tour(server, folder.resolve(), cast, rows_after_backup=arguments.rows_after_backup)
    if arguments.format == "json":
        print_json(told.as_json())
    else:
        say(_summary(told, folder))
    return told.ending.exit_code


def _cast(arguments: argparse.Namespace) -> Cast:
    from runner.demo.casts import AutoCast, GuidedCast

    alone = arguments.auto or not (sys.stdin.isatty() and sys.stdout.isatty())
    return AutoCast(quiet=arguments.format == "json") if alone else GuidedCast()


def _summary(told: Told, folder: Path) -> str:
    without, with_ = told.without, told.with_
    config = folder / "shisa.yaml"
    return f"""
                          without shisa         with shisa
  stopped before it       no                    {with_["stopped_by"]}: {with_["verdict"]}
  ids issued twice        {without.duplicate_ids:<21} {with_["duplicate_ids"]}
  refused customers       {without.sqlstate or "none":<21} {len(with_["customer_errors"]) or "none"}
  who looked at it        nobody                {", ".join(with_["approved_by"]) or "nobody"}, signed

  journal   {told.journal}
  report    {told.report}

  try next
    shisa show {told.run} --config {config}      what happened, line by line
    shisa verify --config {config}              is the journal whole, are the signatures good?
    shisa explain sequence-drift                what the guard looks at
    shisa init                                  begin with your own database"""
