"""The numbers that a sequence may give and that fit into the columns behind it. Pure."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """An integer column that takes the numbers."""

    name: str
    type: str
    bytes: int
    refers: bool = False
    """Whether it refers to a column that takes them, by a foreign key."""

    @property
    def high(self) -> int:
        """The highest number that it holds."""
        return int(2 ** (8 * self.bytes - 1)) - 1

    @property
    def low(self) -> int:
        """The lowest number that it holds."""
        return -self.high - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """From the end where a sequence begins to the one where it, or the column, ends."""

    minimum: int
    maximum: int
    increment: int
    column: Column | None = None
    """The narrowest column; None where no integer column is known."""

    @property
    def limit(self) -> int:
        """The last number that can be used."""
        if self.increment > 0:
            return self.maximum if self.column is None else min(self.maximum, self.column.high)
        return self.minimum if self.column is None else max(self.minimum, self.column.low)

    @property
    def of_column(self) -> bool:
        """Whether the column ends before the sequence does."""
        return self.limit != (self.maximum if self.increment > 0 else self.minimum)

    @property
    def size(self) -> int:
        """How many numbers there are in all; 0 where none fits."""
        return self.left(self.minimum if self.increment > 0 else self.maximum)

    def left(self, following: int) -> int:
        """How many numbers there are from the next one on."""
        return max(0, (self.limit - following) // self.increment + 1)
