"""Work that must leave no trace: each job in a child that ends with it, as many at once as there are places."""

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
    until: float


def each_in_a_child(
    jobs: Iterable[Job], work: Callable[[Job, Place], str], places: Sequence[Place], limit_s: Callable[[Job], float]
) -> Iterator[tuple[Job, str, float]]:
    """Give what the work says of each job, and its seconds; one child at a time in each place.

    A child has a folder for its temporary files; it is killed when its time is up.
    """
    free, waiting = list(places), iter(jobs)
    children: dict[int, tuple[Job, _Child, float]] = {}
    try:
        while True:
            while free and (job := next(waiting, None)) is not None:
                place, began = free.pop(), time.monotonic()
                pid, child = _begin(functools.partial(work, job, place), place, began + limit_s(job))
                children[pid] = (job, child, began)
            if not children:
                return
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                _end(pid for pid, (_, child, _) in children.items() if child.until < time.monotonic())
                time.sleep(0.01)
                continue
            job, child, began = children.pop(pid)
            with os.fdopen(child.answer) as pipe:
                said = pipe.read() if os.WIFEXITED(status) else f"signal {os.WTERMSIG(status)}"
            shutil.rmtree(child.folder, ignore_errors=True)
            free.append(child.place)
            yield job, said, time.monotonic() - began
    finally:
        _end(children)


def _end(children: Iterable[int]) -> None:
    for pid in children:
        os.killpg(pid, signal.SIGKILL)


def _begin(work: Callable[[], str], place: Any, until: float) -> tuple[int, _Child]:
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, _Child(place, reading, folder, until)
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
