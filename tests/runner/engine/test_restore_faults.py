"""The network or the server breaks at the COMMIT of a row restore: once, not at all, or unknown until it is asked."""

import subprocess

import psycopg
import pytest

from tests.fixtures.proxy import proxy_before
from tests.runner.engine.stage import Player
from tests.runner.engine.test_server_faults import crashing, other_traffic

__all__ = ["crashing"]

STEP = """\
  - id: bring-back
    title: Bring it back
    target: live
    restore: {from: "b", tables: [public.account], rows: overwrite}
    approval: cross
    rollback: {restore: undo}
"""
BROKEN = "  - {id: broken, title: Broken, target: live, sql: SELECT 1/0}\n"
DIGEST = "SELECT md5(string_agg(a::text, ';' ORDER BY id)) FROM account AS a"


@pytest.fixture
def proxied(stage, crashing, archive_tools, tmp_path):
    """A server of its own behind a proxy, of whose table a backup was taken; later rows are gone and changed."""
    with psycopg.connect(crashing.dsn(), autocommit=True) as connection:
        connection.execute("INSERT INTO account SELECT g, 'old' FROM generate_series(1, 900) g")
        path = tmp_path / "b"
        subprocess.run([archive_tools.path("pg_dump"), "-Fc", "-f", path, "-d", crashing.dsn()], check=True)
        connection.execute("DELETE FROM account WHERE id % 3 = 0; UPDATE account SET owner = 'new' WHERE id % 3 = 1")
    with proxy_before(crashing.port) as proxy:
        stage.settings["targets"]["live"]["dsn"] = proxy.dsn(crashing.dsn())
        stage.save()
        yield proxy


@pytest.fixture
def digest(crashing):
    """What the table holds, asked beside the proxy."""

    def look():
        with psycopg.connect(crashing.dsn()) as connection:
            return connection.execute(DIGEST).fetchone()

    return look


def at_commit(proxy, does):
    """Call ``does`` at a transaction's COMMIT; what else speaks of one passes."""

    def hook(passage, sent):
        if b"\nCOMMIT" in sent:
            does(passage, sent)
        else:
            proxy.hits -= 1
            passage.server.sendall(sent)

    proxy.at_commit = hook


def play(stage, more=""):
    stage.write(STEP + more)
    return stage.play(Player(on_wait=stage.sign))


def kept(stage, run):
    (intended,) = [each.body for each in stage.records(run) if each.body.name == "step.intended"][:1]
    return stage.folder / "journal.db.kept" / intended.kept


def test_the_answer_to_the_commit_of_a_restore_never_arrives_and_its_rows_are_there_once(stage, proxied, digest):
    before = digest()
    at_commit(proxied, lambda passage, sent: passage.swallow(sent))
    done = play(stage, BROKEN)
    assert done.ended("bring-back").outcome == "done", done.reason
    assert proxied.hits == 1
    assert "as committed" in done.ended("bring-back").message
    assert digest() != before
    proxied.at_commit = None
    assert stage.roll_back(done.run).state == "rolled-back"
    assert digest() == before
    assert stage.problems() == []


def test_the_connection_breaks_before_the_commit_of_a_restore_arrives_and_no_row_is_another_one(stage, proxied, digest):
    before = digest()
    at_commit(proxied, lambda passage, _sent: passage.close())
    done = play(stage)
    assert (done.ending.exit_code, done.ended("bring-back").outcome) == (3, "failed")
    assert "as aborted" in done.ended("bring-back").message
    assert digest() == before
    assert kept(stage, done.run).is_file()


@pytest.mark.parametrize("committed", [True, False])
def test_the_server_dies_at_the_commit_of_a_restore_and_the_next_resume_knows(
    stage, proxied, crashing, digest, committed
):
    before = digest()

    def dying(passage, sent):
        if committed:
            passage.server.sendall(sent)
            assert passage.server.recv(65536)
        crashing.kill()
        passage.close()

    at_commit(proxied, dying)
    done = play(stage)
    assert (done.state, done.ending.exit_code) == ("unknown", 7)
    assert "the target cannot be asked" in done.reason
    proxied.at_commit = None
    crashing.start()
    other_traffic(crashing)
    again = stage.resume(done.run, Player(on_wait=stage.sign))
    outcomes = [each.outcome for each in again.bodies("step.ended", "bring-back")]
    assert outcomes[:2] == ["unknown", "done" if committed else "failed"]
    assert (digest() != before) == committed
    assert kept(stage, done.run).is_file()
    assert stage.problems() == []
