"""At a closed gate the operator mends the cause in another window, and has it measured again."""

import psycopg
import pytest

from runner.engine.ports import Answers
from tests.runner.engine.stage import Player

CLEAN = """\
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM ONLY account WHERE id = 2
    no_rollback: a test
    guards: {%s: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}
    approval: cross
"""
TWIN = "INSERT INTO child VALUES (3, 'twin')"


@pytest.fixture
def child(database):
    database.execute("CREATE TABLE child () INHERITS (account)")
    return database


def mending(database, seen):
    """An answer at the gate: mend, and say again."""

    def mend(gate):
        seen.append(gate)
        database.execute("DELETE FROM child")
        return "again"

    return mend


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_was_mended_meanwhile_is_measured_again_and_the_run_goes_on(stage, child, accounts, moment):
    child.execute(TWIN)
    stage.write(CLEAN % moment)
    gates = []
    play = stage.play(Player(on_closed=mending(child, gates), on_wait=stage.sign))
    assert play.state == "completed", play.reason
    (gate,) = gates
    assert (gate.view.path, gate.why) == ("clean", None)
    asked = [body.verdict for body in play.bodies("guards.asked") if body.moment == moment]
    assert asked == ["block", "pass"]
    assert "run.paused" not in play.names
    assert accounts("SELECT id FROM account ORDER BY id") == [1, 3]


def test_a_gate_that_closes_right_before_the_effect_is_measured_again_after_the_operator_let_it_go_anew(
    stage, child, accounts
):
    adding = "INSERT INTO account SELECT 9, 'ivy'"
    stage.write((CLEAN % "before").replace("DELETE FROM ONLY account WHERE id = 2", adding))
    stage.runbook.write_text(stage.runbook.read_text().replace("    approval: cross\n", ""))
    gates, asked = [], []

    def go(view):
        asked.append(view.path)
        if len(asked) == 1:
            child.execute(TWIN)

    play = stage.play(Player(on_go=go, on_closed=mending(child, gates)))
    assert play.state == "completed", play.reason
    assert (len(gates), asked) == (1, ["clean", "clean"])
    assert [(body.moment, body.verdict) for body in play.bodies("guards.asked")] == [
        ("before", "pass"),
        ("again", "block"),
        ("again", "pass"),
    ]
    assert len(play.bodies("step.intended")) == 1


def test_as_long_as_nothing_is_mended_it_stays_closed(stage, child, accounts):
    child.execute(TWIN)
    stage.write(CLEAN % "before")
    said = iter(["again", "again", "stop"])
    play = stage.play(Player(on_closed=lambda _: next(said)))
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert [body.verdict for body in play.bodies("guards.asked")] == ["block"] * 3
    assert "step.intended" not in play.names


def test_who_does_not_wait_for_anybody_is_not_asked(stage, child):
    child.execute(TWIN)
    stage.write(CLEAN % "before")
    asked = []
    play = stage.play(Player(on_closed=asked.append), detach=True)
    assert (play.state, asked) == ("blocked", [])


def test_a_file_of_answers_never_measures_again(stage, child):
    child.execute(TWIN)
    stage.write(CLEAN % "before")
    play = stage.play(Answers({"*": "again"}, lambda _: None))
    assert play.state == "blocked"
    assert play.names.count("guards.asked") == 1


ADD = "  - {id: add, title: Add an account, target: live, sql: \"INSERT INTO account VALUES (9, 'ivy')\"}\n"


@pytest.mark.parametrize("answer", ["again", "stop"])
def test_a_server_that_is_away_before_the_effect_may_come_back(stage, own_server, answer):
    server = own_server(durable=True)
    stage.settings["targets"]["live"]["dsn"] = server.dsn()
    stage.save()
    with psycopg.connect(server.dsn()) as admin:
        admin.execute("CREATE TABLE account (id int, owner text)")
    stage.write(ADD)
    gates = []

    def mend(gate):
        gates.append(gate.why)
        if answer == "again":
            server.start()
        return answer

    play = stage.play(Player(on_go=lambda _: server.stop() if not gates else None, on_closed=mend))
    assert gates[0].startswith("No server listens at 127.0.0.1")
    if answer == "again":
        assert play.state == "completed", play.reason
        return
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert play.reason == gates[0]
    assert play.names[-1] == "run.paused"
