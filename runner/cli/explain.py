"""``shisa explain``: the page of a lint rule or a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import put
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Show the page of a lint rule or a check: why it matters, when it objects, what to do."
EXAMPLE = "  shisa explain sequence-drift"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="RULE|CHECK", help="as `shisa validate` and `shisa checks` print it")


def run(arguments: argparse.Namespace) -> int:
    """Print the page, in Markdown."""
    from runner.safe_text import escape

    put(escape(page_of(arguments.name).strip(), multiline=True) + "\n")
    return 0


def page_of(name: str) -> str:
    """Find the page.

    Raises UsageError, with the nearest name, where neither a rule nor a check is called so.
    """
    from checks import catalog, publish

    checks = {spec.id: spec for spec in catalog.all()}
    if name in checks:
        return publish.page(checks[name])
    from runner.runbook.lint.catalog import BY_ID
    from runner.runbook.lint.pages import page

    if name in BY_ID:
        return page(BY_ID[name])
    import difflib

    near = difflib.get_close_matches(name, (*checks, *BY_ID), 1)
    raise UsageError(
        f"no rule and no check is called {name!r}",
        hint=f"did you mean {near[0]}?" if near else "`shisa checks` lists the checks",
    )
