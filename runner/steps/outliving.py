"""Whether a program that a step started still works, though the shisa that started it was killed.

The program inherits an open file with a lock on it, and so does what it starts. The lock is gone when the last of them
is, however they end; no number of a process is relied on, which the system gives out again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from runner.journal.sqlite_faults import from_os
from runner.journal.sqlite_file import mode_for


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """The file by which a step's program is known; in it stands the machine on which that was started."""

    path: Path

    @contextlib.contextmanager
    def held(self) -> Iterator[int]:
        """Give the locked file's descriptor, for the program to inherit. Raises JournalError where it cannot be."""
        try:
            descriptor = self._locked()
        except OSError as error:
            raise from_os(self.path, error) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def at_work(self) -> bool | None:
        """Whether anybody of them still works; None where that cannot be seen from here."""
        import fcntl

        if self.machine() != socket.gethostname():
            return None
        try:
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        return False

    def machine(self) -> str | None:
        """Name the machine on which the program was started; None where there is no mark."""
        try:
            return self.path.read_text(errors="replace") or None
        except OSError:
            return None

    def forget(self) -> None:
        """Remove the mark, once the outcome is durable."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _locked(self) -> int:
        import fcntl

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, mode_for(self.path.parent))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)  # shared: somebody of an earlier attempt may have it
            os.ftruncate(descriptor, 0)
            os.write(descriptor, socket.gethostname().encode())
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def mark_of(folder: Path, run: str, step: str) -> Mark:
    """Give the mark of a run's step, which lies in ``folder`` beside the journal."""
    return Mark(folder / f"{run}.{hashlib.sha256(step.encode()).hexdigest()[:16]}.working")
