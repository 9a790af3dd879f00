"""``shisa report``: the record of a run, for people and programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, desk, print_json, put, say
from runner.cli.lookup import add_run, one_run

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Config
    from runner.journal.record import Record
    from runner.review.afterwards import Then

HELP = "Write a run's report: what happened and what did not, the evidence, who approved, the timeline."
EXAMPLE = "  shisa report last --format html --out report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    add_format(parser, "md", "json", "html", "junit")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write here instead of to standard output")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the report."""
    from runner.review.rules_then import rules_then

    at = desk(arguments, readonly=True)
    records, config, then = one_run(at.journal, arguments.run), at.config.config, rules_then(at.config)
    if arguments.out is None:
        if arguments.format == "json":
            from runner.report.as_json import report_json

            print_json(report_json(records, config, then))
        else:
            put(written(records, config, arguments.format, then))
        return 0
    _write(arguments.out, written(records, config, arguments.format, then))
    say(f"wrote {arguments.out}")
    return 0


def written(records: list[Record], config: Config, shape: str, then: Then) -> str:
    """Write the report of one run in a shape: ``md``, ``json``, ``html`` or ``junit``."""
    match shape:
        case "html":
            from runner.report.as_html import html

            return html(records, config, then)
        case "junit":
            from runner.report.as_junit import junit

            return junit(records, config, then)
        case "json":
            import json

            from runner.report.as_json import report_json

            return json.dumps(report_json(records, config, then), ensure_ascii=False, indent=2) + "\n"
        case _:
            from runner.report.as_markdown import markdown

            return markdown(records, config, then)


def _write(path: Path, text: str) -> None:
    from runner.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="--out takes a file") from error
