"""``shisa validate``: every problem of runbook files in one pass, offline."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from runner.runbook.lint.report import Report

HELP = "Find every problem of runbook files in one pass, offline; for CI and editors."
EXAMPLE = "  shisa validate runbooks/ --format github --baseline known-problems.json"
FORMATS = ("text", "json", "sarif", "github", "junit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", metavar="PATH", nargs="*", default=["."], help="files, folders, or - for stdin")
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: %(default)s)")
    parser.add_argument("--strict", action="store_true", help="fail on warnings too")
    parser.add_argument(
        "--baseline", metavar="FILE", type=Path, help="an earlier --format json; only new problems fail"
    )
    parser.add_argument("--select", metavar="RULE", action="append", default=[], help="only these rules")
    parser.add_argument("--ignore", metavar="RULE", action="append", default=[], help="not these rules")
    parser.add_argument("--config", metavar="FILE", type=Path, help="shisa.yaml (default: found upward from each file)")


def run(args: argparse.Namespace) -> int:
    """Validate and report: 0 valid, 1 problems, 2 the call itself is wrong."""
    from runner.runbook.lint.files import validate

    _require_rules(select := _split(args.select), ignore := _split(args.ignore))
    found = validate(args.paths, config=args.config, baseline=args.baseline, select=select, ignore=ignore)
    report = dataclasses.replace(found, strict=args.strict)
    _write(importlib.import_module(f"runner.runbook.lint.formats.{args.format}").render(report))
    sys.stderr.write(_summary(report))
    return 1 if report.failing else 0


def _write(text: str) -> None:
    """Write the result as UTF-8, whatever the locale says; half surrogates of file names are replaced."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _split(rules: Sequence[str]) -> tuple[str, ...]:
    return tuple(rule for each in rules for rule in each.split(",") if rule)


def _require_rules(*lists: Sequence[str]) -> None:
    from runner.runbook.lint.catalog import BY_ID
    from runner.schema import spelling

    for rule in (rule for rules in lists for rule in rules):
        if rule not in BY_ID:
            raise UsageError(f"there is no rule {rule!r}", hint=spelling(rule, BY_ID, what="Rules"))


def _summary(report: Report) -> str:
    errors, warnings = report.count("error"), report.count("warning")
    quiet = sum(each.suppressed is not None for each in report.found)
    parts = [
        f"{errors} error{'' if errors == 1 else 's'}",
        f"{warnings} warning{'' if warnings == 1 else 's'}",
        *([f"{quiet} suppressed"] if quiet else []),
        *([f"{len(report.known)} in the baseline"] if report.known else []),
    ]
    files = f"{len(report.files)} file{'' if len(report.files) == 1 else 's'}"
    return f"shisa: {', '.join(parts)} in {files}\n"
