"""How many rows something may touch: as many as is said, or from so many to so many."""

from __future__ import annotations

from typing import NamedTuple

from runner.runbook.model import RowBounds


class Bounds(NamedTuple):
    """The least and the most; None is no bound."""

    low: int | None = None
    high: int | None = None

    def hold(self, count: int) -> bool:
        """Whether a number lies within."""
        return (self.low is None or count >= self.low) and (self.high is None or count <= self.high)

    def __str__(self) -> str:
        if self.low == self.high:
            return f"exactly {self.low}"
        if self.low is None:
            return f"at most {self.high}"
        return f"at least {self.low}" if self.high is None else f"{self.low} to {self.high}"


def bounds_of(said: int | RowBounds | str | None) -> Bounds:
    """Read what a rendered step says of a number of rows."""
    if isinstance(said, RowBounds):
        return Bounds(_number(said.min), _number(said.max))
    return Bounds(_number(said), _number(said))


def _number(value: int | str | None) -> int | None:
    return None if value is None else int(value)
