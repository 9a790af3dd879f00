"""What happens when the operator's process, terminal or answer is broken off."""

import os
import signal
import time

import pytest

from tests.e2e.books import ASKS
from tests.e2e.stage import PURGE

pytestmark = pytest.mark.long  # one version of PostgreSQL is enough
DONE = {"look": "done", "*": "go"}


@pytest.fixture
def operator(stage):
    """alice, at the moment at which her run waits for a second person."""
    terminal = stage.sit_down("alice", "run", "purge.yaml")
    terminal.see("waits for approval")
    return terminal


def go_on(stage):
    """Resume the approved run and let it come to its end."""
    again = stage.sit_down("alice", "resume", stage.run_id())
    again.see("Type purge to go on")
    again.type("purge")
    again.see("is completed")
    assert again.ended() == 0
    assert stage.sessions() == 7


def test_a_run_whose_process_was_killed_while_it_waited_is_taken_up_again(stage, operator):
    assert operator.kill(signal.SIGKILL) == -signal.SIGKILL
    stage.sign()
    go_on(stage)
    assert "run.paused" not in stage.events()
    assert stage.events().count("approval.requested") == 1


@pytest.mark.parametrize("how", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_signal_that_asks_to_end_is_noted_and_the_run_can_be_resumed(stage, operator, how):
    assert operator.kill(how) == 5
    assert stage.events()[-1] == "run.paused"
    operator.see("STOPPED", "interrupted by the operator", "is stopped", f"next: shisa resume {stage.run_id()}")
    stage.sign()
    go_on(stage)


def test_a_terminal_that_is_closed_leaves_a_run_that_can_be_resumed(stage, operator):
    operator.close()
    assert stage.events()[-1] == "run.paused"
    stage.sign()
    go_on(stage)


def test_one_byte_of_the_runbook_changed_after_the_approval_voids_it(stage, operator):
    stage.sign()
    operator.see("Type purge to go on")
    runbook = stage.folder / "purge.yaml"
    before = runbook.read_text()
    runbook.write_text(before.replace("rank: B", "rank: C"))
    operator.type("purge")
    operator.see(f"{runbook} was changed after the run opened", "is rejected", "hint: put the file back and resume")
    assert operator.ended() == 4
    assert stage.sessions() == 10
    assert "approval.stale" in stage.events()

    again = stage.sit_down("alice", "resume", stage.run_id())
    again.see("RESUMED", f"{runbook} was changed after the run opened", "resume --accept-changes")
    assert again.ended() == 4

    runbook.write_text(before)
    again = stage.sit_down("alice", "resume", stage.run_id())
    again.see("waits for approval")
    again.press("c")
    assert again.ended() == 5
    stage.sign()
    go_on(stage)
    assert stage.events().count("approval.requested") == 2


QUESTIONS = {
    "a manual step": ((), "Is look done?", "done, stop:"),
    "whether to run a step": (("done",), "Run begin now?", "go, stop, skip:"),
    "why a step is left out": (("done", "skip"), "Why is begin skipped?", ""),
}
ENDINGS = ("done, stop:", "go, stop, skip:")


@pytest.mark.parametrize(("answers", "question", "ending"), QUESTIONS.values(), ids=QUESTIONS)
def test_ctrl_c_at_a_question_stops_the_run_and_it_comes_again(stage, answers, question, ending):
    stage.runbook(ASKS)
    operator = stage.sit_down("alice", "run", "purge.yaml", "-p", "who=alice")
    for answer, expected in zip(answers, ENDINGS, strict=False):
        operator.see(expected)
        operator.type(answer)
    operator.see(question, ending)
    operator.press("c")
    operator.see("is stopped", f"next: shisa resume {stage.run_id()} goes on from here")
    assert operator.ended() == 5
    assert stage.events()[-1] == "run.paused"

    again = stage.sit_down("alice", "resume", "last")
    if not answers:
        again.see("Is look done?", "done, stop:")
        again.type("done")
    again.see("Run begin now?", "go, stop, skip:")
    again.type("go")
    again.see("is completed")
    assert again.ended() == 0
    assert stage.database.connect().execute("SELECT who FROM shift").fetchone() == ("alice",)


def test_ctrl_c_at_the_name_to_type_starts_nothing(stage, operator):
    stage.sign()
    operator.see("Type purge to go on")
    operator.press("c")
    assert operator.ended() == 5
    assert stage.sessions() == 10
    go_on(stage)


@pytest.mark.parametrize("typed", ["", pytest.param("yes", marks=pytest.mark.slow), "purg"])
def test_anything_but_the_name_of_a_destructive_step_stops(stage, operator, typed):
    stage.sign()
    operator.see("Type purge to go on")
    operator.type(typed)
    operator.see("STOPPED", "the operator stopped before purge")
    assert operator.ended() == 5
    assert stage.sessions() == 10


@pytest.mark.parametrize("key", ["c", "d"])
def test_a_parameter_that_is_asked_for_and_not_given_opens_no_run(stage, key):
    stage.runbook(ASKS)
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("who (string: who is on duty):")
    operator.press(key)
    operator.see("shisa: interrupted")
    assert operator.ended() == 130
    assert stage.events() == []


def test_a_parameter_may_be_typed_when_it_is_asked_for(stage):
    stage.runbook(ASKS)
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("who (string: who is on duty):")
    operator.type("alice")
    operator.see("Is look done?")
    assert stage.records()[0].body.params == {"who": "alice"}


@pytest.mark.parametrize("words", [("run", "purge.yaml", "-p", "who=alice"), ("resume", "last"), ("review", "last")])
def test_a_piped_answer_never_counts(stage, words):
    if words[0] == "run":
        stage.runbook(ASKS)
    else:
        assert stage.shisa("alice", "run", "purge.yaml", "--detach").code == 6
    before, contents = stage.events(), stage.contents()
    piped = stage.shisa("alice" if words[0] != "review" else "bob", *words, stdin="done\ngo\napprove\n" * 500)
    assert piped.code == 2
    assert "This needs an answer, and standard input or output is not a terminal." in piped.err
    assert "hint: Run it in a terminal; a piped answer never counts" in piped.err
    assert (stage.events(), stage.contents()) == (before, contents)


def test_left_without_a_terminal_a_run_stops_at_the_first_question(stage):
    stage.runbook(ASKS)
    left = stage.shisa("alice", "run", "purge.yaml", "-p", "who=alice", "--detach", stdin="done\ngo\n" * 500)
    assert (left.code, stage.events()[-1]) == (5, "run.paused"), left.said
    answered = stage.shisa("alice", "resume", "last", "--answers", stage.answers(**DONE))
    assert answered.code == 0, answered.said


def test_what_was_typed_before_the_question_stood_there_is_no_answer(stage):
    stage.runbook(ASKS)
    operator = stage.sit_down("alice", "run", "purge.yaml", "-p", "who=alice")
    operator.type("done\rgo\rgo")
    operator.see("Is look done?", "done, stop:")
    operator.type("stop")
    operator.see("is stopped")
    assert operator.ended() == 5
    assert "shift" not in stage.contents()


def test_what_the_operator_typed_while_waiting_does_not_start_the_step(stage, operator):
    operator.type("purge")
    stage.sign()
    operator.see("APPROVED", "Type purge to go on")
    operator.type("no")
    assert operator.ended() == 5
    assert stage.sessions() == 10


SLOW = """\
shisa: 1
id: slow
title: Work for a while
owner: ops
targets:
  live: {description: the database customers use}
steps:
  - id: begin
    title: Add a session
    target: live
    sql: INSERT INTO session VALUES (11, false)
    rollback: {sql: DELETE FROM session WHERE id = 11 AND NOT ended}
    approval: cross-review
  - id: slow
    title: Work for a while
    target: live
    sql: SELECT pg_sleep(61), count(*) FROM session
"""
SLEEPS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE query LIKE '%pg_sleep(61%' AND state = 'active' AND pid <> pg_backend_pid()"
)


@pytest.fixture
def at_work(stage):
    """alice, while the second step of her run works on the server."""
    stage.runbook(SLOW)
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("waits for approval")
    stage.sign()
    operator.see("Run begin now?", "go, stop:")
    operator.type("go")
    operator.see("Run slow now?", "go, stop, skip:")
    operator.type("go")
    operator.see("START", "slow")
    return operator


def sleeping(stage):
    return stage.database.connect().execute(SLEEPS).fetchone() == (1,)


def test_ctrl_c_tells_what_runs_and_a_second_one_ends_it_on_the_server(stage, at_work):
    at_work.press("c")
    at_work.see("RUNNING", "slow for", "backend", "Ctrl-C again, or the word stop, ends it")
    assert sleeping(stage), "the first Ctrl-C only asks"
    at_work.press("c")
    at_work.see("CANCELLED", "rolled back: canceling statement due to user request", "is stopped")
    assert at_work.ended() == 5
    assert not sleeping(stage)


def test_a_terminal_that_is_closed_while_a_step_runs_leaves_nothing_on_the_server(stage, at_work):
    at_work.close()
    assert not sleeping(stage)
    assert stage.records()[-1].body.reason.startswith("slow: the terminal is gone (SIGHUP)")


def test_a_run_is_taken_back_at_a_terminal_once_the_word_is_typed(stage, at_work):
    assert at_work.kill(signal.SIGTERM) == 5
    assert stage.sessions() == 11
    again = stage.sit_down("alice", "rollback", "last")
    again.see(
        "Taking run", "1 step, newest first", "1. begin.rollback (sql on live)", "DELETE FROM session WHERE id = 11"
    )
    again.see("Type rollback to go on")
    again.type("rollback")
    again.see("ROLLING BACK", "DONE", "begin.rollback", "CLOSED", "rolled-back", "taken back  begin", "wake        ops")
    assert again.ended() == 0
    assert stage.sessions() == 10


def suspended(stage, at_work):
    """Stop the operator's program in the middle of its statement, as a closed lid does; the run that it carries out."""
    while not sleeping(stage):
        time.sleep(0.05)
    os.kill(at_work.pid, signal.SIGSTOP)
    return stage.run_id()


@pytest.mark.parametrize(("word", "left"), [("end", False), ("leave", True)])
def test_who_takes_over_decides_at_the_terminal_about_what_a_suspended_program_left(stage, at_work, word, left):
    run = suspended(stage, at_work)
    refused = stage.sit_down("carol", "takeover", run)
    refused.see(f"alice's program is at work on run {run}", "--reason WHY")
    assert refused.ended() == 1
    heir = stage.sit_down("carol", "takeover", run, "--reason", "alice's laptop sleeps")
    heir.see("sessions of this run still on the server", f"shisa/{run} lock", "holds the target for its run")
    heir.see(f"shisa/{run}/slow", "active, in a transaction since", "End them?", "end, leave:")
    heir.type(word)
    heir.see("HAPPENED", "begin", "UNKNOWN" if left else "DID NOT HAPPEN", "slow", f"run {run} is carol's now")
    assert heir.ended() == (7 if left else 0)
    assert sleeping(stage) is left
    os.kill(at_work.pid, signal.SIGCONT)
    if left:
        at_work.press("c")
        at_work.see("Ctrl-C again, or the word stop, ends it")
        at_work.press("c")
    at_work.see(f"run {run} is taken: carol took run {run} up on")
    assert at_work.ended() == 5
    assert not sleeping(stage)


def test_at_three_in_the_morning_the_cause_is_mended_in_another_window_and_measured_again(stage):
    stage.database.execute("CREATE TABLE copied () INHERITS (session); INSERT INTO copied VALUES (4, false)")
    guard = "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.session}}]}\n"
    stage.runbook(PURGE.replace("    expect", f"{guard}    expect"))
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("BLOCK", "purge is stopped. What now?", "again", "measure again", "> again, stop:")
    operator.type("a")
    operator.see("BLOCK", "> again, stop:")
    stage.database.execute("DELETE FROM copied")
    operator.type("a")
    operator.see("waits for approval")
    operator.press("c")
    assert operator.ended() == 5
    moments = [record.body.verdict for record in stage.records() if record.body.name == "guards.asked"]
    assert moments == ["block", "block", "pass"]


def test_a_resume_beside_a_suspended_program_is_refused_until_that_is_ended_and_that_then_writes_nothing(
    stage, at_work
):
    run = suspended(stage, at_work)
    again = stage.sit_down("alice", "resume", run)
    again.see(f"run {run} goes on in another program", "where that program is lost, end it, then resume")
    assert again.ended() == 1
    sessions = f"FROM pg_stat_activity WHERE application_name LIKE 'shisa/{run}%'"
    stage.database.execute(f"SELECT pg_terminate_backend(pid, 10000) {sessions}")
    again = stage.sit_down("alice", "resume", run)
    again.see("FAILED", "slow: the server reports transaction", "as aborted", "Type rollback to go on")
    os.kill(at_work.pid, signal.SIGCONT)
    at_work.see(f"run {run} is taken: alice took run {run} up on")
    assert at_work.ended() == 5
    again.type("no")
    assert again.ended() == 3
    assert stage.events()[-3:] == ["run.resumed", "step.ended", "run.paused"]


PLACES = {
    "the name of the step": ("Type purge to go on", ()),
    "a closed gate": ("> again, stop:", ("guard",)),
}


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize(("question", "more"), PLACES.values(), ids=PLACES)
def test_a_signal_while_a_question_stands_leaves_the_run_stopped(stage, question, more, number):
    if more:
        stage.database.execute("CREATE TABLE copied () INHERITS (session); INSERT INTO copied VALUES (4, false)")
        guard = "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.session}}]}\n"
        stage.runbook(PURGE.replace("    expect", f"{guard}    expect"))
    operator = stage.sit_down("alice", "run", "purge.yaml")
    if not more:
        operator.see("waits for approval")
        stage.sign()
    operator.see(question)
    assert operator.kill(number) == 5
    assert stage.records()[-1].body.state == "stopped"
    assert stage.sessions() == 10 + len(more)


def test_a_terminal_that_is_closed_while_it_asks_whether_to_stop_ends_the_step(stage, at_work):
    at_work.press("c")
    at_work.see("Ctrl-C again, or the word stop, ends it")
    at_work.close()
    assert not sleeping(stage)
    assert stage.records()[-1].body.state == "stopped"
