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


def console(stream: Literal["stdout", "stderr"] = "stderr") -> Console:
    """Make a console; rich heeds NO_COLOR, COLUMNS and TERM.

    A character that the stream cannot carry is written as its escape, so that no locale makes a message fail.
    """
    from rich.console import Console

    target = sys.stdout if stream == "stdout" else sys.stderr
    if isinstance(target, io.TextIOWrapper):
        target.reconfigure(errors="backslashreplace")
    width = None if target.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    return Console(stderr=stream == "stderr", width=width, markup=False, emoji=False, highlight=False)
