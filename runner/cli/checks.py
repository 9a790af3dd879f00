"""``shisa checks``: the catalogue of guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_format, print_json, put, put_table

if TYPE_CHECKING:
    import argparse

HELP = "List the guards there are, what each makes sure of, and the oldest PostgreSQL it works on."
EXAMPLE = "  shisa checks --format json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    from checks import catalog

    specs = catalog.all()
    if arguments.format == "json":
        print_json([spec.as_json() for spec in specs])
        return 0
    for group in dict.fromkeys(spec.group for spec in specs):
        put(f"{group}\n")
        put_table(("", spec.id, f"PostgreSQL {spec.since}+", spec.title) for spec in specs if spec.group == group)
    return 0
