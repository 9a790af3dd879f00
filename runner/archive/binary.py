"""The numbers and strings that pg_dump writes into an archive, read with every length checked."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from runner.archive import stream

LONGEST = 1 << 26
"""Longest string taken from a table of contents, 64 MiB; a definition beyond it is a damaged length."""
OFFSET_STATES = {1: "piped", 2: "known", 3: "no rows"}
NUMBER = struct.Struct("<BI")
"""A number as every platform with 4-byte integers writes it: a sign byte and the magnitude."""
OFFSET_SIZES = range(1, 9)


class Reader:
    """A stream with pg_dump's primitives."""

    def __init__(self, path: Path, blocks: Iterator[bytes]) -> None:
        self.path = path
        self.offset_size = 8
        self._blocks = blocks
        self._block = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """How many bytes were taken so far."""
        return self._before + self._at

    @property
    def at_end(self) -> bool:
        """Whether nothing follows."""
        return self._at == len(self._block) and not self._more()

    def take(self, size: int) -> bytes:
        """Take exactly ``size`` bytes; what is allocated never exceeds what is there."""
        start, self._at = self._at, self._at + size
        if self._at <= len(self._block):
            return self._block[start : self._at]
        parts = [self._block[start:]]
        size -= len(parts[0])
        self._at = len(self._block)
        while size:
            if not self._more():
                raise stream.damaged(
                    self.path, f"it ends too early, behind byte {self.position} of its table of contents"
                )
            self._at = min(size, len(self._block))
            parts.append(self._block[: self._at])
            size -= self._at
        return b"".join(parts)

    def byte(self) -> int:
        """Take one byte."""
        return self.take(1)[0]

    def integer(self) -> int:
        """Take a number of at most 32 bits."""
        try:
            negative, magnitude = NUMBER.unpack_from(self._block, self._at)
        except struct.error:  # it goes on in the next block
            negative, magnitude = NUMBER.unpack(self.take(NUMBER.size))
        else:
            self._at += NUMBER.size
        return -magnitude if negative else int(magnitude)

    def string(self) -> bytes | None:
        """Take a length and that many bytes; a negative length is NULL."""
        size = self.integer()
        if size > LONGEST:
            raise stream.damaged(self.path, f"a text of {size} bytes is announced at byte {self.position}")
        return None if size < 0 else self.take(size)

    def offset(self) -> int | None:
        """Take where an entry's rows begin; None for an entry without rows, -1 where the dump went into a pipe."""
        state, value = self.byte(), int.from_bytes(self.take(self.offset_size), "little")
        if state not in OFFSET_STATES:
            raise stream.damaged(self.path, f"a data offset of unknown kind {state} stands at byte {self.position}")
        return {"piped": -1, "known": value, "no rows": None}[OFFSET_STATES[state]]

    def string_place(self) -> str | None:
        """Take the name of the file that holds an entry's rows."""
        name = (self.string() or b"").decode("ascii", errors="backslashreplace")
        if "/" in name:
            raise stream.damaged(self.path, f"an entry's rows are said to be in {name!r}")
        return name or None

    def chunks(self) -> Iterator[bytes]:
        """Take the chunks of one block of rows, up to the empty one that closes it."""
        while (size := self.integer()) > 0:
            while size:
                part = self.take(min(size, stream.BLOCK))
                yield part
                size -= len(part)

    def sizes(self) -> None:
        """Take how wide numbers and offsets are written."""
        int_size, self.offset_size = self.byte(), self.byte()
        if int_size + 1 != NUMBER.size or self.offset_size not in OFFSET_SIZES:
            raise stream.damaged(
                self.path, f"its header claims numbers of {int_size} and offsets of {self.offset_size} bytes"
            )

    def _more(self) -> bool:
        self._before += len(self._block)
        self._block, self._at = next(self._blocks, b""), 0
        return bool(self._block)
