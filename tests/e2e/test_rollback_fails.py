"""A rollback that fails: the screen says what is in place, whom to wake, and how to go on; exit 9."""

import pytest

pytestmark = pytest.mark.long  # one version of PostgreSQL is enough

BOOK = """\
shisa: 1
id: purge
title: Add two sessions
owner: ops
targets:
  live: {description: the database customers use}
steps:
  - id: first
    title: Add a session
    target: live
    sql: INSERT INTO session VALUES (11, false)
    rollback: {sql: DELETE FROM session WHERE id = 11}
    approval: cross-review
  - id: second
    title: Add another one
    target: live
    sql: INSERT INTO session VALUES (12, false)
    rollback: {sql: "DELETE FROM session WHERE id = 12; SELECT 1 / count(*) FROM session WHERE id = 13"}
    approval: cross-review
  - id: broken
    title: Fail
    target: live
    sql: SELECT 1 / 0
"""


def test_the_screen_of_a_rollback_that_fails_says_what_is_in_place_whom_to_wake_and_how_to_go_on(stage):
    stage.runbook(BOOK)
    operator = stage.sit_down("alice", "run", "purge.yaml")
    for step in ("first", "second"):
        operator.see("waits for approval")
        stage.sign()
        operator.see(f"Run {step} now?", "go, stop:")
        operator.type("go")
    operator.see("Run broken now?", "go, stop, skip:")
    operator.type("go")
    operator.see("Type rollback to go on")
    operator.type("rollback")
    operator.see("FAILED", "second.rollback", "division by zero", "is rollback-failed")
    operator.see("in place", "first", "(its rollback was not tried)", "in place", "second", "(its rollback failed)")
    operator.see("not done", "broken", "wake", "ops, the owner of purge", f"shisa rollback {stage.run_id()}")
    assert operator.ended() == 9
    assert stage.sessions() == 12

    stage.database.execute("INSERT INTO session VALUES (13, false)")
    again = stage.sit_down("alice", "rollback", stage.run_id())
    again.see("is rolled-back")
    assert again.ended() == 0
    assert stage.sessions() == 11
