"""What a hand wrote into a run's course is told from what a program would have written there, by the runbook itself."""

from __future__ import annotations

import msgspec
import pytest

from runner.engine.course import odd_lines
from runner.journal import events as ev
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE

COUNT = """\
  - id: count
    title: Count the accounts
    target: live
    sql: SELECT count(*) AS left FROM account
    capture: {left: {column: left, type: integer}}
"""
CONDITION = """\
  - id: few
    title: Delete an account where there are few
    when: left < 5
    target: live
    sql: DELETE FROM account WHERE id = 3
    approval: cross
"""
LOOK = """\
  - {id: look, title: Look once more, target: live, sql: SELECT 1}
"""
MANUAL = """\
  - id: tell
    title: Tell the tenants
    manual: Write in the channel.
"""
SKIPPED = ev.StepSkipped(reason="it was done yesterday")


def written(stage, run, *lines):
    """Write lines by hand, each a step and a body; tell what is odd about the run then."""
    journal = stage.journal()
    for step, body in lines:
        journal.append(body, run=run, step=step, person="alice")
    journal.close()
    return told(stage)


def told(stage):
    return [(odd.event, odd.reason) for odd in odd_lines(stage.records(), stage.config)]


def entered(stage, run, step):
    return next(line.body for line in stage.records(run) if line.step == step and line.body.name == "step.entered")


def begun(body):
    return (
        ("clean", body),
        ("clean", ev.StepIntended(step_digest=body.step_digest)),
        ("clean", ev.StepEnded(outcome="done")),
    )


def test_nothing_is_odd_about_a_run_that_people_made(stage):
    steps = COUNT + DELETE + CONDITION.replace("< 5", "> 5").replace("few", "many") + LOOK + MANUAL
    stage.write(steps)
    assert stage.play(Player(on_wait=stage.sign, answers={"look": "skip"})).state == "completed"
    assert [line.step for line in stage.records() if line.body.name == "step.skipped"] == ["many", "look"]
    assert told(stage) == []


def test_a_step_that_was_left_out_before_it_was_reached_is_named(stage):
    stage.write(DELETE + MANUAL)
    run = stage.play(detach=True).run
    reason = "tell was not reached, and has no condition"
    assert written(stage, run, ("tell", SKIPPED)) == [("step.skipped", reason)]


def test_a_step_that_needs_approval_and_was_left_out_is_named(stage):
    stage.write(DELETE)
    run = stage.play(detach=True).run
    reason = "clean is guarded or needs approval, and has no condition"
    assert written(stage, run, ("clean", SKIPPED)) == [("step.skipped", reason)]


def test_a_step_that_is_in_no_runbook_and_was_left_out_is_named(stage):
    stage.write(DELETE)
    run = stage.play(detach=True).run
    assert written(stage, run, ("mine", SKIPPED)) == [("step.skipped", "the runbook of the run has no step mine")]


def test_a_step_whose_condition_the_run_fulfils_and_that_was_left_out_is_named(stage):
    stage.write(COUNT + CONDITION)
    run = stage.play(detach=True).run
    reason = "what the run knew fulfils the condition of few (left < 5)"
    assert written(stage, run, ("few", SKIPPED)) == [("step.skipped", reason)]


def test_a_step_that_is_done_and_was_left_out_is_named(stage):
    stage.write(COUNT + DELETE)
    run = stage.play(detach=True).run
    assert written(stage, run, ("count", SKIPPED)) == [("step.skipped", "count was begun, and its outcome is done")]


@pytest.mark.parametrize(
    ("step", "outcome"), [("count", "done"), ("clean", "it was not begun"), ("mine", "it was not begun")]
)
def test_what_was_settled_though_nobody_doubted_it_is_named(stage, step, outcome):
    stage.write(COUNT + DELETE)
    run = stage.play(detach=True).run
    settled = ev.StepResolved(outcome="done", reason="I saw it")
    reason = f"nobody doubted what became of {step}: {outcome}"
    assert written(stage, run, (step, settled)) == [("step.resolved", reason)]


def test_what_nobody_knew_is_settled_by_hand(stage):
    stage.write(COUNT)
    run = stage.play(Player(answers={"count": "stop"})).run
    made = ev.StepEntered(kind="sql", title="Count", step_digest="x", rendered={"sql": "SELECT 1"}, destructive=False)
    lines = [("count", made), ("count", ev.StepIntended(step_digest="x"))]
    settled = ev.StepResolved(outcome="done", reason="I saw it")
    assert "step.resolved" not in [event for event, _ in written(stage, run, *lines, ("count", settled))]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policies": ()}, "clean was begun without an approval, and needs one: DELETE removes rows (account)"),
        (
            {"policies": (), "destructive": False, "reasons": ()},
            "clean was begun without an approval, and needs one: DELETE removes rows (account)",
        ),
        ({"destructive": False, "reasons": ()}, "clean was begun without an approval, and needs one: cross"),
        ({"step_digest": "mine"}, "the runbook of the run makes another step of clean than was begun"),
    ],
)
def test_what_was_begun_without_an_approval_and_needs_one_is_named(stage, changes, reason):
    stage.write(DELETE)
    run = stage.play(detach=True).run
    forged = msgspec.structs.replace(entered(stage, run, "clean"), **changes)
    assert written(stage, run, *begun(forged)) == [("step.intended", reason)]


def test_what_was_begun_and_never_reached_is_named(stage):
    stage.write(DELETE)
    run = stage.play(detach=True).run
    line = ("mine", ev.StepIntended(step_digest="x"))
    assert written(stage, run, line) == [("step.intended", "mine was not reached")]


def test_under_other_rules_than_the_runs_own_only_what_its_lines_say_is_judged(stage):
    stage.write(DELETE)
    run = stage.play(detach=True).run
    forged = msgspec.structs.replace(entered(stage, run, "clean"), policies=(), destructive=False, reasons=())
    stage.settings["functions"] = {"harmless": ["public.f"]}
    stage.save()
    assert written(stage, run, *begun(forged)) == []


def test_lines_of_a_run_that_nobody_opened_are_named(stage):
    stage.write(DELETE)
    stage.play(detach=True)
    made_up = ev.Note(text="hello")
    reason = "run 261127-mine was not opened before it"
    assert written(stage, "261127-mine", (None, made_up)) == [("note", reason)]
