"""What the kernel does where memory is short: kill -9 of the program that a step has started, or of its backend."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.runner.engine.stage import Player
from tests.runner.engine.test_server_faults import crashing, other_traffic

__all__ = ["crashing"]

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
OURS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'shisa/%'"
AT_WORK = f"{OURS} AND state <> 'idle'"
WAITING = f"{OURS} AND wait_event_type = 'Lock'"
PROGRAM = """\
  - id: call
    title: Call a program
    command: [sh, -c, 'echo x >> done; kill -KILL $$']
    approval: cross
"""
SAVE = """\
  - id: save
    title: Save the plans
    target: live
    backup: {to: saved.dump, tables: [public.plan]}
    lock_timeout: 60s
"""
BRING = """\
  - id: bring
    title: Bring the plans back
    target: live
    restore: {from: plan.dump, tables: [public.plan], section: data}
    approval: cross
"""
CLONE = """\
  - id: bring
    title: Bring the plans to another place
    target: live
    restore: {from: plan.dump, into: {schemas: {public: twin}}}
    approval: cross
"""


@pytest.fixture
def signing(stage):
    return Player(on_wait=stage.sign)


KNOWN = {
    "nothing of it": ("", "unknown", 7),
    "that it leaves nothing behind": ("    effects: none\n", "failed", 3),
    "what verify sees": ("    verify: {command: [test, -s, done]}\n", "completed", 0),
}


@pytest.mark.parametrize(("more", "state", "code"), KNOWN.values(), ids=KNOWN)
def test_of_a_program_that_was_killed_is_known(stage, signing, more, state, code):
    stage.write(PROGRAM + more)
    play = stage.play(signing)
    assert (play.state, play.ending.exit_code) == (state, code), play.reason
    assert play.ended("call").outcome in {"done", state}
    if state == "unknown":
        assert "ended by signal 9: it said nothing" in play.reason
        assert stage.resume(play.run, signing).state == "unknown"
    assert Path("done").read_text() == "x\n", "it is never begun again"
    assert stage.problems() == []


@pytest.fixture
def archive(stage, database, archive_tools, monkeypatch):
    """An archive of a table that is empty now; the clients of the server's version are first on the PATH."""
    database.execute("CREATE TABLE plan (name text); INSERT INTO plan SELECT 'free' FROM generate_series(1, 5000)")
    argv = [archive_tools.path("pg_dump"), "-Fc", "-t", "plan", "-f", "plan.dump", "-d", database.dsn]
    subprocess.run(argv, check=True)
    database.execute("TRUNCATE plan")
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")


def children(name):
    """Find the programs of this name that this process has started."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            comm, _, rest = (entry / "stat").read_text().partition(" (")[2].rpartition(") ")
            if (comm, int(rest.split()[1])) == (name, os.getpid()):
                yield int(entry.name)


@contextlib.contextmanager
def killed(name, accounts, holder):
    """Kill a program with SIGKILL once its backend waits for a lock, then let the lock go."""

    def watch():
        deadline = time.monotonic() + 60
        while not accounts(WAITING) and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in children(name):
            os.kill(pid, signal.SIGKILL)

    holder.execute("LOCK TABLE plan IN ACCESS EXCLUSIVE MODE")
    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()
    holder.rollback()


@linux
@pytest.mark.usefixtures("archive")
def test_a_pg_dump_that_was_killed_leaves_no_file_and_no_session(stage, signing, database, accounts):
    stage.write(SAVE)
    with killed("pg_dump", accounts, database.connect(autocommit=False)):
        play = stage.play(signing)
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert "pg_dump was ended by signal 9" in play.reason
    assert [each.name for each in Path.cwd().iterdir() if "saved" in each.name] == []
    assert accounts(AT_WORK) == []
    assert stage.resume(play.run, signing).state == "completed"
    assert stage.problems() == []


@linux
@pytest.mark.usefixtures("archive")
def test_of_a_pg_restore_that_was_killed_nobody_says_that_it_did_not_happen(stage, signing, database, accounts):
    stage.write(BRING)
    with killed("pg_restore", accounts, database.connect(autocommit=False)):
        play = stage.play(signing)
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert "pg_restore was ended by a signal; nothing of it runs any more, but part of it may stand" in play.reason
    assert accounts(AT_WORK) == []
    assert stage.resume(play.run, signing).state == "unknown"
    assert accounts("SELECT count(*) FROM plan") == [0]
    assert len(play.bodies("step.intended")) == 1
    assert stage.problems() == []


@pytest.mark.usefixtures("archive")
def test_a_clone_whose_pg_restore_was_killed_half_way_is_rolled_back(stage, signing, accounts, monkeypatch):
    real = subprocess.run(["sh", "-c", "command -v pg_restore"], capture_output=True, text=True, check=True).stdout
    dying = stage.folder / "bin" / "pg_restore"
    dying.parent.mkdir()
    dying.write_text(
        f'#!/bin/sh\ncase " $* " in *" -f - "*) ;; *) exec {real.strip()} "$@" ;; esac\n'
        f'{real.strip()} "$@" | head -c 3000\nkill -KILL $$\n'
    )
    dying.chmod(0o755)
    stage.write(CLONE)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{dying.parent}{os.pathsep}{os.environ['PATH']}")
        play = stage.play(signing)
    assert (play.state, play.ending.exit_code) == ("failed", 3)
    assert "rolled back: " in play.reason
    assert "pg_restore was ended by signal 9" in play.reason
    assert accounts("SELECT to_regnamespace('twin')::text") == [None]
    assert stage.resume(play.run, signing).state == "completed"
    assert accounts("SELECT count(*) FROM twin.plan") == [5000]


ADD = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan'); SELECT pg_sleep(61) FROM account WHERE owner = 'slow'
"""


def test_a_backend_that_was_killed_takes_the_server_down_and_the_step_did_not_happen(stage, crashing):
    with psycopg.connect(crashing.dsn(), autocommit=True) as connection:
        connection.execute("INSERT INTO account VALUES (1, 'slow')")
    stage.write(ADD)

    def out_of_memory():
        with psycopg.connect(crashing.dsn(), autocommit=True) as looking:
            sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            while not (found := looking.execute(sleeping).fetchone()):
                time.sleep(0.02)
            os.kill(found[0], signal.SIGKILL)

    thread = threading.Thread(target=out_of_memory)
    thread.start()
    play = stage.play()
    thread.join()
    assert play.ended("add").outcome in {"failed", "unknown"}, play.reason
    up_again(crashing)
    other_traffic(crashing)
    if play.ended("add").outcome == "unknown":
        play = stage.resume(play.run)
    assert play.ended("add").outcome == "failed"
    with psycopg.connect(crashing.dsn(), autocommit=True) as connection:
        assert connection.execute("DELETE FROM account RETURNING id").fetchall() == [(1,)]
    assert stage.resume(play.run).state == "completed"
    assert stage.problems() == []


def up_again(server):
    """Wait until the postmaster, which outlives its backends, has recovered."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.dsn()):
            return
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)
