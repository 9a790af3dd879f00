"""Ctrl-C, SIGTERM and SIGHUP between the steps, as a run opens and as it ends: wherever they come, it is in order."""

import os
import signal

import psycopg
import pytest

from runner.engine.effect import act
from runner.journal.sqlite import SqliteJournal
from tests.runner.engine.stage import Player
from tests.runner.engine.surviving import finish
from tests.runner.engine.test_crash import SQL
from tests.runner.engine.test_stopping import as_the_program

__all__ = ["as_the_program"]

ALL = bool(os.environ.get("SHISA_TEST_ALL"))
LINES = range(1, 17)
PLACES = [(line, calls) for line in LINES for calls in ((3, 10, 20, 35, 60, 90, 150, 250, 400) if ALL else ())]
FEW = [(1, 90), (4, 250), (9, 60), (16, 35)]
ADD = "  - {id: add, title: Add, target: live, sql: \"INSERT INTO account VALUES (4, 'dan')\"}\n"


@pytest.mark.parametrize(("line", "calls"), PLACES or FEW)
def test_wherever_it_is_told_to_end_everything_is_done_once_and_known(stage, driver, accounts, line, calls):
    stage.write(SQL)
    told = driver(stage, die=f"told:{line}:{calls}")
    assert told["signal"] == 0
    assert told.get("error", "KeyboardInterrupt").startswith("KeyboardInterrupt")
    assert told.get("state", "stopped") in {"completed", "stopped"}
    assert stage.problems() == []
    assert stage.records()[-1].body.name in {"run.paused", "run.closed"}
    play = finish(stage)
    assert play.state == "completed", play.reason
    assert accounts() == [1, 3, 4, 5]


def test_who_is_told_to_end_while_the_run_opens_leaves_one_that_says_so(stage, accounts):
    stage.write(ADD)
    seen = []

    def hear(record):
        seen.append(record.body.name)
        if len(seen) == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    play = stage.play(observers=[hear])
    assert (play.state, play.ending.exit_code) == ("stopped", 5)
    assert play.reason == "the program was told to end (SIGTERM)"
    assert play.names == ["run.opened", "run.paused"]
    assert stage.resume(play.run).state == "completed"


def test_a_run_that_is_told_to_end_as_it_is_closed_is_completed_and_nothing_is_written_behind(stage, monkeypatch):
    stage.write(ADD)
    append = SqliteJournal.append

    def interrupted(self, body, **given):
        record = append(self, body, **given)
        if body.name == "run.closed":
            raise KeyboardInterrupt
        return record

    monkeypatch.setattr(SqliteJournal, "append", interrupted)
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("completed", 0)
    assert stage.records()[-1].body.name == "run.closed"


def test_an_error_that_ctrl_c_has_made_of_a_query_is_ctrl_c(stage, monkeypatch):
    stage.write(ADD)

    def broken_off(*_):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise psycopg.OperationalError("another command is already in progress")

    with monkeypatch.context() as patched:
        patched.setattr(act, "start", broken_off)
        play = stage.play(Player())
    assert (play.state, play.reason) == ("stopped", "interrupted by the operator")
    assert stage.resume(play.run).state == "completed"


def test_what_is_given_back_at_the_end_is_given_back_though_a_signal_comes(stage, monkeypatch):
    from runner.engine.session import Session

    stage.write(ADD)
    let_go, gone = Session.let_go, []

    def hung_up(self):
        os.kill(os.getpid(), signal.SIGHUP)
        let_go(self)
        gone.append(True)

    monkeypatch.setattr(Session, "let_go", hung_up)
    assert stage.play().state == "completed"
    assert gone == [True]
