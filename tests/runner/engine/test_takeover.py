"""Another person takes a run over: nothing of the first program goes on, each step is known or said to be unknown."""

import os
import signal
import time

import psycopg
import pytest

from runner.engine.begin.takeover import take_over
from runner.engine.fold.state import fold
from runner.errors import RunTakenError, TargetLockedError, UsageError
from runner.journal import open_journal
from runner.postgres.transaction import Transaction
from tests.runner.engine.stage import Player

ADD = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
    lock_timeout: 1min
"""
WAITS = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE 'shisa/%/add' AND wait_event_type = 'Lock'"""
COUNT = "SELECT count(*) FROM account WHERE id = 4"


class Died(BaseException):
    """The program is gone at this place; nothing of it handles that."""


def taken_over(stage, run, *, person="carol", end=True, journal=None, **options):
    journal = journal or open_journal(stage.config.config.journal, stage.folder)
    own = {name: options.pop(name) for name in ("reason",) if name in options}
    seat = stage.seat(person=person, journal=journal, **options)
    try:
        return take_over(fold(journal.records(run=run)), seat, end=end if callable(end) else lambda _found: end, **own)
    finally:
        journal.close()


def until(accounts, query):
    deadline = time.monotonic() + 30
    while not accounts(query):
        assert time.monotonic() < deadline, query
        time.sleep(0.02)


def test_a_program_that_sleeps_in_the_middle_of_a_step_is_fenced_off_and_ended(stage, starters, database, accounts):
    stage.write(ADD)
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
    (program,) = starters("alice")
    program.stdin.write("\n")
    program.stdin.flush()
    until(accounts, WAITS)
    os.kill(program.pid, signal.SIGSTOP)
    try:
        run = stage.records()[0].run
        with pytest.raises(TargetLockedError) as caught:
            taken_over(stage, run)
        assert f"alice's program is at work on run {run}: live: process " in caught.value.message
        assert f"shisa/{run} lock" in caught.value.message
        assert stage.records()[-1].body.name == "step.intended"
        found = []
        taken = taken_over(stage, run, reason="the laptop sleeps", end=lambda ghosts: found.extend(ghosts) or True)
    finally:
        holder.rollback()
        os.kill(program.pid, signal.SIGCONT)
    assert {ghost.application_name for _, ghost in found} >= {f"shisa/{run} lock", f"shisa/{run}/add"}
    assert taken.left == ()
    ((path, place, why),) = taken.steps
    assert (path, place) == ("add", "not done")
    assert "as aborted" in why
    assert program.stdout.readline().strip() == "taken"
    assert accounts(COUNT) == [0]
    assert stage.resume(run, person="carol", key=stage.key("carol")).state == "completed"
    assert accounts(COUNT) == [1]
    assert stage.problems() == []


@pytest.mark.parametrize(("moment", "place", "count"), [("before", "not done", 0), ("after", "in place", 1)])
def test_what_a_dead_program_left_open_is_settled_by_asking_the_server(  # noqa: PLR0917 - a case's columns
    stage, accounts, monkeypatch, moment, place, count
):
    real = Transaction.commit

    def dying(self):
        if moment == "after":
            real(self)
        raise Died

    stage.write(ADD)
    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "commit", dying)
        with pytest.raises(Died):
            stage.play()
    run = stage.records()[0].run
    taken = taken_over(stage, run)
    assert [(path, where) for path, where, _ in taken.steps] == [("add", place)]
    assert accounts(COUNT) == [count]
    handed = next(record.body for record in stage.records() if record.body.name == "run.handed_over")
    assert (handed.from_person, handed.to_person, handed.reason) == ("alice", "carol", None)
    assert stage.problems() == []


def test_a_step_that_nobody_can_ask_about_stays_unknown(stage, monkeypatch):
    def dying(*_):
        raise Died

    stage.write("  - {id: call, title: Call, command: ['true'], destructive: {lowered: harmless}}\n")
    with monkeypatch.context() as patched:
        patched.setattr("runner.steps.command._start", dying)
        with pytest.raises(Died):
            stage.play()
    taken = taken_over(stage, stage.records()[0].run)
    assert taken.unknown == ("call",)


def test_approvals_for_the_first_operator_are_void_and_the_heir_is_asked_for_anew(stage, accounts):
    stage.write(ADD + "    approval: cross\n")
    first = stage.play(detach=True)
    stage.sign()
    taken_over(stage, first.run)
    with pytest.raises(UsageError, match=f"run {first.run} belongs to carol, not to alice"):
        stage.resume(first.run)
    play = stage.resume(first.run, Player(on_wait=stage.sign), person="carol", key=stage.key("carol"))
    assert play.state == "completed"
    assert [body.operator for body in play.bodies("approval.requested")] == ["alice", "carol"]
    assert accounts(COUNT) == [1]
    assert stage.problems() == []


def test_of_two_people_who_take_over_at_the_same_moment_one_is_told_of_the_other(stage, database):
    stage.write(ADD)
    run = stage.play(Player(answers={"add": "stop"})).run
    database.connect(application_name=f"shisa/{run}/add")

    def meanwhile(_found):
        taken_over(stage, run, person="bob", end=False)
        return False

    with pytest.raises(RunTakenError, match=f"bob took run {run} up on "):
        taken_over(stage, run, end=meanwhile)
    assert [record.person for record in stage.records() if record.body.name == "run.handed_over"] == ["bob"]


def test_sessions_are_left_alone_unless_told_and_those_of_other_runs_always(stage, database):
    stage.write(ADD)
    run = stage.play(Player(answers={"add": "stop"})).run
    ghost = database.connect(application_name=f"shisa/{run}/add")
    other = database.connect(application_name="shisa/261127-abcdef/add")
    taken = taken_over(stage, run, end=False)
    assert [each.pid for _, each in taken.left] == [ghost.info.backend_pid]
    assert taken_over(stage, run, person="bob").left == ()
    assert other.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        ghost.execute("SELECT 1")


def test_who_has_a_run_already_and_who_comes_too_late_are_told(stage):
    stage.write(ADD)
    run = stage.play(Player(answers={"add": "stop"})).run
    with pytest.raises(UsageError, match=f"run {run} is alice's already"):
        taken_over(stage, run, person="alice")
    with pytest.raises(UsageError, match="was opened with a signature, so this is signed, too"):
        taken_over(stage, run, key=None)
    assert stage.resume(run).state == "completed"
    with pytest.raises(UsageError, match=f"run {run} has ended: completed"):
        taken_over(stage, run)
