"""The server dies or ends a session in the middle of a step; nothing is reported done that was not."""

import contextlib
import itertools
import os
import threading
import time

import psycopg
import pytest

from runner.postgres.transaction import Transaction
from tests.runner.engine.stage import Player

ADD = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
"""
ALL = bool(os.environ.get("SHISA_TEST_ALL"))
COUNT = "SELECT count(*) FROM account WHERE id = 4"


class Died(BaseException):
    """The program is gone at this place; nothing of it handles that."""


def other_traffic(server):
    """Commit enough transactions that an id which was forgotten is given out again."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for _ in range(30):
            connection.execute("SELECT pg_current_xact_id()")


def die(stage, monkeypatch, method, deadly):
    """Play the runbook until a method of its transaction ends the program."""
    with monkeypatch.context() as patched:
        patched.setattr(Transaction, method, deadly)
        with pytest.raises(Died):
            stage.play()


@pytest.fixture
def crashing(stage, own_server):
    """A stage whose target is a server of its own that keeps what it commits."""
    server = own_server(durable=True)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE account (id int PRIMARY KEY, owner text, balance int NOT NULL DEFAULT 0)")
    stage.settings["targets"]["live"]["dsn"] = server.dsn()
    stage.save()
    return server


PLACES = {
    "right after the intent": ("send", "before", 3, 0),
    "after the statement": ("send", "after", 3, 0),
    "right before COMMIT": ("commit", "before", 3, 0),
    "right after COMMIT": ("commit", "after", 0, 1),
}


@pytest.mark.parametrize(("method", "moment", "exit_code", "rows"), PLACES.values(), ids=PLACES)
def test_server_and_program_die_together_and_the_xid_is_used_up_by_others(  # noqa: PLR0917 - a case's columns
    stage, crashing, monkeypatch, method, moment, exit_code, rows
):
    real = getattr(Transaction, method)

    def deadly(self, *arguments):
        if moment == "after":
            real(self, *arguments)
        crashing.kill()
        raise Died

    stage.write(ADD)
    die(stage, monkeypatch, method, deadly)
    crashing.start()
    other_traffic(crashing)
    play = stage.resume(stage.records()[0].run)
    assert (play.ending.exit_code, play.ended("add").outcome) == (exit_code, "done" if rows else "failed")
    with psycopg.connect(crashing.dsn()) as connection:
        assert connection.execute(COUNT).fetchone() == (rows,)
    if not rows:
        again = stage.resume(play.run)
        assert again.ending.exit_code == 0
        with psycopg.connect(crashing.dsn()) as connection:
            assert connection.execute(COUNT).fetchone() == (1,)
    assert stage.problems() == []


@contextlib.contextmanager
def down_at(nth, end):
    """End the server right before the nth message to it, counted from a step's BEGIN; gives the messages seen."""
    seen, real = [], psycopg.Connection.execute

    def execute(self, query, *arguments, **options):
        if seen or "BEGIN READ WRITE" in str(query):
            seen.append(str(query))
            if len(seen) == nth:
                end()
        return real(self, query, *arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", execute)
        yield seen


@pytest.mark.long
@pytest.mark.parametrize("how", ["immediate", "kill"] if ALL else ["immediate"])
def test_the_server_goes_down_at_every_message_of_a_step_and_it_happens_once(stage, crashing, how):
    end = crashing.kill if how == "kill" else lambda: crashing.stop("immediate")
    stage.write(ADD)
    outcomes = []
    for nth in itertools.count(1):
        with psycopg.connect(crashing.dsn(), autocommit=True) as connection:
            connection.execute("DELETE FROM account")
        with down_at(nth, end) as seen:
            play = stage.play()
        if len(seen) < nth:
            break
        crashing.start()
        other_traffic(crashing)
        outcomes.append(play.state if play.state in {"completed", "blocked"} else play.ended("add").outcome)
        with psycopg.connect(crashing.dsn()) as connection:
            rows = connection.execute(COUNT).fetchone()[0]
        assert outcomes[-1] == "unknown" or rows == (outcomes[-1] in {"done", "completed"}), seen
        for _ in range(3):
            play = play if play.state == "completed" else stage.resume(play.run)
        assert play.state == "completed", play.reason
        with psycopg.connect(crashing.dsn()) as connection:
            assert connection.execute(COUNT).fetchone() == (1,), seen
    assert play.state == "completed"
    assert outcomes[:3] == ["failed", "blocked", "failed"], "BEGIN with its settings, the note and the statement"
    assert "unknown" in outcomes, "COMMIT"
    assert stage.problems() == []


def test_a_target_that_cannot_be_asked_leaves_the_outcome_unknown_until_it_can(stage, crashing, monkeypatch):
    real = Transaction.commit

    def last(self):
        real(self)
        crashing.stop("immediate")
        raise Died

    stage.write(ADD)
    die(stage, monkeypatch, "commit", last)
    run = stage.records()[0].run
    crashing.start()
    play = stage.resume(run, observers=[lambda _: crashing.stop("immediate")])
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert "the target cannot be asked: No server listens" in play.reason
    crashing.start()
    assert stage.resume(run).ended("add").outcome == "done"


def test_the_answer_to_commit_is_lost_and_the_server_is_asked(stage, accounts, monkeypatch):
    real = Transaction.commit

    def lost(self):
        real(self)
        self._connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(Transaction, "commit", lost)
    stage.write(ADD)
    play = stage.play()
    assert play.ending.exit_code == 0
    assert "server closed the connection unexpectedly" in play.ended("add").message
    assert "as committed" in play.ended("add").message
    assert accounts(COUNT) == [1]


@contextlib.contextmanager
def when(accounts, query, act):
    """Do something in another thread as soon as a query gives rows."""

    def watch():
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if accounts(query):
                act()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()


SLEEPING = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE 'shisa/%/slow' AND query LIKE '%pg_sleep%'"""
SLOW = """\
  - id: slow
    title: Add an account slowly
    target: live
    sql: INSERT INTO account VALUES (4, 'dan'); SELECT pg_sleep(60)
    approval: cross
"""


def test_a_backend_that_is_ended_in_the_middle_of_a_statement_has_rolled_back(stage, accounts, database):
    stage.write(SLOW)
    end = f"SELECT pg_terminate_backend(pid) FROM ({SLEEPING}) AS found"
    with when(accounts, SLEEPING, lambda: database.execute(end)):
        play = stage.play(Player(on_wait=stage.sign))
    ended = play.ended("slow")
    assert (play.ending.exit_code, ended.outcome, ended.sqlstate) == (3, "failed", "57P01")
    assert "rolled back: terminating connection due to administrator command" in ended.message
    assert accounts(COUNT) == [0]


def test_a_statement_that_takes_longer_than_the_step_may_is_ended(stage, accounts):
    stage.write(SLOW + "    timeout: 50ms\n")
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.ending.exit_code, play.ended("slow").sqlstate) == (3, "57014")
    assert accounts(COUNT) == [0]


def test_a_statement_timeout_of_its_own_wins_over_the_steps(stage, accounts):
    stage.write(SLOW.replace("60", "0.1") + "    timeout: 20ms\n    statement_timeout: 30s\n")
    assert stage.play(Player(on_wait=stage.sign)).ending.exit_code == 0
    assert accounts(COUNT) == [1]


def test_ctrl_c_in_the_middle_of_a_statement_rolls_back_and_stops_the_run(stage, accounts, monkeypatch):
    real = Transaction.send

    def interrupted(self, statement):
        if "pg_sleep" in statement:
            raise KeyboardInterrupt
        return real(self, statement)

    stage.write(SLOW)
    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "send", interrupted)
        play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ending.exit_code) == ("stopped", 5)
    assert "rolled back: interrupted by the operator" in play.reason
    assert accounts(COUNT) == [0]


def test_a_database_that_was_made_read_only_meanwhile_is_not_written_to(stage, accounts, database):
    def freeze(view):
        if view.path == "more":
            database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
            database.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name LIKE 'shisa/%'"
            )

    add = "  - {{id: {}, title: Add, target: live, sql: \"INSERT INTO account VALUES ({}, 'x')\"}}\n"
    stage.write(add.format("one", 4) + add.format("more", 5))
    play = stage.play(Player(on_go=freeze))
    assert play.state == "blocked"
    assert "target live was primary on timeline 1, and is read-only primary on timeline 1" in play.reason
    assert accounts() == [1, 2, 3, 4]
