"""Which evidence still holds by its age alone, without a look at the target."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from runner.engine.fold.state import fold
from runner.engine.guard.recheck import holding
from runner.journal import events as ev
from runner.runbook.model import GuardUse
from tests.runner.review.people import HEAD, NOON, STEP, opened, stamp
from tests.runner.review.test_requests import Story

YOUNG = {"recheck": "none", "max_age": "5min"}


def evidence(seconds, **more):
    return {"check": "c", "taken_at": stamp(NOON - timedelta(seconds=seconds)), "accepted": 0, **more}


def held(crew, use, *asked, uses=1, proven=False):
    """The evidence that holds at noon, of guards asked before and again."""
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None)
    for moment, found in zip(("before", "again"), asked, strict=False):
        story.at(1, ev.GuardsAsked(moment=moment, verdict="pass", evidence=(found,)))
    session = SimpleNamespace(state=fold(story.records), clock=lambda: NOON)
    return holding(session, STEP, [GuardUse(check="c", **use)] * uses, proven=proven)


HOLDS = {
    "of this moment": ([evidence(0)], "it is 0 s old, and may be 5min"),
    "at the very end of its age": ([evidence(300)], "it is 300 s old, and may be 5min"),
    "asked once more": ([evidence(900), evidence(60)], "it is 60 s old, and may be 5min"),
}


@pytest.mark.parametrize(("asked", "why"), HOLDS.values(), ids=HOLDS)
def test_evidence_holds(asked, why, crew):
    ((found,)) = held(crew, YOUNG, *asked)
    assert found["holds"] == why


AGAIN = {
    "too old": (YOUNG, [evidence(301)]),
    "of the future": (YOUNG, [evidence(-1)]),
    "too old when it was asked once more": (YOUNG, [evidence(60), evidence(900)]),
    "of an exception, which may have expired": (YOUNG, [evidence(60, accepted=1)]),
    "of a waiver, which may have expired": (YOUNG, [evidence(60, waived=[{}])]),
    "without an age that it may have": ({"recheck": "none"}, [evidence(0)]),
    "always asked again": ({"recheck": "full", "max_age": "5min"}, [evidence(0)]),
    "that rests on nothing that could be looked at": ({"recheck": "cheap"}, [evidence(0, basis=None)]),
}


@pytest.mark.parametrize(("use", "asked"), AGAIN.values(), ids=AGAIN)
def test_a_guard_is_asked_again_whose_evidence_is(use, asked, crew):
    assert held(crew, use, *asked) == [None]


def test_youth_is_no_proof(crew):
    assert held(crew, YOUNG, evidence(0), proven=True) == [None]


def test_evidence_of_other_guards_than_are_asked_now_is_none(crew):
    assert held(crew, YOUNG, evidence(0), uses=2) == [None, None]
    assert held(crew, YOUNG) == [None]
