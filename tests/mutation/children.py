"""Work that must leave no trace: each job in a child that ends with it, as many at once as there are places."""

import contextlib
import functools
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Job = TypeVar("Job")
Place = TypeVar("Place")


class _Child(NamedTuple):
    place: Any
    answer: int
    folder: Path
    began: float


def each_in_a_child(
    jobs: Iterable[Job], work: Callable[[Job, Place], str], places: Sequence[Place]
) -> Iterator[tuple[Job, str, float]]:
    """Give what the work says of each job, or the signal that ended it, and its seconds.

    There is one child at a time in each place; it has a folder for its temporary files.
    """
    free, waiting = list(places), iter(jobs)
    children: dict[int, tuple[Job, _Child]] = {}
    try:
        while True:
            while free and (job := next(waiting, None)) is not None:
                place = free.pop()
                pid, child = _begin(functools.partial(work, job, place), place)
                children[pid] = (job, child)
            if not children:
                return
            pid, status = os.wait()
            if pid not in children:  # a server's
                continue
            job, child = children.pop(pid)
            with os.fdopen(child.answer) as pipe:
                said = pipe.read()
            if os.WIFSIGNALED(status):
                said = signal.Signals(os.WTERMSIG(status)).name
                _end([pid])
            shutil.rmtree(child.folder, ignore_errors=True)
            free.append(child.place)
            yield job, said, time.monotonic() - child.began
    finally:
        _end(children)


def _end(children: Iterable[int]) -> None:
    """End what is left of these children's process groups."""
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _begin(work: Callable[[], str], place: Any) -> tuple[int, _Child]:
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, _Child(place, reading, folder, time.monotonic())
    said = ""
    try:
        os.setsid()
        for stream in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None
        said = work()
    except BaseException as error:  # noqa: BLE001 - the parent's life goes on elsewhere
        said = "".join(traceback.format_exception_only(error)).strip()
    finally:
        os.write(writing, said.encode()[:60_000])
        os._exit(0)
