"""Written questions: who may answer, and that the database has the last word."""

import threading
from datetime import timedelta

import pytest

from runner.engine.ports import wall_clock
from runner.errors import UsageError
from runner.journal import open_journal
from runner.journal.events import QuestionAnswered
from tests.runner.engine.answering import answer
from tests.runner.engine.stage import Player

ASK = """\
  - id: settings
    title: Has anybody saved anything?
    ask:
      team: dev
      question: Is there any account with a balance above 25?
      choices: {none: No account, some: At least one}
      facts:
        target: live
        sql: SELECT CASE WHEN count(*) = 0 THEN 'none' ELSE 'some' END FROM account WHERE balance > 25
      proceed_on: [some]
"""

CLEAN = """\
  - id: clean
    title: Delete
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
"""


def test_an_answer_that_the_database_confirms_lets_the_run_go_on(stage):
    stage.write(ASK)
    play = stage.play(Player(on_question=answer(stage, "some")))
    assert play.state == "completed"
    assert play.ended("settings").message == "bob of dev answered some (At least one), and so says the database"
    assert stage.problems() == []


def test_an_answer_that_the_database_contradicts_stops_the_run_and_shows_both(stage):
    stage.write(ASK)
    play = stage.play(Player(on_question=answer(stage, "none")))
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert "bob of dev answered none (No account), but the database says some (At least one)" in play.reason


def test_an_agreed_answer_that_is_not_to_go_on_with_stops_the_run(stage, database):
    database.execute("UPDATE account SET balance = 0")
    stage.write(ASK)
    play = stage.play(Player(on_question=answer(stage, "none")))
    assert play.state == "blocked"
    assert "the runbook goes on only with some" in play.reason


VAGUE = {
    "no row": "SELECT 'some' WHERE false",
    "two rows": "SELECT unnest(ARRAY['some', 'some'])",
    "two columns": "SELECT 'some', 'some'",
}


@pytest.mark.parametrize("query", VAGUE.values(), ids=VAGUE)
def test_facts_that_are_not_one_value_stop_the_run(stage, query):
    lines = [f"        sql: {query}" if line.startswith("        sql: ") else line for line in ASK.splitlines()]
    stage.write("\n".join(lines) + "\n")
    play = stage.play(Player(on_question=answer(stage, "some")))
    assert play.state == "blocked"
    assert "instead of one value" in play.reason


def test_somebody_of_another_team_cannot_answer(stage):
    stage.write(ASK)
    play = stage.play(Player(on_question=answer(stage, "some", person="carol")))
    assert "carol is not in team dev, which was asked" in play.reason
    assert play.bodies("question.answered") == []


def test_an_answer_signed_with_somebody_elses_key_does_not_count(stage):
    stage.write(ASK)
    play = stage.play(Player(on_question=answer(stage, "some", person="bob", key="carol")))
    assert "this answer does not count" in play.reason
    assert play.bodies("question.answered") == []


def test_an_unsigned_answer_in_the_journal_stops_the_run(stage):
    def forge(path, question):
        config = stage.config
        journal = open_journal(config.config.journal, config.folder)
        (asked,) = [each for each in journal.records() if each.body.name == "question.asked"]
        forged = QuestionAnswered(choice="some", as_team="dev", statement="", signature="")
        journal.append(forged, run=asked.run, step=path, person="bob")
        journal.close()

    stage.write(ASK)
    play = stage.play(Player(on_question=forge))
    assert play.state == "blocked"
    assert "the answer of bob does not count" in play.reason


def test_an_earlier_answer_that_is_put_in_again_does_not_take_the_place_of_a_later_one(stage):
    stage.write(ASK)
    first = stage.play(Player(on_question=answer(stage, "none")))
    (asked,) = first.bodies("question.asked", "settings")
    answer(stage, "some")("settings", asked)
    journal = stage.journal("bob")
    (earlier, _) = [one.body for one in journal.records() if one.body.name == "question.answered"]
    journal.append(earlier, run=first.run, step="settings", person="bob")
    journal.close()
    again = stage.resume(first.run)
    assert again.state == "completed", again.reason
    assert "bob of dev answered some" in again.ended("settings").message


def test_an_answer_to_an_earlier_asking_stops_the_run(stage):
    def replay(path, question):
        answer(stage, "some")(path, question)
        journal = stage.journal("bob")
        lines = [one for one in journal.records() if one.body.name.startswith("question.")]
        for line in lines:  # as if it had been asked twice, and the first answer put in for the second asking
            journal.append(line.body, run=line.run, step=path, person=line.person)
        journal.close()

    stage.write(ASK)
    play = stage.play(Player(on_question=replay))
    assert play.state == "blocked"
    assert "the answer of bob does not count: it was signed for another asking of the question" in play.reason


def test_a_rehearsal_takes_its_answer_from_a_file(stage):
    stage.write(ASK)
    play = stage.play(Player({"settings": "some"}), unattended=True)
    assert play.state == "completed", play.reason
    (given,) = play.bodies("question.answered")
    assert (given.choice, given.as_team, given.signature) == ("some", "dev", "")


FROM_A_FILE = {
    "where a person opened the run": ({"settings": "some"}, False),
    "that is not in it": ({}, True),
}


@pytest.mark.parametrize(("answers", "unattended"), FROM_A_FILE.values(), ids=FROM_A_FILE)
def test_no_answer_is_taken_from_a_file(stage, answers, unattended):
    stage.write(ASK)
    play = stage.play(Player(answers), detach=True, unattended=unattended)
    assert (play.state, play.reason) == ("waiting", "settings waits for an answer")
    assert play.bodies("question.answered") == []


def test_the_facts_are_measured_again_before_a_later_destructive_step(stage, accounts, database):
    stage.write(ASK + CLEAN)

    def sign(view, request):
        database.execute("UPDATE account SET balance = 0")
        stage.sign(view, request)

    play = stage.play(Player(on_question=answer(stage, "some"), on_wait=sign))
    assert play.state == "blocked"
    assert "but the database says none" in play.reason
    assert accounts() == [1, 2, 3]


def test_a_question_is_answered_within_its_limit(stage):
    stage.write(ASK.replace("proceed_on: [some]", "proceed_on: [some]\n      limit: 1h"))
    assert stage.play(Player(on_question=answer(stage, "some"))).state == "completed"


def test_an_answer_in_the_last_moment_of_the_limit_is_in_time(stage):
    stage.write(ASK.replace("proceed_on: [some]", "proceed_on: [some]\n      limit: 1s"))
    now = wall_clock()
    last = now + timedelta(seconds=1)
    play = stage.play(Player(on_question=lambda *_: None), clock=lambda: now, detach=True)
    late = threading.Timer(0.5, lambda: answer(stage, "some")("settings", None))
    again = stage.resume(play.run, Player(on_question=lambda *_: late.start()), clock=lambda: last)
    assert again.state == "completed", again.reason


def test_a_question_has_a_limit(stage):
    stage.write(ASK.replace("proceed_on: [some]", "proceed_on: [some]\n      limit: 1us"))
    play = stage.play()
    assert play.state == "blocked"
    assert "nobody of dev answered by" in play.reason


LATER = """\
  - id: some
    title: Some
    when: answers['settings'] == 'some'
    manual: It is {{ answers.settings }}.
    expected: Fine.
  - id: none
    title: None
    when: answers['settings'] == 'none'
    manual: Never.
    expected: Never.
"""


def test_later_steps_know_what_was_answered(stage):
    stage.write(ASK + LATER)
    play = stage.play(Player(on_question=answer(stage, "some")))
    assert play.state == "completed"
    assert play.bodies("step.entered", "some")[0].rendered["manual"].strip() == "It is some."
    assert play.bodies("step.skipped", "none") != []


HOW = {
    "with answers from a file": {"unattended": True},
    "without a signature": {"key": None},
}


@pytest.mark.parametrize(("how", "options"), HOW.items(), ids=HOW)
def test_no_run_goes_on_in_production_that_was_opened(stage, accounts, how, options):
    stage.write(ASK + CLEAN)
    first = stage.play(Player({"settings": "some"}), detach=True, **options)
    stage.settings["targets"]["live"]["environment"] = "production"
    stage.settings["journal_local"] = "there is one machine"
    stage.save()
    with pytest.raises(UsageError, match=f"is production: run {first.run} was opened {how}, and does not go on there"):
        stage.resume(first.run, detach=True)
    assert accounts() == [1, 2, 3]
