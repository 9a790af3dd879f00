"""A run that nobody could ever approve does not begin, and says why."""

import pytest

from runner.engine.ports import wall_clock
from runner.engine.preflight.preflight import preflight
from runner.errors import UsageError
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from runner.runbook.params import resolve
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE

BY_HAND = "  - {id: tell, title: Tell, manual: Tell them.}\n"
NEEDS = {
    "one of the operator's own team": ([{"team": "ops", "n": 2}], "2 of team ops besides alice", "only carol"),
    "more than there are": ([{"team": "dev", "n": 2}], "2 of team dev besides alice", "only bob"),
}


@pytest.mark.parametrize(("need", "wanted", "there"), NEEDS.values(), ids=NEEDS)
def test_a_run_does_not_begin_where_its_policy_needs(stage, need, wanted, there):
    stage.settings["policies"]["cross"]["need"] = need
    stage.save()
    stage.write(BY_HAND + DELETE)
    with pytest.raises(UsageError) as refused:
        stage.play()
    assert refused.value.message == (
        f"step clean can never be approved under cross: the policy needs {wanted}, but the configuration has {there}."
    )
    assert refused.value.hint == "let somebody else operate, or add people to shisa.yaml"
    assert stage.records() == []


def test_the_targets_own_policy_counts_where_the_step_names_none(stage):
    stage.settings["policies"]["cross"]["need"] = [{"team": "ops", "n": 2}]
    stage.save()
    stage.write(DELETE.replace("    approval: cross\n", ""))
    with pytest.raises(UsageError, match="step clean can never be approved under cross"):
        stage.play()


def test_it_begins_for_people_who_may_break_the_glass_when_they_say_so(stage):
    stage.settings["policies"]["cross"] |= {"need": [{"team": "ops", "n": 2}], "break_glass": ["alice"]}
    stage.save()
    stage.write(DELETE)
    with pytest.raises(UsageError) as refused:
        stage.play()
    assert refused.value.hint == (
        "alice may break the glass: open the run with --break-glass, then `shisa break-glass RUN clean`"
    )
    assert stage.play(break_glass=True, detach=True).state == "waiting"


def test_a_preflight_warns_where_a_policy_escalates_and_nobody_would_be_told(stage):
    stage.settings["policies"]["cross"]["escalate"] = [{"after": "1h", "to": "carol"}]
    stage.save()
    stage.write(DELETE)

    def warned():
        loaded = load(stage.runbook)
        plan = plan_of(loaded, resolve(loaded.runbook.params, {}))
        found = preflight(plan, stage.config, {}, operator="alice", signed=True, clock=wall_clock)
        assert found.exit_code == 0
        return [each.message for each in found.items if each.area == "policy" and str(each.verdict) == "warn"]

    assert warned() == ["it escalates to carol after 1h, and shisa.yaml names no notify: nobody would be told"]
    stage.settings["notify"] = {"webhook": [{"url_env": "CHAT"}]}
    stage.save()
    assert warned() == []


def test_a_step_that_is_left_out_or_needs_nobody_asks_nobody(stage):
    stage.settings["policies"]["cross"]["need"] = [{"team": "ops", "n": 2}]
    stage.save()
    stage.write(BY_HAND + DELETE + "    when: 1 > 2\n")
    assert stage.play(Player()).state == "completed"
