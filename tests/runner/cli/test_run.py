"""``shisa run`` and ``shisa resume``: who answers, what is refused before anything begins, and the last words."""

import json
import os
import subprocess
import sys

import pytest

from runner.cli.run import _NEXT
from runner.engine.stepping import EXIT
from tests.fixtures.servers import ROOT
from tests.runner.cli.desk import BY_HAND

DONE = {"announce": "done", "look": "done"}
SOURCE = {**os.environ, "PYTHONPATH": str(ROOT)}


def book(desk, text=BY_HAND):
    (desk.folder / "book.yaml").write_text(text)
    return "book.yaml"


def answers(desk, by_step):
    (desk.folder / "answers.yaml").write_text(json.dumps(by_step))
    return ("--answers", "answers.yaml")


def test_every_state_in_which_a_run_is_left_has_a_next_step():
    assert EXIT.keys() == _NEXT.keys()


@pytest.mark.parametrize(
    ("by_step", "code", "state", "then"),
    [
        (DONE, 0, "completed", "shisa report {run}"),
        ({"announce": "done"}, 5, "stopped", "shisa resume {run} goes on from here; shisa abort {run} ends it"),
    ],
)
def test_the_last_words_name_the_state_and_what_to_do(by_step, code, state, then, desk):
    ran = desk.shisa("run", book(desk), *answers(desk, by_step), who="alice")
    run = next(desk.journal().records()).run
    assert ran.code == code
    assert ran.err.endswith(f"run {run} is {state}\n  next: {then.format(run=run)}\n")
    assert ran.out == ""


def test_a_log_that_nobody_reads_any_more_changes_nothing_of_the_run(desk):
    reading, writing = os.pipe()
    os.close(reading)
    words = ["run", book(desk), *answers(desk, DONE), "--key", "alice"]
    command = [sys.executable, "-m", "runner", *words]
    done = subprocess.run(command, cwd=desk.folder, stderr=writing, env=SOURCE, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert [one.body.name for one in desk.journal().records()][-1] == "run.closed"


def test_json_is_one_event_a_line_and_a_summary(desk):
    ran = desk.shisa("run", book(desk), "--format", "json", *answers(desk, DONE), who="alice")
    *events, summary = map(json.loads, ran.out.splitlines())
    assert [each["event"] for each in events] == [one.body.name for one in desk.journal().records()]
    assert summary == {"event": "run.summary", "run": events[0]["run"], "state": "completed", "exit_code": 0}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "book.yaml"), "standard input or output is not a terminal"),
        (("run", "book.yaml", "--format", "json"), "standard input or output is not a terminal"),
        (("run", "book.yaml", "--detach", "--target", "live=staging"), "the runbook has no target 'live'"),
        (("run", "book.yaml", "--detach", "-p", "x=1"), "x"),
    ],
)
def test_what_cannot_be_begun_leaves_no_run(words, says, desk):
    book(desk)
    ran = desk.shisa(*words, who="alice")
    assert ran.code == 2
    assert says in ran.err
    assert list(desk.journal().records()) == []


def test_answers_are_words(desk):
    ran = desk.shisa("run", book(desk), *answers(desk, {"look": 1}), who="alice")
    assert ran.code == 2
    assert "answers.yaml: the answer for look is 1" in ran.err
    assert list(desk.journal().records()) == []


def test_what_validate_calls_an_error_is_not_run(desk):
    runbook = book(desk, BY_HAND.replace("id: look", "id: announce"))
    ran = desk.shisa("run", runbook, "--detach", who="alice")
    assert ran.code == 1
    assert "book.yaml:" in ran.err
    assert "announce" in ran.err
    assert list(desk.journal().records()) == []


@pytest.fixture
def stopped(desk):
    ran = desk.shisa("run", book(desk), *answers(desk, {"announce": "done"}), who="alice")
    assert ran.code == 5
    return desk, next(desk.journal().records()).run


@pytest.mark.parametrize("name", [lambda run: run, lambda _: "last", lambda run: run.partition("-")[2]])
def test_a_run_is_resumed_by_any_of_its_names(name, stopped):
    desk, run = stopped
    ran = desk.shisa("resume", name(run), *answers(desk, DONE), who="alice")
    assert ran.code == 0, ran.err
    assert {one.run for one in desk.journal().records()} == {run}


def test_a_run_belongs_to_its_operator(stopped):
    desk, run = stopped
    before = len(list(desk.journal().records()))
    ran = desk.shisa("resume", "last", *answers(desk, DONE), who="carol")
    assert ran.code == 2
    assert f"run {run} belongs to alice, not to carol" in ran.err
    assert len(list(desk.journal().records())) == before


def test_a_run_that_has_ended_is_not_resumed(stopped):
    desk, run = stopped
    assert desk.shisa("resume", "last", *answers(desk, DONE), who="alice").code == 0
    ran = desk.shisa("resume", "last", *answers(desk, DONE), who="alice")
    assert ran.code == 2
    assert f"run {run} has ended: completed" in ran.err


def test_a_run_is_not_resumed_without_anybody_who_could_answer(stopped):
    desk, _ = stopped
    before = len(list(desk.journal().records()))
    ran = desk.shisa("resume", "last", who="alice")
    assert ran.code == 2
    assert "standard input or output is not a terminal" in ran.err
    assert len(list(desk.journal().records())) == before
