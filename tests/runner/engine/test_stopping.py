"""Ctrl-C, SIGTERM and SIGHUP while a step runs: told, asked, ended on the server, recorded, and resumable."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runner.engine.effect.stopping import Signals
from tests.runner.engine.stage import Player

ROOT = Path(__file__).parents[3]
HERE = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
AT_WORK = f"{HERE} AND application_name LIKE 'shisa/%' AND state <> 'idle'"
SLEEPING = f"{HERE} AND query LIKE '%pg_sleep(61%' AND pid <> pg_backend_pid()"

SQL = """\
  - id: slow
    title: Work for a while
    target: live
    sql: |
      INSERT INTO account VALUES (9, 'zoe');
      SELECT pg_sleep(61)
"""
PSQL = """\
  - id: slow
    title: Work for a while
    target: live
    command: {{argv: [psql, -d, "{dsn}", -c, "SELECT pg_sleep(61)"]}}
    destructive: {{lowered: a test}}
"""
LOOSE = """\
  - id: slow
    title: Work for a while, outside of a transaction
    target: live
    transaction: false
    sql: CALL slow()
    destructive: {lowered: a test}
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def press(accounts):
    """Sends signals to this process as soon as a query finds something; gives the process id of the backend."""
    found, threads = [], []

    def when(query, *numbers):
        def send():
            deadline = time.monotonic() + 60
            while not found and time.monotonic() < deadline:
                found.extend(accounts(query))
                time.sleep(0.02)
            for number in numbers:
                os.kill(os.getpid(), number)

        threads.append(threading.Thread(target=send))
        threads[-1].start()
        return found

    yield when
    for thread in threads:
        thread.join()


@pytest.fixture(autouse=True)
def as_the_program(monkeypatch):
    """SIGTERM and SIGHUP end the program as Ctrl-C does; what a test leaves is put back."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_statement_is_cancelled_rolled_back_and_recorded(stage, accounts, press, number):
    stage.write(SQL)
    press(SLEEPING, number)
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("stopped", 5)
    assert play.ended("slow").outcome == "cancelled"
    assert "rolled back: canceling statement due to user request" in play.reason
    assert accounts(AT_WORK) == []
    assert accounts() == [1, 2, 3]
    assert stage.problems() == []
    assert stage.resume(play.run, Player({"slow": "stop"})).reason == "the operator stopped before slow"


def test_ctrl_c_tells_what_runs_and_lets_it_go_on_where_that_is_the_answer(stage, accounts, press):
    stage.write(SQL.replace("61", "1.61"))
    found = press(SLEEPING.replace("61", "1.61"), signal.SIGINT)
    player = Player({"break off slow": "go on"})
    play = stage.play(player)
    assert play.state == "completed"
    path, running = player.seen[-1]
    assert (path, running[0].split(" of ")[0]) == ("slow", f"backend {found[0]}")
    assert accounts() == [1, 2, 3, 9]


def test_a_signal_that_the_program_was_started_to_ignore_stays_ignored(stage, press):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stage.write(SQL.replace("61", "1.61"))
    press(SLEEPING.replace("61", "1.61"), signal.SIGHUP)
    assert stage.play().state == "completed"


def test_sigterm_does_not_ask(stage, press):
    stage.write(SQL)
    press(SLEEPING, signal.SIGTERM)
    player = Player()
    play = stage.play(player)
    assert "the program was told to end (SIGTERM)" in play.reason
    assert [type(each).__name__ for each in player.seen] == ["StepView"]


@pytest.fixture
def psql(archive_tools, monkeypatch):
    """Puts the clients of the server under test first on the PATH."""
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("psql")
def test_a_program_is_ended_with_its_sessions_on_the_server_and_its_outcome_is_unknown(
    stage, accounts, database, press
):
    stage.write(PSQL.format(dsn=database.dsn))
    press(SLEEPING, signal.SIGTERM)
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert "nothing of it runs any more" in play.ended("slow").message
    assert accounts(SLEEPING) == []


def test_what_commits_in_parts_is_ended_and_its_outcome_is_unknown(stage, accounts, database, press):
    database.execute(
        "CREATE PROCEDURE slow() LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO account VALUES (9, $$zoe$$); COMMIT; PERFORM pg_sleep(61); END'"
    )
    stage.write(LOOSE)
    press("SELECT pid FROM pg_stat_activity WHERE query = 'CALL slow()' AND wait_event = 'PgSleep'", signal.SIGINT)
    play = stage.play()
    assert play.state == "unknown"
    assert "part of it may stand" in play.ended("slow").message
    assert (accounts(AT_WORK), accounts()) == ([], [1, 2, 3, 9])


def test_a_wait_is_broken_off_at_once(stage, database):
    database.execute("CREATE TABLE seen (id int PRIMARY KEY); CREATE TABLE kid (PRIMARY KEY (id)) INHERITS (seen)")
    database.execute("INSERT INTO seen VALUES (1); INSERT INTO kid VALUES (1)")
    wait = "{check: duplicate-keys-in-tree, with: {parent: public.seen}, every: 1h, limit: 3h}"
    stage.write(f"  - {{id: until, title: Wait, target: live, wait: {wait}}}\n")
    player = Player()
    player.tell = lambda _text: os.kill(os.getpid(), signal.SIGTERM)  # it tells that it waits
    play = stage.play(player)
    assert (play.state, play.ending.exit_code) == ("stopped", 5)
    assert stage.problems() == []


def test_a_signal_that_comes_as_the_step_ends_stops_the_run_behind_it(stage, accounts, monkeypatch):
    from runner.postgres.transaction import Transaction

    commit = Transaction.commit

    def and_then(self):
        commit(self)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Transaction, "commit", and_then)
    stage.write(
        "  - {id: one, title: One, target: live, sql: UPDATE account SET balance = 7 WHERE id = 1}\n"
        "  - {id: two, title: Two, target: live, sql: UPDATE account SET balance = 8 WHERE id = 1}\n"
    )
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.ended("one").outcome) == ("stopped", "done")
    assert accounts("SELECT balance FROM account WHERE id = 1") == [7]


def test_signals_are_noted_raised_at_a_question_and_put_back():
    signals, before = Signals(), [signal.getsignal(each) for each in SIGNALS]
    with signals.noted():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.take() == signal.SIGTERM, "what is no Ctrl-C goes before"
        assert signals.take() is None
        with signals.raised(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_the_program_left_behind_by_its_shell_leaves_nothing_on_the_server(stage, accounts):
    """A process of its own in a session of its own, as a terminal that is closed leaves it."""
    stage.write(SQL)
    script = (
        "import sys; from pathlib import Path; from runner.cli.main import _end_as_by_ctrl_c; _end_as_by_ctrl_c();"
        "from tests.runner.engine.stage import Stage;"
        "sys.exit(Stage.at(Path(sys.argv[1])).play().ending.exit_code)"
    )
    with subprocess.Popen([sys.executable, "-c", script, stage.folder], cwd=ROOT, start_new_session=True) as child:
        deadline = time.monotonic() + 60
        while not accounts(SLEEPING):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(signal.SIGHUP)
        assert child.wait(60) == 5
    assert accounts(AT_WORK) == []
    assert stage.records()[-1].body.reason.startswith("slow: the terminal is gone (SIGHUP)")


def test_ctrl_c_twice_while_the_commit_works_rolls_it_back(stage, accounts, database, press):
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(61); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    stage.write("  - {id: add, title: Add, target: live, sql: \"INSERT INTO account VALUES (9, 'zoe')\"}\n")
    press(f"{AT_WORK} AND query LIKE '%COMMIT%' AND wait_event = 'PgSleep'", signal.SIGINT, signal.SIGINT)
    play = stage.play()
    assert (play.state, play.ended("add").outcome) == ("stopped", "cancelled")
    assert "as aborted" in play.reason
    assert (accounts(AT_WORK), accounts()) == ([], [1, 2, 3])
