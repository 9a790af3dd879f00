"""The step that raises sequences: what it says, and what it refuses."""

import pytest

from tests.runner.engine.stage import Player


def step(scope, more=""):
    return (
        f"  - id: lift\n    title: Raise\n    target: live\n    sequences: {{raise: {scope}, margin: 10}}\n"
        f"    approval: cross\n{more}"
    )


@pytest.fixture
def play(stage, database):
    database.execute(
        "CREATE TABLE ticket (id serial PRIMARY KEY); INSERT INTO ticket SELECT FROM generate_series(1, 20);"
        "CREATE SEQUENCE cached CACHE 5; CREATE TABLE badge (id int DEFAULT nextval('cached'));"
        "INSERT INTO badge VALUES (8)"
    )

    def one(steps):
        stage.write(steps)
        return stage.play(Player(on_wait=stage.sign))

    return one


def test_it_tells_what_was_raised_and_what_was_not(play):
    done = play(step("{sequences: [public.ticket_id_seq, public.cached]}"))
    message = done.ended("lift").message
    assert done.ending.exit_code == 0
    assert "public.ticket_id_seq was not behind (next 21, in use up to 20)" in message
    assert "public.cached raised from 1 to 19; recycle the sessions, they hold cached values" in message
    raised = done.ended("lift").detail["raised"]
    assert [one["sequence"] for one in raised] == ["public.ticket_id_seq", "public.cached"]


def test_a_whole_schema_can_be_meant(play, accounts):
    assert play(step("{schemas: [public]}")).ending.exit_code == 0
    assert accounts("SELECT nextval('cached')") == [19]


REFUSED = {
    "a name without a schema": ("{sequences: [ticket_id_seq]}", "'ticket_id_seq' is not a name with its schema"),
    "a sequence that is not there": ("{sequences: [public.nowhere]}", "are not on the target"),
    "an empty schema": ("{schemas: [nowhere]}", "no sequence is in the scope to raise"),
}


@pytest.mark.parametrize(("scope", "reason"), REFUSED.values(), ids=REFUSED)
def test_it_fails_for(play, scope, reason):
    done = play(step(scope))
    assert (done.ending.exit_code, done.ended("lift").outcome) == (3, "failed")
    assert reason in done.reason


def test_a_lock_that_is_not_to_be_had_fails_the_step_and_raises_nothing(play, accounts, database, monkeypatch):
    monkeypatch.setattr("runner.postgres.raising._ATTEMPTS", 2)
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE badge IN ROW EXCLUSIVE MODE")
    done = play(step("{sequences: [public.cached]}", "    lock_timeout: 20ms\n"))
    assert (done.ending.exit_code, done.ended("lift").sqlstate) == (3, "55P03")
    assert accounts("SELECT is_called FROM cached") == [False]
