"""Signed by day, run in the window at night; a group signed at once; the next person told when nobody comes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.stage import PURGE

WINDOWED = {"need": [{"team": "dev", "n": 1}], "window": {"max": "4h"}}


def approve(stage, reviewer):
    stage.read_back(reviewer)
    reviewer.see("approved by bob, signed")
    assert reviewer.ended() == 0


def window(begin: timedelta, length: timedelta = timedelta(hours=1)) -> tuple[str, ...]:
    """Ends of a window that begins so long from now."""
    ends = [datetime.now(UTC) + begin, datetime.now(UTC) + begin + length]
    before, after = (each.isoformat(timespec="seconds") for each in ends)
    return ("--not-before", before, "--not-after", after)


@pytest.mark.long
def test_what_is_approved_by_day_waits_for_its_window_and_runs_in_it(stage):
    stage.configure(policies={"cross-review": WINDOWED})
    operator = stage.sit_down("alice", "run", "purge.yaml", *window(timedelta(seconds=25)))
    operator.see("window: ", "WAITING", "It may start from")
    stage.sign()
    operator.see("APPROVED", "purge is approved; its window begins at")
    assert stage.sessions() == 10
    operator.see("purge is destructive on live.", "Type purge to go on")
    begun = datetime.now(UTC)
    operator.type("purge")
    operator.see("is completed")
    assert operator.ended() == 0
    assert stage.sessions() == 7
    (request,) = (one.body for one in stage.records() if one.body.name == "approval.requested")
    assert datetime.fromisoformat(request.window["not_before"]) <= begun
    (given,) = (one.body for one in stage.records() if one.body.name == "approval.given")
    assert request.window["not_before"] in given.statement, "the window is signed"


def test_a_run_that_is_left_by_day_says_at_its_resume_that_the_window_has_not_begun(stage):
    stage.configure(policies={"cross-review": WINDOWED})
    words = (*window(timedelta(hours=1)), "--detach", "--answers", stage.answers(purge="go"))
    assert stage.shisa("alice", "run", "purge.yaml", *words).code == 6
    reviewer = stage.sit_down("bob", "review", stage.run_id())
    reviewer.see("Until when", "may start", "(begins in ")
    approve(stage, reviewer)
    early = stage.shisa("alice", "resume", "last", "--detach", "--answers", stage.answers(purge="go"))
    assert early.code == 6
    assert "purge is approved, and its window has not begun" in early.said
    operator = stage.sit_down("alice", "resume", "last")
    operator.see("its window begins at")
    operator.press("c")
    operator.ended()
    assert stage.sessions() == 10


def test_a_window_in_the_past_is_refused_and_a_time_of_day_is_told_with_its_day(stage):
    stage.configure(policies={"cross-review": WINDOWED})
    past = stage.shisa("alice", "run", "purge.yaml", "--detach", *window(-timedelta(hours=2)))
    assert past.code == 2
    assert "the window is over: it ends at" in past.err
    just_now = (datetime.now(UTC) - timedelta(minutes=2)).strftime("%H:%M")
    later = (datetime.now(UTC) + timedelta(minutes=30)).strftime("%H:%M")
    stage.extra_env["TZ"] = "UTC"
    told = stage.shisa("alice", "preflight", "purge.yaml", "--not-before", just_now, "--not-after", later)
    assert "window: tomorrow, " in told.err, "the next one, and it says so"


def test_a_group_is_shown_whole_and_read_back_once(stage):
    first = PURGE.replace("    expect:", "    group: tidy\n    expect:")
    second = first.partition("steps:\n")[2].replace("id: purge", "id: rest").replace("WHERE ended", "WHERE id > 9")
    stage.runbook(first + second.replace("rows: 3", "rows: 1"))
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("purge and rest wait for approval")
    reviewer = stage.sit_down("bob", "review", stage.run_id())
    reviewer.see("purge and 1 more in one group, of purge", "DELETE FROM session WHERE ended")
    reviewer.see("Signed with it, 2 of 2: rest", "DELETE FROM session WHERE id > 9")
    approve(stage, reviewer)
    for step in ("purge", "rest"):
        operator.see(f"Type {step} to go on")
        operator.type(step)
        operator.see("DONE", step)
    operator.see("is completed")
    assert operator.ended() == 0
    assert stage.sessions() == 6
    assert stage.events().count("approval.requested") == stage.events().count("approval.given") == 1


def test_a_group_that_deviates_is_asked_for_again(stage):
    first = PURGE.replace("    expect:", "    group: tidy\n    expect:")
    second = first.partition("steps:\n")[2].replace("id: purge", "id: rest").replace("WHERE ended", "WHERE id > 9")
    stage.runbook(first.replace("rows: 3", "rows: 99") + second.replace("rows: 3", "rows: 1"))
    operator = stage.sit_down("alice", "run", "purge.yaml")
    operator.see("purge and rest wait for approval")
    approve(stage, stage.sit_down("bob", "review", stage.run_id()))
    operator.see("Type purge to go on")
    operator.type("purge")
    operator.see("FAILED", "purge", "is failed")
    assert operator.ended() == 3
    assert stage.sessions() == 10
    again = stage.shisa("alice", "resume", "last", "--detach", "--answers", stage.answers(purge="go", rest="go"))
    assert again.code == 6, again.said
    assert stage.events().count("approval.requested") == 2


def test_the_next_person_is_told_when_nobody_signs_and_the_operator_sees_it(stage):
    escalate = [{"after": "1s", "to": "carol"}]
    tell = ["/bin/sh", "-c", "cat >> told.jsonl; echo >> told.jsonl"]
    stage.configure(
        policies={"cross-review": {"need": [{"team": "dev", "n": 1}], "escalate": escalate}}, notify={"command": tell}
    )
    operator = stage.sit_down("alice", "run", "purge.yaml", columns=200)
    operator.see("NOTIFIED", "bob, dan that purge waits to be approved, by command")
    operator.see("NOTIFIED", "carol that purge still waits to be approved (cross-review: carol after 1s), by command")
    assert "purge: escalation cross-review: carol after 1s: carol told" in stage.shisa("carol", "status").out
    approve(stage, stage.sit_down("bob", "review", stage.run_id()))
    operator.see("Type purge to go on")
    operator.type("purge")
    operator.see("is completed")
    assert operator.ended() == 0
    assert (stage.folder / "told.jsonl").read_text().count('"about": "escalation"') == 1
