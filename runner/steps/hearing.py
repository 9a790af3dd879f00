"""What a program says while it works: its beginning and its end are kept, what lies between is counted."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO

HALF = 1 << 19
"""Bytes of each stream that are kept from its beginning, and from its end."""
_BLOCK = 1 << 16


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What came out of one stream."""

    beginning: str
    end: str = ""
    between: int = 0
    """Bytes that were not kept."""

    def changed(self, change: Callable[[str], str]) -> Said:
        """Give the same with both of its texts changed."""
        return Said(change(self.beginning), change(self.end), self.between)

    def shortened(self, characters: int) -> str:
        """Give so many characters of it, most of them from its end, and say in between how much is left out."""
        whole = self.beginning + self.end
        if not self.between and len(whole) <= characters:
            return whole
        first, last = characters // 4, characters - characters // 4
        left = len(whole[first:-last].encode()) + self.between
        return f"{whole[:first]}\n… {left:,} bytes are left out here …\n{whole[-last:]}"


def hear(child: subprocess.Popen[bytes], given: str | None, seconds: float | None) -> tuple[Said, Said]:
    """Give a program its input, and hear its two streams, which nobody buffers, to their end.

    Raises subprocess.TimeoutExpired where it takes longer.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    ears = _Ear(child.stdout), _Ear(child.stderr)
    mouth = threading.Thread(target=_say, args=(child.stdin, given), daemon=True)
    for thread in (*ears, mouth):
        thread.start()
    for ear in ears:
        ear.join(None if deadline is None else max(deadline - time.monotonic(), 0))
        if ear.is_alive():
            raise subprocess.TimeoutExpired(child.args, seconds or 0)
    child.wait(None if deadline is None else max(deadline - time.monotonic(), 0))
    return ears[0].said(), ears[1].said()


class _Ear(threading.Thread):
    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._beginning, self._end, self._heard = bytearray(), bytearray(), 0

    def run(self) -> None:
        """Hear the stream to its end."""
        with contextlib.suppress(OSError, ValueError):  # closed while it was read, for the program was ended
            while self._stream is not None and (block := self._stream.read(_BLOCK)):
                self._heard += len(block)
                room = HALF - len(self._beginning)
                self._beginning += block[:room]
                self._end += block[room:] if room > 0 else block
                if len(self._end) > 2 * HALF:
                    del self._end[:-HALF]

    def said(self) -> Said:
        """Tell what was heard."""
        end = self._end[-HALF:]
        between = self._heard - len(self._beginning) - len(end)
        if not between:
            return Said(_text(self._beginning + end))
        return Said(_text(self._beginning), _text(end), between)


def _say(stream: IO[bytes] | None, given: str | None) -> None:
    with contextlib.suppress(OSError, ValueError):  # the program does not want all of it
        if stream is not None:
            with stream:
                left = memoryview((given or "").encode())
                while left:
                    left = left[stream.write(left) :]


def _text(said: bytearray) -> str:
    return said.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
