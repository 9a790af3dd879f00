"""The network breaks around COMMIT, on a real connection: the server knows, and is asked."""

import time

import psycopg
import pytest

from tests.fixtures.proxy import proxy_before
from tests.fixtures.standby import standby_of
from tests.runner.engine.test_server_faults import ADD, COUNT, Died, crashing, die, other_traffic

__all__ = ["crashing"]


@pytest.fixture
def proxied(stage, crashing):
    """A stage whose target, a server of its own, is reached through a proxy."""
    with proxy_before(crashing.port) as proxy:
        stage.settings["targets"]["live"]["dsn"] = proxy.dsn(crashing.dsn())
        stage.save()
        stage.write(ADD)
        yield proxy


def rows(server):
    with psycopg.connect(server.dsn()) as connection:
        return connection.execute(COUNT).fetchone()[0]


def test_the_answer_to_commit_never_arrives_and_the_step_is_done_once(stage, proxied, crashing):
    proxied.at_commit = lambda passage, sent: passage.swallow(sent)
    play = stage.play()
    assert proxied.hits == 1
    assert (play.ending.exit_code, play.ended("add").outcome, rows(crashing)) == (0, "done", 1)
    assert "as committed" in play.ended("add").message


def test_the_connection_breaks_before_commit_arrives_and_nothing_happened(stage, proxied, crashing):
    proxied.at_commit = lambda passage, _sent: passage.close()
    play = stage.play()
    assert proxied.hits == 1
    assert (play.ending.exit_code, play.ended("add").outcome, rows(crashing)) == (3, "failed", 0)
    assert "as aborted" in play.ended("add").message
    proxied.at_commit = None
    assert (stage.resume(play.run).state, rows(crashing)) == ("completed", 1)
    assert stage.problems() == []


def test_an_answer_that_comes_late_is_waited_for(stage, proxied, crashing):
    def late(passage, sent):
        passage.server.sendall(sent)
        answer = passage.server.recv(65536)
        time.sleep(0.7)  # the delay is what is tested
        passage.client.sendall(answer)

    proxied.at_commit = late
    play = stage.play()
    assert (play.ending.exit_code, rows(crashing)) == (0, 1)
    assert play.ended("add").message.startswith("committed transaction")


@pytest.mark.parametrize(("committed", "outcome"), [(True, "done"), (False, "failed")])
def test_the_server_dies_between_commit_and_its_answer(stage, proxied, crashing, committed, outcome):
    def dying(passage, sent):
        if committed:
            passage.server.sendall(sent)
            assert passage.server.recv(65536)
        crashing.kill()
        passage.close()

    proxied.at_commit = dying
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("unknown", 7)
    assert "the target cannot be asked" in play.reason
    proxied.at_commit = None
    crashing.start()
    other_traffic(crashing)
    again = stage.resume(play.run)
    assert again.ended("add").outcome == outcome
    if not committed:
        again = stage.resume(play.run)
    assert (again.state, rows(crashing)) == ("completed", 1)
    assert stage.problems() == []


@pytest.mark.long
def test_after_a_failover_in_the_middle_nobody_believes_the_new_primary(stage, crashing, monkeypatch):
    def lost(_self):
        raise Died

    with standby_of(crashing) as standby:
        stage.write(ADD)
        die(stage, monkeypatch, "commit", lost)
        with psycopg.connect(standby.dsn(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")
        stage.settings["targets"]["live"]["dsn"] = standby.dsn()
        stage.save()
        play = stage.resume(stage.records()[0].run)
        assert (play.state, play.ending.exit_code) == ("unknown", 7)
        assert "the target's timeline was 1 and is 2 now" in play.reason
        assert rows(standby) == 0
