"""A client program that takes long: its chatter read while it works, a look at it every moment, and its end."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.errors import StepFailedError
from runner.postgres.clients import Ran, end_group

_TICK = 0.2
"""Seconds between two looks."""
_KEPT = 40
"""Lines of its last words that are kept, and of its errors."""


def supervise(
    argv: Sequence[str],
    env: dict[str, str],
    *,
    heard: Callable[[str], None],
    look: Callable[[], None] = lambda: None,
    started: Callable[[subprocess.Popen[str]], None] = lambda _: None,
    seconds: float | None = None,
) -> Ran:
    """Run a program in a process group of its own; what it writes is for its owner's eyes only (0600, 0700).

    ``heard`` is told each line of its error output, ``look`` is called every moment. An interruption, and whatever
    these two raise, ends the whole group first. Raises StepFailedError where it takes longer than ``seconds``.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    with subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        umask=0o077,
    ) as child:
        ears = _Ears(child)
        try:
            started(child)
            while not ears.silent or child.poll() is None:
                ears.listen(heard)
                look()
                if deadline is not None and time.monotonic() > deadline:
                    break
            else:
                deadline = None
        except BaseException:
            end_group(child)
            raise
        if deadline is not None:
            end_group(child)
            raise StepFailedError(f"{Path(argv[0]).name} took longer than {seconds:g} s and was ended")
    return Ran(child.returncode, "", ears.told())


class _Ears:
    """Reads a child's error output in a thread of its own, so that a silent child is noticed too."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()  # a signal may make a SimpleQueue forget its timeout
        self._errors: list[str] = []
        self._last: list[str] = []
        self.silent = False
        threading.Thread(target=self._read, args=(child,), daemon=True).start()

    def listen(self, heard: Callable[[str], None]) -> None:
        """Pass on what was said until now; wait a moment for the first of it."""
        try:
            line = self._lines.get(timeout=_TICK)
            while line is not None:
                self._keep(line)
                heard(line)
                line = self._lines.get_nowait()
        except queue.Empty:
            return
        self.silent = True

    def told(self) -> str:
        """Give the errors that it named; where it named none, its last words."""
        return "\n".join(self._errors or self._last)

    def _keep(self, line: str) -> None:
        self._last = [*self._last, line][-_KEPT:]
        if len(self._errors) < _KEPT and any(f": {word}: " in line for word in ("error", "fatal", "detail", "hint")):
            self._errors.append(line)

    def _read(self, child: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ValueError):  # closed while it was read, for the child was ended
            for line in child.stderr or ():
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)
