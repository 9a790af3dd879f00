"""A process that runs or resumes a run and kills itself with SIGKILL where the test says.

One driver is started for many kills: it has everything imported and forks a child for each line on its input,
``{folder, run, params, die}``. A child writes its ending; the driver writes that and the signal that ended the child.
``die`` is ``append:N`` (right after the Nth line of the journal is durable), ``inside:N`` (within SQLite's transaction
of the Nth line), ``between:N:K`` (at the Kth call of a function, in any thread, behind the Nth line), ``told:N:K``
(there it is told to end by SIGTERM), ``waiting``, ``later:S`` (after S seconds), or a key of ``AROUND``.
"""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg  # noqa: F401 - before the fork, so that each child finds it
import pytest

from runner.cli.main import _end_as_by_ctrl_c
from runner.journal.sqlite import SqliteJournal
from runner.postgres.transaction import Transaction
from runner.steps import backup, check, command, manual, restore, restore_rows, rows_once, sequences, sql  # noqa: F401 - as above
from runner.steps.restore_watch import RestoreWatch
from tests.fixtures.servers import ROOT
from tests.runner.engine.answering import answer
from tests.runner.engine.stage import Player, Stage, sign_without_programs

AROUND = {
    "before-commit": (Transaction, "commit", "before"),
    "after-commit": (Transaction, "commit", "after"),
    "while-restoring": (RestoreWatch, "look", "before"),
    "after-restoring": (restore, "_ended", "before"),
    "before-keeping": (rows_once, "_keep", "before"),
    "after-applying": (rows_once, "apply", "after"),
    "program-started": (command, "_start", "after"),
    "before-placing": (backup, "place", "before"),
    "after-placing": (backup, "place", "after"),
    "after-raising": (sequences, "raise_sequences", "after"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function: Callable[..., Any], moment: str, when: Callable[..., bool]) -> Callable[..., Any]:
    """Wrap a function: the process dies before it or after it, at the call that ``when`` chooses."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        now = when(*args)
        if now and moment == "before":
            die()
        result = function(*args, **kwargs)
        if now:
            die()
        return result

    return wrapped


def nth(number: int) -> Callable[..., bool]:
    calls = iter(range(1, 10_000))
    return lambda *_: next(calls) == number


def told_to_end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


ENDS: dict[str, Callable[[], None]] = {"between": die, "told": told_to_end}


def counting_from(append: Callable[..., Any], line: int, calls: int, end: Callable[[], None]) -> Callable[..., Any]:
    """Wrap the journal's append: from its given line on, calls of functions are counted, and one brings the end."""
    at, left = nth(line), itertools.count(1)

    def count(*_: Any) -> None:
        if next(left) == calls:
            end()

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        record = append(*args, **kwargs)
        if at():
            threading.setprofile(count)
            sys.setprofile(count)
        return record

    return wrapped


@contextlib.contextmanager
def deadly(where: str | None) -> Iterator[None]:
    """Put the death where the test wants it."""
    kind, _, number = (where or "").partition(":")
    if where is None or where == "waiting":
        yield
    elif kind == "later":
        signal.setitimer(signal.ITIMER_REAL, float(number))  # nobody handles SIGALRM: it ends the process like SIGKILL
        yield
    elif kind in ENDS:
        line, _, calls = number.partition(":")
        counting = counting_from(SqliteJournal.append, int(line), int(calls), ENDS[kind])
        with patch.object(SqliteJournal, "append", counting):
            yield
    elif kind in {"append", "inside"}:
        name = "append" if kind == "append" else "_append"
        with patch.object(SqliteJournal, name, dying(getattr(SqliteJournal, name), "after", nth(int(number)))):
            yield
    else:
        owner, name, moment = AROUND[where]
        with patch.object(owner, name, dying(getattr(owner, name), moment, nth(1))):
            yield


def work(order: dict[str, Any]) -> dict[str, Any]:
    stage = Stage.at(Path(order["folder"]))
    os.chdir(stage.folder)
    os.environ.update(order["environ"])
    wait = (lambda *_: die()) if order["die"] == "waiting" else stage.sign
    _end_as_by_ctrl_c()
    player = Player(on_wait=wait, on_question=answer(stage, "some"))
    with deadly(order["die"]):
        play = stage.resume(order["run"], player) if order["run"] else stage.play(player, params=order["params"])
    return {"run": play.run, "state": play.state, "reason": play.reason, "exit_code": play.ending.exit_code}


def main() -> None:
    setattr(*sign_without_programs())
    for line in sys.stdin:
        order = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                os.write(write, json.dumps(work(order)).encode())
            except BaseException as error:  # noqa: BLE001 - told to the test
                os.write(write, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        answer = {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}
        sys.stdout.write(json.dumps(answer | (json.loads(told) if told else {})) + "\n")
        sys.stdout.flush()


@pytest.fixture(scope="session")
def driver():
    """Sends orders to one driver process; gives what became of the child."""
    argv = [sys.executable, "-m", "tests.runner.engine.driver"]
    process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def drive(stage, *, run=None, die=None, params=None, environ=None):
        order = {
            "folder": str(stage.folder),
            "run": run,
            "die": die,
            "params": params or {},
            "environ": {"PATH": os.environ["PATH"], **(environ or {})},
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield drive
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


if __name__ == "__main__":
    main()
