"""A person at a terminal: the program in a pseudo-terminal, and what the person sees on a VT100 in memory."""

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pexpect
import pyte

PATIENCE = 30.0
"""Seconds to wait for a text; a loaded machine in CI is slow, so it is generous and never measured."""
_SCROLLBACK = 5000


class Terminal:
    """A program in a pseudo-terminal of its own; ``see`` waits for text, ``type`` answers."""

    def __init__(
        self, argv: Sequence[str], *, env: dict[str, str], cwd: Path, columns: int = 100, lines: int = 40
    ) -> None:
        self._child = pexpect.spawn(
            argv[0], list(argv[1:]), env=env, cwd=str(cwd), dimensions=(lines, columns), encoding=None, timeout=PATIENCE
        )
        self._child.delaybeforesend = None
        self._screen = pyte.HistoryScreen(columns, lines, history=_SCROLLBACK, ratio=0.5)
        self._screen.write_process_input = self._child.send  # a terminal answers when it is asked
        self._stream = pyte.ByteStream(self._screen)
        self._seen = 0

    @property
    def pid(self) -> int:
        return self._child.pid

    def text(self) -> str:
        """Everything that was shown so far, also what has scrolled away."""
        above = [self._line(line) for line in self._screen.history.top]
        return "\n".join([*above, *(line.rstrip() for line in self._screen.display)]).rstrip()

    def see(self, *expected: str) -> None:
        """Wait until each text has been shown after the one before; blanks and broken lines do not matter."""
        for text in expected:
            self._wait(text)

    def see_one(self, *expected: str) -> int:
        """Wait until one of the texts is shown next; tell which, counted from 0."""
        flat, deadline = [_flat(text) for text in expected], time.monotonic() + PATIENCE
        while not (found := [n for n, text in enumerate(flat) if text in _flat(self.text())[self._seen :]]):
            assert self._read(), f"ended without one of {expected}:\n{self.text()}"
            assert time.monotonic() < deadline, f"waited in vain for one of {expected}, showing:\n{self.text()}"
        self._wait(expected[found[0]])
        return found[0]

    def type(self, text: str) -> None:
        """Type a line."""
        self._child.send(f"{text}\r")

    def press(self, key: str) -> None:
        """Press Ctrl and a key."""
        self._child.sendcontrol(key)

    def ended(self) -> int:
        """Wait for the program's end and give its exit code, or the negative number of the signal that ended it."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, f"still running, showing:\n{self.text()}"
        self._child.wait()
        code: int = self._child.exitstatus if self._child.signalstatus is None else -self._child.signalstatus
        return code

    def kill(self, signal: int) -> int:
        """Send a signal and wait for the end."""
        os.kill(self.pid, signal)
        return self.ended()

    def close(self) -> None:
        """Close the window."""
        self._child.close(force=True)

    def _wait(self, text: str) -> None:
        wanted, deadline = _flat(text), time.monotonic() + PATIENCE
        while (found := _flat(self.text()).find(wanted, self._seen)) < 0:
            alive = self._read()
            assert alive or wanted in _flat(self.text())[self._seen :], f"ended without {text!r}:\n{self.text()}"
            assert time.monotonic() < deadline, f"waited in vain for {text!r}, showing:\n{self.text()}"
        self._seen = found + len(wanted)

    def _read(self) -> bool:
        """Take in what the program shows; False when it is gone."""
        try:
            self._stream.feed(self._child.read_nonblocking(65536, 0.2))
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            return False
        return True

    def _line(self, line: dict) -> str:
        return "".join(line[column].data for column in range(self._screen.columns)).rstrip()


def _flat(text: str) -> str:
    return re.sub(r"\s+", "", text)
