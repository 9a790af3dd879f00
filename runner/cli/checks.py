"""``shisa checks``: the catalogue of guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, nearest_config, print_json, put, put_table

if TYPE_CHECKING:
    import argparse

HELP = "List the guards there are, what each makes sure of, and the oldest PostgreSQL it works on."
EXAMPLE = "  shisa checks --format json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    from checks import catalog
    from runner.config.plugins import plugins_in_use

    nearest_config(arguments)
    specs = catalog.all()
    sources = {each.id: {"distribution": each.distribution, "version": each.version} for each in plugins_in_use()}
    if arguments.format == "json":
        print_json([{**spec.as_json(), "plugin": sources.get(spec.id)} for spec in specs])
        return 0
    for group in dict.fromkeys(spec.group for spec in specs):
        put(f"{group}\n")
        put_table(
            ("", spec.id, f"PostgreSQL {spec.since}+", spec.title + _source(sources.get(spec.id)))
            for spec in specs
            if spec.group == group
        )
    return 0


def _source(plugin: Mapping[str, str] | None) -> str:
    return "" if plugin is None else f" ({plugin['distribution']} {plugin['version']})"
