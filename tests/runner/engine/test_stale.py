"""What was signed for must be what would run, whoever wrote the request that was signed."""

import msgspec
import pytest

from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE
from tests.runner.engine.test_loops import FOR_EACH

OTHERS = {
    "other items": (
        lambda request: {"envelope": request.envelope | {"items": [1]}},
        "the loop goes through other items than were approved",
    ),
    "another text": (
        lambda _: {"step_digest": "0" * 64},
        "the rendered step is another one than was approved",
    ),
    "another plan": (
        lambda _: {"plan_digest": "0" * 64},
        "the plan is another one than was approved",
    ),
    "fewer policies": (
        lambda request: {"policies": request.policies[:1]},
        "it needs other policies than were satisfied",
    ),
}


@pytest.mark.parametrize(("change", "reason"), OTHERS.values(), ids=OTHERS)
def test_nothing_runs_by_a_signature_under_a_request_for(stage, accounts, change, reason):
    """The line is journaled by hand, past what the program asks for."""
    stage.settings["policies"]["own"] = stage.settings["policies"]["cross"]
    stage.settings["targets"]["live"]["policy"] = "own"
    stage.save()
    stage.write(FOR_EACH)
    first = stage.play(detach=True)
    (request,) = first.bodies("approval.requested")
    forged = msgspec.structs.replace(request, request="req-forged", **change(request))
    journal = stage.journal("alice")
    journal.append(forged, run=first.run, step="each", person="alice")
    journal.close()
    stage.sign(request=forged)
    again = stage.resume(first.run, detach=True)
    assert again.state == "waiting"
    (stale,) = again.bodies("approval.stale")
    assert (stale.request, stale.reasons) == ("req-forged", (reason,))
    assert accounts("SELECT sum(balance)::int FROM account") == [60]


def test_nothing_runs_by_a_signature_under_another_shisa_yaml_also_where_it_would_still_be_enough(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign()
    stage.settings["policies"]["cross"]["approval_ttl"] = "20min"
    stage.save()
    again = stage.resume(first.run, Player(), detach=True)
    assert again.state == "waiting"
    (stale,) = again.bodies("approval.stale")
    assert stale.reasons == ("the policies in shisa.yaml are others than at the request",)
    assert accounts() == [1, 2, 3]
