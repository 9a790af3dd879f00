"""``shisa rollback``: take back what a run has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.resume import add_again, taken_up
from runner.cli.run import left

if TYPE_CHECKING:
    import argparse

HELP = "Take a run back: the rollbacks of the steps that are done, newest first, as their approvals cover them."
EXAMPLE = "  shisa rollback 261123-4f2a1c"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_again(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take the run back, or go on with a rollback that was broken off; 0 where all of it is taken back."""
    return left(taken_up(arguments), arguments, back=True)
