"""Where things are printed: results on standard output, talk on standard error."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

_FILE_WIDTH = 100
"""How wide a line may be where no terminal says otherwise."""


def hush() -> None:
    """Send standard error to nowhere: whoever listened to the talk is gone, and that changes nothing of the work."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def console(stream: Literal["stdout", "stderr"] = "stderr") -> Console:
    """Make a console; rich heeds NO_COLOR, COLUMNS and TERM.

    A character that the stream cannot carry is written as its escape, so that no locale makes a message fail.
    """
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            """Tell the caller that a result is not read; talk goes nowhere then. rich would end the program."""
            if not self.stderr:
                raise BrokenPipeError
            self.quiet = True
            hush()

    target = sys.stdout if stream == "stdout" else sys.stderr
    if isinstance(target, io.TextIOWrapper):
        target.reconfigure(errors="backslashreplace")
    width = None if target.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    return _Console(stderr=stream == "stderr", width=width, markup=False, emoji=False, highlight=False)
