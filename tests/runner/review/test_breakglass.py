"""Whom a broken glass passes over, and who has looked at it afterwards: the judgement alone."""

from datetime import timedelta

import msgspec
import pytest

from runner.config.model import Config, Need, Person, Policy
from runner.errors import ApprovalError
from runner.journal import events as ev
from runner.journal.record import Head
from runner.review.afterwards import glass_of, post_review
from runner.review.breakglass import skipped
from runner.review.exceptions import signed
from tests.runner.review.people import HEAD, NOON, RUN, STEP, opened, request, requested, stamp
from tests.runner.review.test_requests import WINDOW, Story

PEOPLE = {
    "alice": Person(teams=("ops",)),
    "bob": Person(teams=("dev",)),
    "carol": Person(teams=("ops", "cs")),
    "erin": Person(teams=("cs",)),
    "frank": Person(teams=("ops",)),
    "gina": Person(teams=("dev", "ops")),
}
CONFIG = Config(
    shisa=1,
    people=PEOPLE,
    policies={
        "cross": Policy(need=(Need(team="dev", n=1), Need(team="ops", n=1))),
        "quick": Policy(need=()),
        "care": Policy(need=(Need(team="cs", n=1),)),
    },
)
SKIPPED = {
    "everybody of the teams that were asked, but nobody else": ({}, (), ("bob", "carol", "gina")),
    "not who has signed": ({}, ("bob", "gina"), ("carol",)),
    "not who is excluded": ({"excluded": {"carol": "wrote it"}}, (), ("bob", "gina")),
    "a policy that is gone asks nobody": ({"policies": ("gone", "cross")}, (), ("bob", "carol", "gina")),
    "a policy that asks nobody": ({"policies": ("quick",)}, (), ()),
}


@pytest.mark.parametrize(("asked", "signed", "who"), SKIPPED.values(), ids=SKIPPED)
def test_passed_over_are(asked, signed, who):
    assert skipped(request(**asked), signed, "frank", CONFIG) == who


BROKEN = ev.BreakglassOpened(
    reason="all is down", ticket="", until="u", skipped=(), request="r", statement="{}", signature="s"
)


def test_a_glass_that_is_broken_long_before_the_window_lets_nothing_start(crew):
    need = (Need(team="dev", n=1),)
    config = Config(shisa=1, people=crew.people, policies={"cross": Policy(need=need, break_glass=("carol",))})
    body = requested(window=WINDOW)
    glass = msgspec.structs.replace(
        BROKEN, until=WINDOW["not_after"], request=body.request, policy_digest=body.policy_digest
    )
    facts = {"key": crew.keys["carol"], "people": crew.people, "head": HEAD, "now": NOON}
    story = Story(crew).at(0, body).at(1, signed(glass, run=RUN, step=STEP, person="carol", **facts), "carol")
    stands, last = story.stands(30, config), NOON + timedelta(minutes=61)
    assert (stands.state, stands.broken_by, stands.deadline) == ("approved", "carol", last)
    assert stands.early(last)
    assert story.stands(62, config).reason == "nobody started the step by 2026-11-23 13:01:00 UTC"


OPENED = "opened"
TAKEN = ev.RunHandedOver(from_person="alice", to_person="dan")
LOOKED = ev.BreakglassReviewed(as_team="dev", statement="", signature="")
LOOKS = {
    "as the team that was done without": ("frank", None, "ops"),
    "as the one of two teams that is named": ("gina", "ops", "ops"),
    "as the first of two teams where none is named": ("gina", None, "dev"),
    "not as another team than they are in": ("bob", "ops", "bob is in no team that was done without"),
    "not as a team that only another request asked": ("erin", None, "erin is in no team that was done without"),
    "not as somebody whom nobody knows": ("zoe", None, "zoe is in no team that was done without"),
    "not who broke the glass": ("carol", None, "carol took part in the run"),
    "not who operates": ("alice", None, "alice took part in the run"),
}


@pytest.mark.parametrize(("person", "team", "said"), LOOKS.values(), ids=LOOKS)
def test_afterwards_somebody_looks(person, team, said, crew):
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)))
    story.at(1, requested(request="r")).at(1, requested(request="other", policies=("care",))).at(2, BROKEN, "carol")
    try:
        found = glass_of(story.records, CONFIG).team(person, team, CONFIG)
    except ApprovalError as error:
        found = error.message
    assert found == said


AFTERWARDS = {
    "nothing was broken": ([("alice", OPENED)], None),
    "nothing was broken, and somebody looked": ([("alice", OPENED), ("bob", LOOKED)], None),
    "nobody has looked": ([("alice", OPENED), ("carol", BROKEN)], "open"),
    "somebody has": ([("alice", OPENED), ("carol", BROKEN), ("bob", LOOKED)], "done"),
    "the operator has": ([("alice", OPENED), ("carol", BROKEN), ("alice", LOOKED)], "open"),
    "who broke it has": ([("alice", OPENED), ("carol", BROKEN), ("carol", LOOKED)], "open"),
    "who took the run over has": ([("alice", OPENED), ("carol", BROKEN), ("dan", TAKEN), ("dan", LOOKED)], "open"),
    "somebody looked too early": ([("alice", OPENED), ("bob", LOOKED), ("carol", BROKEN)], "open"),
    "it was broken again": ([("alice", OPENED), ("carol", BROKEN), ("bob", LOOKED), ("carol", BROKEN)], "open"),
}


@pytest.mark.parametrize(("lines", "state"), AFTERWARDS.values(), ids=AFTERWARDS)
def test_afterwards_it_is_open_until_somebody_who_had_no_part_in_it_has_looked(lines, state, crew):
    story = Story(crew).at(0, requested(request="r"))
    for who, body in lines:
        if body == OPENED:
            story.at(1, opened(crew, HEAD, stamp(NOON)), who)
        elif body == LOOKED:
            facts = {"key": crew.keys[who], "people": crew.people, "head": Head(len(story.records), "0" * 64)}
            look = signed(LOOKED, run=RUN, step=STEP, person=who, now=NOON, **facts)
            story.at(1, look, who)
        else:
            story.at(1, body, who)
    found = post_review(story.records, crew.config)
    assert (None if found is None else found.state) == state
