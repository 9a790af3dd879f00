"""While a run waits for people it lets others work, looks now and then, and goes on only for what it waits for."""

import threading

import pytest

from runner.journal.events import Note, WaiverGiven
from runner.journal.presence import looking
from runner.journal.sqlite import SqliteJournal
from tests.runner.engine.answering import answer
from tests.runner.engine.stage import Player, Stage
from tests.runner.engine.test_approvals import DELETE
from tests.runner.engine.test_locks import HELD
from tests.runner.engine.test_questions import ASK
from tests.runner.engine.test_waivers import GUARDED, waive

BUSY = 30
"""Who looks again without a pause looks much more often than this in a second."""


@pytest.fixture
def waiting(stage, database):
    """Lets a run wait for what it is told by, and does something a while later; gives how the run went."""
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    stage.settings["policies"]["cross"]["waive"] = [{"team": "dev", "n": 1}]
    stage.save()

    def play(what, meanwhile):
        def later(decide):
            threading.Timer(1, lambda: (meanwhile(), decide())).start()

        def bob_answers(path, question):
            later(lambda: answer(Stage.at(stage.folder), "some")(path, question))

        def bob_waives(gate):
            later(lambda: waive(Stage.at(stage.folder), gate.view.run))
            return "wait"

        steps, player = {
            "an approval": (DELETE, Player(on_wait=lambda *_: later(Stage.at(stage.folder).sign))),
            "an answer": (ASK + DELETE, Player(on_question=bob_answers, on_wait=stage.sign)),
            "a waiver": (GUARDED, Player(on_closed=bob_waives, on_wait=stage.sign)),
        }[what]
        stage.write(steps)
        return stage.play(player)

    return play


WAITS = ["an approval", "an answer", "a waiver"]


@pytest.mark.parametrize("what", WAITS)
def test_others_may_work_on_the_target_of_a_run_that_waits_for(what, waiting, accounts):
    held = []
    assert waiting(what, lambda: held.append(accounts(HELD))).state == "completed"
    assert held == [[]]


@pytest.mark.parametrize("what", WAITS)
def test_the_journal_is_not_read_without_a_pause_while_a_run_waits_for(what, waiting, monkeypatch):
    reads, begun = [], []
    records = SqliteJournal.records

    def counted(journal, **which):
        reads.append(which)
        return records(journal, **which)

    monkeypatch.setattr(SqliteJournal, "records", counted)
    assert waiting(what, lambda: begun.append(len(reads))).state == "completed"
    assert begun[0] < BUSY


def test_the_operator_is_told_once_who_looks_at_the_request_while_they_look(stage, waiting):
    def bob_looks():
        (request,) = [record.body.request for record in stage.records() if record.body.name == "approval.requested"]
        journal = stage.journal("bob")
        with looking(journal, request, "bob"):
            threading.Event().wait(1.5)
        journal.close()

    play = waiting("an approval", bob_looks)
    assert play.state == "completed"
    assert play.session.operator.said.count("bob is looking at it now") == 1


def test_no_other_line_than_a_waiver_of_the_step_ends_the_wait_for_one(stage, waiting):
    def meanwhile():
        (run,) = {record.run for record in stage.records()}
        other = WaiverGiven(check="c", object="o", reason="r", until="9999-12-31T00:00:00Z", statement="", signature="")
        journal = stage.journal("bob")
        journal.append(Note(text="the copy is dropped tonight"), run=run, step="clean", person="bob")
        journal.append(other, run=run, step="tell", person="bob")
        journal.close()
        threading.Event().wait(0.5)

    play = waiting("a waiver", meanwhile)
    assert play.state == "completed"
    assert [(body.moment, body.verdict) for body in play.bodies("guards.asked")] == [
        ("before", "block"),
        ("before", "warn"),
        ("again", "warn"),
    ]


def test_one_policy_of_several_is_enough_to_hold_the_target(stage, waiting, accounts):
    held = []
    stage.settings["policies"]["strict"] = stage.settings["policies"]["cross"] | {"lock_while_waiting": "hold"}
    stage.settings["targets"]["live"]["policy"] = "strict"
    stage.save()
    play = waiting("an approval", lambda: held.append(accounts(HELD)))
    assert play.state == "completed"
    assert play.bodies("approval.requested")[0].policies == ("cross", "strict")
    assert held == [[f"shisa/{play.run} lock"]]
