"""The port of a check: what it may run, how long, and what becomes of a question that fails."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from checks.base import CannotAskError
from runner.port import GuardAsk
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

SOON = timedelta(seconds=20)


@dataclasses.dataclass(frozen=True)
class Number:
    n: int


@pytest.fixture
def port(database):
    with connect(database.dsn, application_name="shisa/test") as connection:
        yield GuardAsk(ReadOnlySession(connection), target="live", disk_free=["sh", "-c", "echo Avail; echo 12345"])


def test_a_question_that_failed_leaves_the_next_one_an_answer(port):
    with port.snapshot():
        with pytest.raises(CannotAskError, match="does not exist"):
            port.rows("SELECT n FROM public.gone", Number)
        with pytest.raises(CannotAskError, match="division by zero"):
            port.select("SELECT 1 / 0")
        assert port.rows("SELECT 1 AS n", Number) == [Number(1)]


def test_a_check_that_asks_nothing_holds_no_snapshot(port, database):
    with port.snapshot():
        assert not port.session.held
        port.rows("SELECT 1 AS n", Number)
        assert port.session.held
    assert not port.session.held


def test_a_direct_connection_stays_what_it_is(port):
    with port.snapshot():
        facts = port.session_facts()
        assert set(facts.pids) == {facts.told_pid}
        assert len(facts.pids) == 5
        assert facts.kept
        port.rows("SELECT 1 AS n", Number)
        with pytest.raises(CannotAskError, match="inside a snapshot"):
            port.session_facts()


def test_a_program_tells_how_it_ended(port):
    ran = port.run(["sh", "-c", "echo out; echo err >&2; exit 3"], limit=SOON)
    assert (ran.exit_code, ran.stdout, ran.stderr) == (3, "out\n", "err\n")


@pytest.mark.parametrize(
    ("argv", "limit", "reason"),
    [
        (["/nowhere/at-all"], SOON, "/nowhere/at-all cannot be run: No such file or directory"),
        (["sleep", "60"], timedelta(milliseconds=100), "sleep took longer than 0.1 s and was ended"),
    ],
)
def test_a_program_that_cannot_answer_is_said_so(port, argv, limit, reason):
    with pytest.raises(CannotAskError, match=reason):
        port.run(argv, limit=limit)


def test_free_bytes_are_the_last_word_of_the_configured_command(port):
    assert port.disk_free(limit=SOON) == 12345


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (None, "shisa.yaml names no command disk_free for the target live"),
        (["false"], "printed no number of bytes: exit code 1, 'nothing'"),
        (["echo", "12G"], "printed no number of bytes: exit code 0, '12G'"),
        (["echo", "-5"], "printed no number of bytes: exit code 0, '-5'"),
    ],
)
def test_free_bytes_that_are_not_told_are_not_guessed(port, command, reason):
    port._disk_free = command
    with pytest.raises(CannotAskError, match=reason):
        port.disk_free(limit=SOON)
