"""``resume --accept-changes``: what was done must stay what it was; what was not begun is judged and signed anew."""

import pytest

from runner.errors import RunbookError, UsageError
from tests.runner.engine.stage import Player
from tests.runner.engine.surviving import killed

STEPS = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
  - {id: tell, title: Tell, manual: Tell them.}
"""
WAITS = "clean waits for a second person"


def accept(_plan):
    """Stand for `shisa validate`, which finds no error."""


@pytest.fixture
def waiting(stage):
    """A run whose first step is done and whose second one waits for approval; gives its id."""
    stage.write(STEPS)
    play = stage.play(detach=True)
    assert play.reason == WAITS
    return play.run


def change(stage, old, new):
    before = stage.runbook.read_text()
    assert old in before
    stage.runbook.write_text(before.replace(old, new))


def test_the_run_goes_on_by_the_changed_file_and_what_was_signed_before_is_void(stage, accounts, waiting):
    stage.sign()
    change(stage, "WHERE id = 2", "WHERE id = 3")
    asked = Player()
    refused = stage.resume(waiting, asked)
    assert "was changed after the run opened" in refused.reason
    assert (refused.ending.exit_code, asked.seen) == (4, []), "it is told before anything is asked"
    assert refused.names[-3:] == ["run.resumed", "approval.stale", "run.paused"]
    player = Player(on_wait=stage.sign)
    play = stage.resume(waiting, player, accept_changes=accept)
    assert play.state == "completed"
    assert accounts() == [1, 2, 4]
    assert "-    sql: DELETE FROM account WHERE id = 2\n+    sql: DELETE FROM account WHERE id = 3" in player.said[0]
    resumed = play.bodies("run.resumed")[-1]
    assert resumed.files[0].text == stage.runbook.read_text()
    assert play.bodies("approval.requested")[-1].plan_digest == resumed.plan_digest
    assert len(play.bodies("step.intended", "add")) == 1
    assert stage.problems() == []


def test_what_was_begun_is_settled_although_the_file_was_changed(stage, accounts, driver):
    stage.write(STEPS)
    assert killed(driver(stage, die="after-commit"))
    change(stage, "WHERE id = 2", "WHERE id = 3")
    play = stage.resume(stage.records()[0].run)
    assert play.ended("add").outcome == "done"
    assert "was changed after the run opened" in play.reason
    assert "clean" not in play.session.state.steps


def test_a_later_resume_keeps_to_what_was_accepted(stage, accounts, waiting):
    change(stage, "WHERE id = 2", "WHERE id = 3")
    assert stage.resume(waiting, detach=True, accept_changes=accept).reason == WAITS
    stage.runbook.write_text(stage.runbook.read_text() + "# a remark\n")
    stage.sign()
    assert "was changed after the run opened" in stage.resume(waiting).reason
    change(stage, "# a remark\n", "")
    assert stage.resume(waiting, Player(on_wait=stage.sign)).state == "completed"
    assert accounts() == [1, 2, 4]


def test_without_a_change_there_is_nothing_to_accept_and_the_approval_holds(stage, waiting):
    stage.sign()
    play = stage.resume(waiting, accept_changes=accept)
    assert play.state == "completed"
    assert play.bodies("run.resumed")[-1].files == ()
    assert play.names.count("approval.requested") == 1


REFUSED = {
    "a step that was done": ("(4, 'dan')", "(5, 'eve')", "step add was begun, and is another one"),
    "the condition of a step that was done": ("  - id: add\n", "  - id: add\n    when: 1 == 1\n", "step add was begun"),
    "a step before one that was done": (
        "  - id: add\n",
        "  - {id: first, title: First, manual: Look., expected: Fine.}\n  - id: add\n",
        "the steps up to add, which was begun, are others",
    ),
    "a step that was done is gone": ("  - id: add\n", "  - id: put\n", "the steps up to add"),
    "another target": ("targets: {live: {}}", "targets: {live: {}, other: {}}", "it works on other targets"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_not_accepted_is(stage, accounts, waiting, case):
    old, new, why = case
    lines = len(stage.records())
    change(stage, old, new)
    with pytest.raises(UsageError, match=f"the changed runbook cannot be accepted: {why}"):
        stage.resume(waiting, accept_changes=accept)
    assert (len(stage.records()), accounts()) == (lines, [1, 2, 3, 4])


def test_a_file_that_is_no_runbook_any_more_is_refused_in_its_own_words(stage, waiting):
    change(stage, "id: tell", "id: TELL")
    with pytest.raises(RunbookError):
        stage.resume(waiting, accept_changes=accept)

    def prove(_plan):
        raise RunbookError("validate finds an error")

    change(stage, "id: TELL", "id: tell-them")
    with pytest.raises(RunbookError, match="validate finds an error"):
        stage.resume(waiting, accept_changes=prove)


def test_a_file_with_what_a_run_cannot_carry_out_is_refused(stage, waiting):
    change(stage, "manual: Tell them.", "manual: Tell them., expect: {rows: 1}")
    with pytest.raises(UsageError, match="step tell uses expect"):
        stage.resume(waiting, accept_changes=accept)


def test_a_step_that_failed_may_be_mended(stage, accounts):
    stage.write(STEPS.replace("DELETE FROM account WHERE id = 2", "DELETE FROM account WHERE id = 2 / 0"))
    failed = stage.play(Player(on_wait=stage.sign))
    assert failed.state == "failed"
    change(stage, "2 / 0", "2")
    assert stage.resume(failed.run, Player(on_wait=stage.sign), accept_changes=accept).state == "completed"
    assert accounts() == [1, 3, 4]
