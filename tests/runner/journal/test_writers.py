import pytest

from runner.journal.writers import OPERATOR, REVIEWER, writers

ROLES = {
    "run.opened": {OPERATOR},
    "step.intended": {OPERATOR},
    "approval.requested": {OPERATOR},
    "approval.given": {REVIEWER},
    "waiver.given": {REVIEWER},
    "approval.withdrawn": {OPERATOR, REVIEWER},
    "note": {OPERATOR, REVIEWER},
}


@pytest.mark.parametrize("event", ROLES)
def test_an_event_is_written_by_who_is_meant_to_and_by_nobody_else(event):
    assert {role for name, role in writers() if name == event} == ROLES[event]
