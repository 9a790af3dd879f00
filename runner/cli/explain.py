"""``shisa explain``: the page of a lint rule or a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, nearest_config, put
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Show the page of a lint rule or a check: why it matters, when it objects, what to do."
EXAMPLE = "  shisa explain sequence-drift"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="RULE|CHECK", help="as `shisa validate` and `shisa checks` print it")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the page, in Markdown."""
    from runner.safe_text import escape

    page = built_in(arguments.name)
    if page is None:
        nearest_config(arguments)  # read only where it is needed: a broken one is no reason to explain nothing
        page = page_of(arguments.name)
    put(escape(page.strip(), multiline=True) + "\n")
    return 0


def built_in(name: str) -> str | None:
    """Find the page of a check or a rule that is there without any configuration."""
    from checks import catalog, publish
    from runner.config.plugins import use_plugins

    use_plugins(None)
    checks = {spec.id: spec for spec in catalog.all()}
    if name in checks:
        return publish.page(checks[name])
    from runner.runbook.lint.catalog import BY_ID
    from runner.runbook.lint.pages import page

    return page(BY_ID[name]) if name in BY_ID else None


def page_of(name: str) -> str:
    """Find the page of a third-party check.

    Raises UsageError, with the nearest name, where neither a rule nor a check is called so.
    """
    from checks import catalog, publish
    from runner.config.plugins import plugins_in_use
    from runner.runbook.lint.catalog import BY_ID

    checks = {spec.id: spec for spec in catalog.all()}
    source = {each.id: f"From {each.distribution} {each.version}.\n\n" for each in plugins_in_use()}
    if name in source:
        return source[name] + publish.page(checks[name])
    import difflib

    near = difflib.get_close_matches(name, (*checks, *BY_ID), 1)
    raise UsageError(
        f"no rule and no check is called {name!r}",
        hint=f"did you mean {near[0]}?" if near else "`shisa checks` lists the checks",
    )
