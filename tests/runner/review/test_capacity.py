"""As which team somebody decides, and who of a team may say no."""

import dataclasses

import pytest

from runner.config.model import Loaded
from runner.errors import ApprovalError
from runner.policy import Missing, uses
from runner.review.decide import capacity
from runner.review.requests import Standing
from tests.runner.review.people import NOON, request, requested
from tests.runner.review.test_requests import BODY, Story


@pytest.fixture
def office(crew, tmp_path):
    return Loaded(config=crew.config, path=tmp_path / "shisa.yaml", digest=BODY.policy_digest)


BY_BOB = Standing(request(), "waiting", NOON, missing=(("cross", Missing("ops", 1)),))
"""bob has signed as dev, nobody as ops."""


def test_a_second_member_of_a_team_that_has_signed_may_still_say_no(office):
    assert capacity(BY_BOB, office, "dan", "dev", "reject") == "dev"
    with pytest.raises(ApprovalError, match="dev is no team whose approval is missing"):
        capacity(BY_BOB, office, "dan", "dev", "approve")


def test_a_no_needs_no_team_named_where_an_approval_would(office):
    assert capacity(BY_BOB, office, "dan", None, "reject") == "ops"
    assert capacity(BY_BOB, office, "bob", None, "reject") == "dev"
    both = dataclasses.replace(BY_BOB, missing=(("cross", Missing("dev", 1)), ("cross", Missing("ops", 1))))
    with pytest.raises(ApprovalError, match="dan could sign as dev or ops"):
        capacity(both, office, "dan", None)
    assert capacity(BY_BOB, office, "dan", None) == "ops"


def test_a_team_that_no_policy_asks_has_no_veto(crew, office):
    alone = Standing(request(policies=("quick",)), "waiting", NOON, missing=(("quick", Missing("dev", 1)),))
    with pytest.raises(ApprovalError, match="carol is in no team that a policy of this request asks"):
        capacity(alone, office, "carol", None, "reject")
    body = requested(policies=("quick",))
    story = Story(crew).at(0, body).reject(5, "carol", "ops", body)
    stands = story.stands(6)
    assert stands.state == "waiting"
    assert stands.refused == (("carol", "no policy of this request asks team ops, so it has no veto"),)


def test_the_veto_of_a_team_that_has_signed_ends_the_request(crew):
    story = Story(crew).at(0, BODY).approve(5, "bob", "dev").reject(6, "dan", "dev")
    assert (story.stands(7).state, story.stands(7).reason) == ("rejected", "dan rejected it: too late")


@pytest.mark.parametrize(("retries", "count"), [([], 1), ([0], 1), ([3], 4), ([3, 1], 2), ([2, 0], 1)])
def test_an_approval_starts_its_step_as_often_as_the_strictest_policy_grants(retries, count):
    assert uses(retries) == count
