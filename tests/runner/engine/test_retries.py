"""Retries: which failures are tried again, how often, under which approval, and what the journal says of each."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.fold.retries import delay
from runner.engine.ports import wall_clock
from runner.journal.events import GuardsAsked
from runner.review.decide import withdraw
from runner.review.requests import requests_of
from runner.runbook.model import Retry
from tests.runner.engine.stage import Player

LOCKED = """\
  - id: raise
    title: Raise all balances
    target: live
    lock_timeout: 50ms
    sql: UPDATE account SET balance = balance + 1 WHERE id > 0
    approval: cross
"""
DECLARED = "    retry: {times: 3, backoff: 10ms}\n"


@pytest.fixture
def locked(stage, database):
    """Holds the table; gives a function that lets it go."""
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE account IN EXCLUSIVE MODE")
    return holder.rollback


def granting(stage, retries):
    stage.settings["policies"]["cross"]["retries"] = retries
    stage.save()
    return Player(on_wait=stage.sign)


def outcomes(play, step="raise"):
    return [body.outcome for body in play.bodies("step.ended", step)]


def let_go_after(attempts, locked, player):
    """Let the lock go once an attempt was announced so often."""
    tell = player.tell

    def heard(text):
        tell(text)
        if sum("tried again" in each for each in player.said) == attempts:
            locked()

    player.tell = heard
    return player


def test_a_lock_that_is_let_go_meanwhile_is_taken_by_a_later_attempt_under_the_same_approval(stage, accounts, locked):
    stage.write(LOCKED + DECLARED)
    player = let_go_after(2, locked, granting(stage, 5))
    play = stage.play(player)
    assert play.state == "completed", play.reason
    assert outcomes(play) == ["failed", "failed", "done"]
    assert [body.attempt for body in play.bodies("step.intended", "raise")] == [1, 2, 3]
    assert len({body.requests for body in play.bodies("step.intended", "raise")}) == 1
    assert play.names.count("approval.requested") == 1
    assert len([view for view in player.seen if view.path == "raise"]) == 1, "go was asked once"
    assert accounts("SELECT balance FROM account ORDER BY id") == [11, 21, 31]
    assert stage.problems() == []


BOUNDS = {
    "the approval grants none": (0, DECLARED, 1),
    "the approval grants fewer than the step wants": (1, DECLARED, 2),
    "the step wants fewer than the approval grants": (9, DECLARED, 4),
    "the step says nothing": (9, "", 3),
    "the step names another failure": (9, "    retry: {times: 3, backoff: 10ms, on: ['40001']}\n", 1),
    "the step names this one": (9, "    retry: {times: 1, backoff: 10ms, on: ['55P03']}\n", 2),
}


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(("retries", "declared", "attempts"), BOUNDS.values(), ids=BOUNDS)
def test_attempts_end_where(stage, monkeypatch, retries, declared, attempts):
    monkeypatch.setattr("runner.engine.fold.retries._UNDECLARED", Retry(times=2, backoff="10ms"))
    stage.write(LOCKED + declared)
    play = stage.play(granting(stage, retries))
    assert play.state == "failed"
    assert "lock timeout" in play.reason
    assert outcomes(play) == ["failed"] * attempts


@pytest.mark.usefixtures("locked")
def test_a_withdrawn_approval_ends_the_attempts(stage):
    stage.write(LOCKED + DECLARED)
    player = granting(stage, 5)

    def tell(_text):
        journal, now = stage.journal("bob"), wall_clock()
        (standing,) = requests_of(journal.records(), stage.config.config, now)
        withdraw(journal, standing, person="bob", key=stage.key("bob"), reason="not today", now=now)
        journal.close()

    player.tell = tell
    play = stage.play(player)
    assert (play.state, play.reason) == ("rejected", "raise is not approved any more")
    assert outcomes(play) == ["failed"]


def test_what_got_worse_between_two_attempts_voids_the_approval_of_the_second(stage, locked, database):
    guard = "{check: sql, severity: warn, with: {sql: SELECT count(*)::int FROM account, at_most: 3}}"
    stage.write(f"{LOCKED}{DECLARED}    guards: {{before: [{guard}]}}\n")
    player = granting(stage, 5)

    def tell(_text):
        locked()
        database.execute("INSERT INTO account VALUES (4, 'dan') ON CONFLICT DO NOTHING")

    player.tell = tell
    play = stage.play(player)
    assert (play.state, outcomes(play)) == ("failed", ["failed"])
    (stale,) = play.bodies("approval.stale")
    assert stale.reasons == ("sql on live: answer is warn now, and was not when it was accepted",)


@pytest.mark.parametrize("sql", ["SELECT 1 / 0", "INSERT INTO account VALUES (1, 'twice')"])
def test_a_failure_that_the_next_moment_does_not_mend_is_not_tried_again(stage, sql):
    stage.write(f'  - {{id: raise, title: Fail, target: live, sql: "{sql}"}}\n')
    assert outcomes(stage.play()) == ["failed"]


def test_a_deadlock_is_tried_again_without_being_declared(stage, accounts, database):
    stage.write(
        "  - id: raise\n    title: Two rows\n    target: live\n    lock_timeout: 20s\n"
        "    destructive: {lowered: a test}\n"
        "    sql: |\n      UPDATE account SET balance = 1 WHERE id = 1;\n"
        "      UPDATE account SET balance = 1 WHERE id = 2\n"
    )
    other = database.connect(autocommit=False)
    other.execute("SET deadlock_timeout = '60s'")
    other.execute("UPDATE account SET balance = 2 WHERE id = 2")

    def cross():
        deadline = time.monotonic() + 30
        while not accounts("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        other.execute("UPDATE account SET balance = 2 WHERE id = 1")
        other.rollback()

    thread = threading.Thread(target=cross)
    thread.start()
    play = stage.play()
    thread.join()
    assert [body.sqlstate for body in play.bodies("step.ended", "raise")] == ["40P01", None]
    assert play.state == "completed"
    assert accounts("SELECT balance FROM account WHERE id < 3") == [1, 1]


def test_guards_are_asked_again_before_each_attempt(stage, locked):
    guards = "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}\n"
    stage.write(LOCKED + DECLARED + guards)
    play = stage.play(let_go_after(1, locked, granting(stage, 5)))
    asked = [body.moment for body in (r.body for r in play.session.records) if isinstance(body, GuardsAsked)]
    assert asked == ["before", "again", "again"]
    assert play.state == "completed"


COMMANDS = {
    "that leaves nothing behind, where it is declared": ("effects: none", DECLARED, ["failed"] * 4),
    "that leaves nothing behind, where it is not": ("effects: none", "", ["failed"]),
    "whose outcome is unknown never": ("destructive: {lowered: a test}", DECLARED, ["unknown"]),
}


@pytest.mark.parametrize(("how", "declared", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_a_program(stage, how, declared, expected):
    stage.write(f"  - id: raise\n    title: A program\n    command: ['false']\n    {how}\n{declared}")
    assert outcomes(stage.play()) == expected


LOOP = """\
  - id: batch
    title: Raise in batches
    target: live
    lock_timeout: 50ms
    sql: UPDATE account SET balance = balance + 1 WHERE id IN (SELECT id FROM account WHERE balance % 10 = 0 LIMIT 2)
    repeat: {until: {rows: 0}, max: 9}
    approval: cross
"""


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
def test_an_iteration_is_tried_again_as_often_as_the_approval_of_its_loop_says(stage, retries, attempts):
    stage.write(LOOP + DECLARED)
    play = stage.play(granting(stage, retries))
    assert (play.state, outcomes(play, "batch[1]")) == ("failed", ["failed"] * attempts)


@given(
    tries=st.integers(1, 40), share=st.floats(0, 1, exclude_max=True), backoff=st.sampled_from(["10ms", "1s", "30s"])
)
def test_the_delay_grows_is_jittered_and_bounded(tries, share, backoff):
    retry = Retry(times=40, backoff=backoff)
    assert 0 < delay(retry, tries, share) <= 60
    assert delay(retry, tries + 1, share) >= delay(retry, tries, share)
    assert delay(retry, tries, share) >= delay(retry, tries, 0) / 2
