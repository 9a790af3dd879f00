"""Two streams of lines, cancelled against each other as they come; what has no equal on the other side remains.

Lines are counted, not collected, so that a table without a key may hold a row twice. Both streams mostly come in the
same order, so a line meets its equal soon; where it does not, what waits is spread by hash over temporary files, and
each of those is small enough to be looked at for itself.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

BACKUP, LIVE = 0, 1
CAP = 20 << 20
"""Bytes of memory that waiting lines may take, about."""
OVERHEAD = 100
"""Bytes of memory that a line takes beside its text."""
FAN = 64
"""Files that one spill spreads over, for each side."""
_LEVELS = 3
"""Spills of spills; 64³ pairs of files are enough for any table, and 384 files are open at most."""
_BLOCK = 1 << 18
_SIGN = (1, -1)

Lines = list[bytes]


class Block(NamedTuple):
    """Lines as they came, each with its newline."""

    size: int
    """Bytes of all lines; whoever read them knows it, and adding it up again costs as much as a tenth of the rest."""
    lines: Lines


@dataclasses.dataclass(frozen=True, slots=True)
class Remains:
    """What has no equal: the lines of each side in a temporary file, and how many were read and remain."""

    files: tuple[IO[bytes], IO[bytes]]
    read: tuple[int, int]
    left: tuple[int, int]


@contextlib.contextmanager
def cancel(backup: Iterable[Block], live: Iterable[Block], *, cap: int = CAP) -> Iterator[Remains]:
    """Read both streams to the end, whichever lags first.

    Raises OSError where there is no room for the temporary files, and what the streams raise.
    """
    with contextlib.ExitStack() as stack:
        out = tuple(stack.enter_context(tempfile.TemporaryFile(prefix="shisa-")) for _ in _SIGN)
        read, left = _run((iter(backup), iter(live)), (out[0], out[1]), cap, 0)
        for file in out:
            file.seek(0)
        yield Remains((out[0], out[1]), read, left)


def _run(
    sides: tuple[Iterator[Block], Iterator[Block]], out: tuple[IO[bytes], IO[bytes]], cap: int, level: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    with contextlib.closing(_Window(cap, level)) as window:
        going = [True, True]
        while any(going):
            lagging = window.taken[LIVE] < window.taken[BACKUP]
            side = int(lagging) if all(going) else going.index(True)
            block = next(sides[side], None)
            if block is None:
                going[side] = False
            else:
                window.take(side, block)
        return (window.read[0], window.read[1]), window.finish(out)


class _Window:
    def __init__(self, cap: int, level: int) -> None:
        self.taken, self.read = [0, 0], [0, 0]
        self._cap, self._level = cap, level
        self._waiting: tuple[set[bytes], set[bytes]] = (set(), set())
        self._surplus: collections.Counter[bytes] = collections.Counter()
        self._spilled: dict[int, tuple[IO[bytes], IO[bytes]]] = {}
        self._open = contextlib.ExitStack()

    def close(self) -> None:
        self._open.close()

    def take(self, side: int, block: Block) -> None:
        """Cancel new lines of one side; a line that waits already, or comes twice, is counted in the surplus."""
        lines, new = block.lines, set(block.lines)
        self.read[side] += len(lines)
        self.taken[side] += block.size
        if len(new) != len(lines):
            for line, count in collections.Counter(lines).items():
                if count > 1:
                    self._surplus[line] += _SIGN[side] * (count - 1)
        mine, other = self._waiting[side], self._waiting[1 - side]
        met = new & other
        other -= met
        new -= met
        for line in new & mine:
            self._surplus[line] += _SIGN[side]
        mine |= new
        held = len(mine) + len(other) + len(self._surplus)
        if self._level < _LEVELS and held * (self._mean + OVERHEAD) > self._cap:
            self._spill()

    def finish(self, out: tuple[IO[bytes], IO[bytes]]) -> tuple[int, int]:
        """Write what has no equal; how many lines that are."""
        if not self._spilled:
            return self._write(out)
        self._spill()
        left = [0, 0]
        for pair in self._spilled.values():
            for file in pair:
                file.seek(0)
            _, part = _run((_lines(pair[0]), _lines(pair[1])), out, self._cap, self._level + 1)
            left = [left[0] + part[0], left[1] + part[1]]
        return left[0], left[1]

    @property
    def _mean(self) -> int:
        return sum(self.taken) // max(1, sum(self.read))

    def _write(self, out: tuple[IO[bytes], IO[bytes]]) -> tuple[int, int]:
        left = [0, 0]
        for line, count in self._counts():
            side = int(count < 0)
            out[side].writelines(itertools.repeat(line, abs(count)))
            left[side] += abs(count)
        return left[0], left[1]

    def _counts(self) -> Iterator[tuple[bytes, int]]:
        """Yield each line that waits, with how many more of it the backup has than the live table."""
        for side, sign in enumerate(_SIGN):
            for line in self._waiting[side]:
                count = sign + self._surplus.pop(line, 0)
                if count:
                    yield line, count
        yield from ((line, count) for line, count in self._surplus.items() if count)

    def _spill(self) -> None:
        shift = self._level * (FAN.bit_length() - 1)
        spread: tuple[list[Lines], list[Lines]] = ([[] for _ in range(FAN)], [[] for _ in range(FAN)])
        for line, count in self._counts():
            at = hash(line) >> shift & FAN - 1
            if abs(count) == 1:
                spread[count < 0][at].append(line)
            else:
                self._files(at)[count < 0].writelines(itertools.repeat(line, abs(count)))
        for side, parts in enumerate(spread):
            for at, lines in enumerate(parts):
                if lines:
                    self._files(at)[side].write(b"".join(lines))
        for waiting in self._waiting:
            waiting.clear()
        self._surplus.clear()

    def _files(self, at: int) -> tuple[IO[bytes], IO[bytes]]:
        if at not in self._spilled:
            self._spilled[at] = (self._file(), self._file())
        return self._spilled[at]

    def _file(self) -> IO[bytes]:
        return self._open.enter_context(tempfile.TemporaryFile(prefix="shisa-"))


def _lines(file: IO[bytes]) -> Iterator[Block]:
    while lines := file.readlines(_BLOCK):
        yield Block(sum(map(len, lines)), lines)
