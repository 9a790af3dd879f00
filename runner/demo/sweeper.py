"""Clears a throwaway server away, also when the program that started it is killed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

# Reads the server's process id, a line at each change, until whoever holds the pipe's other end is gone.
SCRIPT = """
trap '' INT TERM HUP QUIT
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill -QUIT "$pid"; then
  tries=0
  while kill -0 "$pid" && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
fi
rm -rf "$1"
"""


class Sweeper:
    """A small process that outlives this one just long enough to stop the server and remove its folder."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "sh", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, pid: int | None) -> None:
        """Remember the server to stop; None where none runs."""
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - stdin=PIPE above
        pipe.write(b"%d\n" % pid if pid is not None else b"\n")
        pipe.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
