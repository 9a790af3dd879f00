"""The last line of the terminal while something takes long: replaced in place, gone when anything else is said."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from runner.safe_text import escape

if TYPE_CHECKING:
    from rich.console import Console


@dataclasses.dataclass(slots=True)
class LiveLine:
    """One line that is written over; where the console is no terminal it shows nothing."""

    _there: bool = False

    def show(self, text: str, console: Console) -> None:
        """Put the line's text in place of what it said before, cut to the terminal's width."""
        from rich.text import Text

        if not console.is_terminal:
            return
        self.end(console)
        line = Text(f"  … {escape(text)}", style="dim", overflow="ellipsis", no_wrap=True)
        line.truncate(console.width - 1, overflow="ellipsis")
        console.print(line, end="")
        self._there = True

    def end(self, console: Console) -> None:
        """Take the line away, so that the next one stands in its place."""
        from rich.control import Control
        from rich.segment import ControlType

        if self._there:
            console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
            self._there = False
