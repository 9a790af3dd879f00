"""How long the approval of a loop covers the rest of it, once the loop has begun."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from runner.engine.people.drift import Drift, steady
from runner.engine.people.lasting import POLICIES_CHANGED, lapsed
from runner.engine.people.windows import Window
from runner.engine.ports import stamp, wall_clock
from runner.engine.stepping import step_through
from tests.runner.engine.stage import Player
from tests.runner.engine.test_accepting import accept, change
from tests.runner.engine.test_takeover import taken_over
from tests.runner.review.people import request

LOOP = """\
  - id: each
    title: One account after the other
    target: live
    for_each:
      items: [1, 2, 3]
      as: account
      canary: 1
      steps:
        - id: empty
          title: Empty account {{ account }}
          target: live
          sql: UPDATE account SET balance = 0 WHERE id = :account
          expect: {rows: 1}
          approval: cross
"""
CANARY = {"each[2]/empty": "stop"}
UNTOUCHED, ALL = [0, 20, 30], [0, 0, 0]


def at(hours):
    return lambda: wall_clock() + timedelta(hours=hours)


@pytest.fixture
def begun(stage):
    """A run whose loop was left behind its canary; gives its id."""
    stage.write(LOOP)
    return left(stage)


def left(stage, answers=CANARY, **options):
    play = stage.play(Player(answers=answers, on_wait=stage.sign), **options)
    assert play.state == "stopped", play.reason
    return play.run


@pytest.fixture
def balances(accounts):
    return lambda: accounts("SELECT balance FROM account ORDER BY id")


def asked_anew(stage, balances, run, **options):
    """Make sure that the rest waits to be approved anew, and is done under that approval alone; gives the reason."""
    play = stage.resume(run, detach=True, **options)
    assert (play.state, balances()) == ("waiting", UNTOUCHED)
    (stale,) = play.bodies("approval.stale")
    assert f"the rest of each must be approved again: {stale.reasons[0]}" in play.session.operator.said
    stage.sign()
    last = stage.resume(run, **options)
    assert (last.state, balances()) == ("completed", ALL), last.reason
    first, second = last.bodies("approval.requested", "each")
    assert [body.requests for body in last.bodies("step.intended", "each")] == [(first.request,), (second.request,)]
    assert len(last.bodies("step.intended", "each[1]/empty")) == 1, "what is done stays done"
    assert stage.problems() == []
    return stale.reasons[0]


def test_it_covers_the_rest_after_a_stop(stage, balances, begun):
    play = stage.resume(begun, detach=True)
    assert (play.state, balances(), play.names.count("approval.requested")) == ("completed", ALL, 1)


def test_another_operator_asks_for_the_rest_anew(stage, balances, begun):
    taken_over(stage, begun)
    who = {"person": "carol", "key": stage.key("carol")}
    assert asked_anew(stage, balances, begun, **who) == "carol is the operator now"


def test_the_rest_is_asked_for_anew_once_the_time_of_the_approval_is_over(stage, balances, begun):
    play = stage.resume(begun, detach=True, clock=at(9))
    assert (play.state, balances()) == ("waiting", UNTOUCHED)
    assert "the run was gone on with after" in play.bodies("approval.stale")[0].reasons[0]


def test_who_thinks_too_long_behind_the_canaries_asks_anew(stage, balances):
    stage.write(LOOP)
    hours = [0]

    def think(view):
        hours[0] = 9 if view.path == "each[2]/empty" else hours[0]

    player = Player(on_wait=stage.sign, on_go=think)
    session = stage.open(player, clock=lambda: wall_clock() + timedelta(hours=hours[0]))
    session.drift = Drift(session.clock, lambda: steady() + hours[0] * 3600)
    ending = step_through(session)
    session.journal.close()
    assert ending.reason == "each: the request has expired", "bob signs the rest by his own clock, nine hours too early"
    assert balances() == UNTOUCHED


def test_other_policies_than_at_the_request_let_the_rest_be_asked_for_anew(stage, balances, begun):
    stage.settings["policies"]["cross"]["approval_ttl"] = "30min"
    stage.save()
    assert asked_anew(stage, balances, begun) == POLICIES_CHANGED


def test_another_text_that_is_accepted_in_the_middle_is_never_covered_by_what_was_signed(stage, balances):
    head = "shisa: 1\nid: inc\ntitle: Inc\ntargets: {live: {}}\nparams: {who: {type: integer}}\nsteps:\n"
    (stage.folder / "inc.yaml").write_text(head + LOOP.replace("= :account\n", "= :account + :who\n"))
    stage.write("  - {id: inc, title: Inc, include: {runbook: inc.yaml, with: {who: 0}}}\n")
    run = left(stage, {"inc/each[2]/empty": "stop"})
    change(stage, "who: 0", "who: -1")
    play = stage.resume(run, detach=True, accept_changes=accept)
    assert (play.state, balances()) == ("waiting", UNTOUCHED)
    assert play.bodies("approval.stale", "inc/each")[0].reasons == ("the runbook was changed",)


def test_no_item_begins_after_the_window(stage, balances):
    stage.settings["policies"]["cross"] |= {"window": {"max": "4h"}}
    stage.save()
    stage.write(LOOP)
    now = wall_clock()
    run = left(stage, window=Window(now - timedelta(hours=1), now + timedelta(hours=2)))
    play = stage.resume(run, detach=True, clock=at(3))
    assert (play.state, balances()) == ("waiting", UNTOUCHED)
    assert "its window ended at" in play.bodies("approval.stale")[0].reasons[0]


def test_the_last_moments_of_the_approval_and_of_the_window_are_in_them():
    begin, end = wall_clock(), wall_clock() + timedelta(hours=2)
    asked = request(window=Window(begin, end).as_json())
    standing = SimpleNamespace(request=asked, lapsed=None, deadline=begin)

    def why(now):
        config = SimpleNamespace(digest=asked.body.policy_digest)
        return lapsed(SimpleNamespace(config=config, clock=lambda: now, gone_on=begin), standing)

    assert why(end) is None
    assert why(end + timedelta(microseconds=1)) == f"its window ended at {stamp(end)}"


def test_a_no_to_the_rest_leaves_it_and_a_resume_asks_once_more(stage, balances, begun):
    taken_over(stage, begun)
    who = {"person": "carol", "key": stage.key("carol")}
    no = Player(on_wait=lambda view, request: stage.sign(view, request, decision="reject", reason="enough"))
    play = stage.resume(begun, no, **who)
    assert (play.state, balances()) == ("rejected", UNTOUCHED)
    assert stage.resume(begun, Player(on_wait=stage.sign), **who).state == "completed"
    assert balances() == ALL


def test_a_guard_that_objects_meanwhile_keeps_the_rest_from_being_asked_for(stage, balances, database):
    guard = "    guards: {before: [{check: sql, with: {sql: SELECT count(*)::int FROM account, at_most: 3}}]}\n"
    stage.write(LOOP.replace("    for_each:", f"{guard}    for_each:"))
    run = left(stage)
    taken_over(stage, run)
    who = {"person": "carol", "key": stage.key("carol"), "detach": True}
    database.execute("INSERT INTO account VALUES (4, 'dan')")
    blocked = stage.resume(run, **who)
    assert (blocked.state, blocked.names.count("approval.requested")) == ("blocked", 1)
    database.execute("DELETE FROM account WHERE id = 4")
    assert stage.resume(run, **who).state == "waiting"


def test_what_is_done_of_it_can_be_taken_back_while_the_rest_waits(stage, balances):
    undo = "          rollback: {sql: UPDATE account SET balance = 10 WHERE id = :account, auto: true}\n"
    stage.write(LOOP + undo)
    run = left(stage)
    taken_over(stage, run)
    who = {"person": "carol", "key": stage.key("carol")}
    assert stage.resume(run, detach=True, **who).state == "waiting"
    assert stage.roll_back(run, **who).state == "rolled-back"
    assert balances() == [10, 20, 30]
