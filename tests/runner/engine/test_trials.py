"""A guard that runs the statements and rolls them back does so in a run, and nowhere else."""

from checks.base import Verdict
from runner.engine.guard.asking import Asks
from runner.engine.guard.baselines import NoBaselines
from runner.engine.ports import wall_clock
from runner.runbook.model import GuardUse
from tests.runner.engine.stage import Player

STEP = """\
  - id: delete
    title: Delete one
    target: live
    approval: cross
    no_rollback: a test
    sql: DELETE FROM account WHERE id = 3
    guards: {before: [{check: affected-rows, with: {exact: true, max_rows: 1}}]}
"""


def test_a_run_tries_before_the_approval_and_again_before_the_effect(stage, accounts, database):
    stage.write(STEP)

    def wait(view, request):
        assert accounts() == [1, 2, 3]
        stage.sign(view, request)

    play = stage.play(Player(on_wait=wait))
    assert play.state == "completed", play.reason
    assert accounts() == [1, 2]
    found = [body.evidence[0] for body in play.bodies("guards.asked")]
    assert [each["findings"][0]["measured"]["tried"] for each in found] == [True, True]
    assert "DELETE FROM account WHERE id = 3" in found[0]["sql"]


def test_a_rows_more_at_the_effect_than_was_tried_is_not_approved(stage, database):
    stage.write(STEP.replace("id = 3", "balance > 25"))

    def wait(view, request):
        database.execute("UPDATE account SET balance = 40 WHERE id = 2")
        stage.sign(view, request)

    play = stage.play(Player(on_wait=wait))
    assert play.state != "completed"
    assert "and 1 were expected at most" in play.bodies("guards.asked")[-1].evidence[0]["message"]
    assert play.bodies("step.intended") == []


def test_who_only_looks_does_not_try(stage):
    stage.write(STEP)
    session = stage.open()
    use = GuardUse(check="affected-rows", with_={"exact": True, "statement": "DELETE FROM account WHERE id = 3"})
    asks = Asks(session.targets, "x", None, folder=stage.folder, config=stage.config.config, baselines=NoBaselines())
    with asks:
        evidence = asks.ask(use, "live", wall_clock)
    session.let_go()
    session.journal.close()
    assert evidence.verdict is Verdict.UNKNOWN
    assert "only by a run and by `shisa check`" in evidence.message
