"""An effect in a thread of its own: its calls are served by the thread that owns the journal, and it can be ended."""

from __future__ import annotations

import collections
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from runner.postgres.ending import end_backend

if TYPE_CHECKING:
    import subprocess

Result = TypeVar("Result")

_ASKING = {"end", "fate"}
"""Purposes of connections that find out how an effect ended; they are not ended with it."""


class Desk:
    """Where an effect's thread meets the thread that owns the journal and the terminal: only one of them works there.

    The owner makes it, and lets go of its turn while it waits in ``serve``.
    """

    def __init__(self) -> None:
        self._jobs: collections.deque[tuple[Callable[[], Any], Future[Any]]] = collections.deque()
        # a lock as a bell: a SimpleQueue waits without end where a signal comes as its time is up, as when a laptop
        # wakes up, and a Queue costs a step ten times as much
        self._bell, self._turn = threading.Lock(), threading.Lock()
        self._bell.acquire()
        self._turn.acquire()

    def start(self, work: Callable[[], Result], worker: Worker) -> Future[Result]:
        """Let a worker begin the effect."""
        running: Future[Result] = Future()
        running.add_done_callback(lambda _: self._ring())
        worker.begin(running, work)
        return running

    def call(self, job: Callable[[], Result]) -> Result:
        """Have a job done by the owner, as what asks a person must be, and wait for its result or exception."""
        done: Future[Result] = Future()
        self._jobs.append((job, done))
        self._ring()
        return done.result()

    def work(self, job: Callable[[], Result]) -> Result:
        """Do a job in the owner's place while it waits, which is quicker than two threads that wake each other."""
        with self._turn:
            return job()

    def serve(self, seconds: float) -> None:
        """Let the other thread work, and do the jobs that it calls for within this time."""
        self._turn.release()
        try:
            self._bell.acquire(timeout=seconds)
        finally:
            self._turn.acquire()
        while self._jobs:
            job, done = self._jobs.popleft()
            _settle(done, job)

    def _ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # it rings already
            self._bell.release()


class Worker:
    """The thread in which a run's effects are carried out, one after the other.

    It is left behind when the program ends, and when another effect begins, should one never come back.
    """

    def __init__(self) -> None:
        self._given: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] | None = None
        self._last: Future[Any] = Future()

    def begin(self, running: Future[Result], work: Callable[[], Result]) -> None:
        """Have an effect carried out, by another thread where the last one never came back."""
        if self._given is None or not self._last.done():
            self.dismiss()
            self._given = queue.SimpleQueue()
            threading.Thread(target=_work_off, args=(self._given,), daemon=True).start()
        self._last = running
        self._given.put((running, work))

    def dismiss(self) -> None:
        """Let the thread end behind what it is at."""
        if self._given is not None:
            self._given.put(None)
        self._given = None


class Work:
    """What an effect has begun, so that all of it can be ended from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: list[Any] = []
        self._children: list[subprocess.Popen[Any]] = []
        self.ending = threading.Event()

    def keep(self, connection: Any, purpose: str) -> Any:
        """Remember a connection that the effect opened."""
        if purpose not in _ASKING:
            with self._lock:
                self._connections.append(connection)
        return connection

    def started(self, child: subprocess.Popen[Any]) -> None:
        """Remember a child process that the effect started."""
        with self._lock:
            self._children.append(child)

    def sleep(self, seconds: float) -> None:
        """Let the effect wait; raises KeyboardInterrupt in its thread where it shall end meanwhile."""
        if self.ending.wait(seconds):
            raise KeyboardInterrupt

    def running(self) -> list[str]:
        """Name what runs on this machine and on the server."""
        with self._lock:
            children = [f"a program (process group {child.pid})" for child in self._children if _alive(child)]
        backends = [f"backend {each.info.backend_pid} of {each.info.dbname}" for each in self._open()]
        return children + backends

    def end(self) -> None:
        """End what runs: each child's whole process group; each backend by cancel, a look, and termination."""
        from runner.postgres.clients import end_group

        self.ending.set()
        with self._lock:
            children = [child for child in self._children if _alive(child)]
        for child in children:
            end_group(child)
        for connection in self._open():
            end_backend(connection)

    def _open(self) -> Iterator[Any]:
        with self._lock:
            yield from [connection for connection in self._connections if not connection.closed]


def _alive(child: subprocess.Popen[Any]) -> bool:
    return child.returncode is None


def _settle(done: Future[Result], job: Callable[[], Result]) -> None:
    try:
        done.set_result(job())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
        done.set_exception(error)


def _work_off(given: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    while _next(given):
        pass


def _next(given: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> bool:
    """Carry out the next effect; nothing of it, such as a secret, is kept while another one is waited for."""
    one = given.get()
    if one is not None:
        _settle(*one)
    return one is not None
