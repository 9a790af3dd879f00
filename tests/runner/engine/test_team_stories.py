"""Whole runs on a team journal in which the approval is used in another way than once for one step."""

from datetime import timedelta

import pytest

from runner.engine.begin.takeover import take_over
from runner.engine.fold.state import fold
from runner.engine.guard.waivable import closing_finding, waiver_of
from runner.engine.people.windows import Window
from runner.engine.ports import stamp, wall_clock
from runner.journal.events import BreakglassOpened, BreakglassReviewed
from runner.review.afterwards import post_review
from runner.review.requests import requests_of
from tests.runner.engine.stage import Player, Stage
from tests.runner.engine.test_approvals import DELETE
from tests.runner.engine.test_groups import THREE
from tests.runner.engine.test_loops import FOR_EACH
from tests.runner.engine.test_rollbacks import ASKED


@pytest.fixture
def team(stage, team_journal, database, tmp_path) -> Stage:
    """The stage of other tests, on a team journal, under a policy that allows everything that there is."""
    made = Stage.of(tmp_path / "team", database.dsn, journal=team_journal)
    made.settings["policies"]["cross"] |= {
        "window": {"max": "8h"},
        "retries": 1,
        "waive": [{"team": "dev", "n": 1}],
        "break_glass": ["carol"],
    }
    made.save()
    made.write(DELETE)
    return made


def test_a_group_starts_step_by_step_with_one_request(team, accounts):
    team.write(THREE, head="params: {who: {type: integer, default: 2}}\n")
    play = team.play(Player(on_wait=team.sign))
    assert (play.state, accounts()) == ("completed", []), play.reason
    assert team.problems() == []


def test_a_loop_is_approved_once_and_makes_every_iteration(team, accounts):
    team.write(FOR_EACH)
    play = team.play(Player(on_wait=team.sign))
    assert play.state == "completed", play.reason
    assert accounts("SELECT sum(balance)::int FROM account") == [0]


def test_a_window_that_has_begun_lets_the_step_start(team, accounts):
    now = wall_clock()
    window = Window(now - timedelta(minutes=1), now + timedelta(hours=1))
    play = team.play(Player(on_wait=team.sign), window=window)
    assert (play.state, accounts()) == ("completed", [1, 3]), play.reason


def test_a_failed_attempt_is_made_again_under_the_same_approval(team, database, accounts):
    blocker = database.connect()
    blocker.execute("BEGIN; LOCK TABLE account")
    team.write(DELETE + "    lock_timeout: 300ms\n    retry: {times: 1, backoff: 10ms}\n")

    class Patient(Player):
        def tell(self, text):
            super().tell(text)
            if "is tried again" in text:
                blocker.execute("COMMIT")

    play = team.play(Patient(on_wait=team.sign))
    assert play.state == "completed", play.reason
    assert [each.outcome for each in play.bodies("step.ended")] == ["failed", "done"]
    assert len(play.bodies("approval.requested")) == 1
    assert accounts() == [1, 3]


def test_a_failed_run_is_taken_back_under_the_approvals_it_had(team, accounts):
    team.write(ASKED)
    play = team.play(Player(on_wait=team.sign, back=True))
    assert (play.state, accounts()) == ("rolled-back", [1, 2, 3]), play.reason
    assert play.names.count("approval.requested") == 2


def test_a_finding_is_waived(team, database, accounts):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    team.write(DELETE + "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}}]}\n")

    def waive(gate):
        state = fold(team.records(gate.view.run))
        item, finding = closing_finding(state, "clean", "duplicate-keys-in-tree")
        body = waiver_of(
            state,
            "clean",
            item,
            finding,
            reason="the copy is dropped tonight",
            until=stamp(wall_clock() + timedelta(hours=1)),
            as_team="dev",
            policy_digest=team.config.digest,
        )
        team.make_exception(body, gate.view.run, "clean", "bob")
        return "wait"

    play = team.play(Player(on_closed=waive, on_wait=team.sign))
    assert play.state == "completed", play.reason
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 3]


def test_a_glass_is_broken_and_looked_at_afterwards(team, accounts):
    def break_it(view, request):
        body = BreakglassOpened(
            reason="all is down",
            ticket="OPS-1",
            until=stamp(wall_clock() + timedelta(hours=1)),
            skipped=("bob",),
            request=request.request,
            policy_digest=team.config.digest,
        )
        team.make_exception(body, view.run, "clean", "carol")

    play = team.play(Player(on_wait=break_it))
    assert (play.state, accounts()) == ("completed", [1, 3]), play.reason
    assert post_review(team.records(play.run), team.config.config).state == "open"
    looked = BreakglassReviewed(as_team="dev", policy_digest=team.config.digest, statement="", signature="")
    team.make_exception(looked, play.run, None, "bob")
    assert post_review(team.records(play.run), team.config.config).state == "done"
    assert team.problems() == []


def test_after_a_takeover_the_heir_is_asked_for_anew_and_starts(team, accounts):
    first = team.play(detach=True)
    team.sign()
    journal = team.journal("carol")
    take_over(
        fold(journal.records(run=first.run)),
        team.seat(person="carol", journal=journal),
        end=lambda _found: False,
    )
    journal.close()
    again = team.resume(first.run, Player(on_wait=team.sign), person="carol", key=team.key("carol"))
    assert (again.state, accounts()) == ("completed", [1, 3]), again.reason
    lines, config = team.records(first.run), team.config.config
    assert [each.state for each in requests_of(lines, config, wall_clock())] == ["stale", "consumed"]
