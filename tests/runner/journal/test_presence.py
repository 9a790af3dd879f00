"""Who is looking at a request: shown as long as their program lives, and never written into the journal."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from runner.journal.presence import lookers, looking
from runner.journal.sqlite import SqliteJournal
from tests.fixtures.servers import ROOT

REQUEST = "req-" + "0" * 32
LOOK = """
import sys, time
from pathlib import Path
from runner.journal.presence import looking
from runner.journal.sqlite import SqliteJournal
with looking(SqliteJournal(Path(sys.argv[1])), sys.argv[2], "bob"):
    print("here", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def journal(tmp_path):
    opened = SqliteJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def bob(journal):
    """Another process in which bob looks."""
    words = [sys.executable, "-c", LOOK, str(journal.path), REQUEST]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as started:
        assert started.stdout.readline() == b"here\n"
        yield started
        started.kill()


def test_whoever_looks_is_seen_until_they_leave(journal, bob):
    assert lookers(journal, REQUEST) == ("bob",)
    assert lookers(journal, "req-" + "1" * 32) == ()
    with looking(journal, REQUEST, "carol"):
        assert lookers(journal, REQUEST) == ("bob", "carol")
    bob.communicate(timeout=30)
    assert lookers(journal, REQUEST) == ()
    assert [path.name for path in journal.path.parent.iterdir()] == ["journal.db"]
    assert list(journal.records()) == []


def test_whoever_was_killed_looks_no_more(journal, bob):
    bob.send_signal(signal.SIGKILL)
    bob.wait(timeout=30)
    assert lookers(journal, REQUEST) == ()


def test_looking_twice_in_two_terminals_is_one_person(journal, bob):
    with looking(journal, REQUEST, "bob"):
        assert lookers(journal, REQUEST) == ("bob",)


@pytest.mark.parametrize("name", ["../bob", "bob/../../x", "", "bob\x1b[2J"])
def test_a_name_that_is_no_file_name_leaves_no_file(journal, name):
    with looking(journal, REQUEST, name):
        assert lookers(journal, REQUEST) == ()
        assert [path.name for path in journal.path.parent.iterdir()] == ["journal.db"]


def test_where_there_is_no_place_to_show_it_one_looks_unseen(journal, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError

    with looking(None, REQUEST, "bob"):
        pass
    monkeypatch.setattr(os, "open", refuse)
    with looking(journal, REQUEST, "bob"):
        assert lookers(journal, REQUEST) == ()


def test_a_pipe_in_the_place_of_such_a_file_holds_nobody_up(journal):
    os.mkfifo(journal.path.with_name(f"{journal.path.name}.looking.{REQUEST}.bob"))
    asking = threading.Thread(target=lookers, args=(journal, REQUEST), daemon=True)
    asking.start()
    asking.join(20)
    assert not asking.is_alive()
