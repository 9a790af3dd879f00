"""What a closed gate offers and to whom, judged by the run's lines alone."""

from types import SimpleNamespace

import pytest

from runner.config.model import Config, Need, Policy
from runner.engine.fold.state import fold
from runner.engine.guard.gate import may_waive, offers, refuse_closed, view
from runner.journal import events as ev
from tests.runner.review.people import HEAD, NOON, RUN, STEP, opened, stamp
from tests.runner.review.test_requests import Story

POLICIES = {"cross": Policy(need=(Need(team="dev", n=1),), waive=(Need(team="dev", n=1),))}
REMEDY = {"why": "it helps", "set": {"sql": "SELECT 1"}, "then": []}


def entered(**changes):
    facts = {"kind": "sql", "rendered": {}, "policies": ("cross",)}
    return ev.StepEntered(title="t", step_digest="0", destructive=True, **facts | changes)


def found(check="duplicate-keys-in-tree", verdict="block", *findings):
    return {"check": check, "verdict": verdict, "message": "It is so.", "findings": list(findings)}


def finding(name, verdict="block", **more):
    return {"object": name, "verdict": verdict, "measured": {}, "remedy": REMEDY, **more}


def standing(crew, *evidence, reached=True):
    """A session as far as its lines tell: a step that was reached, and what its guards found."""
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None)
    if reached:
        story.at(1, entered())
    if evidence:
        story.at(2, ev.GuardsAsked(moment="before", verdict="block", evidence=evidence))
    config = SimpleNamespace(config=Config(shisa=1, people=crew.people, policies=POLICIES))
    return SimpleNamespace(state=fold(story.records), config=config, run=RUN)


OFFERED = {
    "of what closes the gate": ([found("a", "block", finding("x"))], ["x"]),
    "of what could not be measured": ([found("a", "unknown", finding("x", "unknown"))], ["x"]),
    "not of what only warns": ([found("a", "block", finding("x", "warn"), finding("y"))], ["y"]),
    "not of what is accepted": ([found("a", "block", finding("x", accepted={}), finding("y"))], ["y"]),
    "not of what is waived": ([found("a", "block", finding("x", waived={}), finding("y"))], ["y"]),
    "none where no check names one": ([found("a", "block", finding("x", remedy=None))], []),
    "none where no guard was asked": ([], []),
}


@pytest.mark.parametrize(("evidence", "objects"), OFFERED.values(), ids=OFFERED)
def test_remedies_are_offered(evidence, objects, crew):
    assert [each.object for each in offers(standing(crew, *evidence), STEP)] == objects


WAIVE = {
    "what may be waived": ([found()], ("dev",)),
    "what could not look": ([found(verdict="unknown")], ("dev",)),
    "nothing where one of two cannot be waived": ([found(), found("primary")], ()),
    "what closes, beside what cannot be waived and passes": ([found(), found("primary", "pass")], ("dev",)),
    "nothing where nothing closes": ([found(verdict="warn")], ()),
    "nothing where no guard was asked": ([], ()),
}


@pytest.mark.parametrize(("evidence", "teams"), WAIVE.values(), ids=WAIVE)
def test_the_teams_of_the_policy_may_waive(evidence, teams, crew):
    assert may_waive(standing(crew, *evidence), STEP) == teams


def test_nobody_waives_what_a_step_that_was_not_reached_found(crew):
    assert may_waive(standing(crew, found(), reached=False), STEP) == ()


def test_a_closed_gate_is_told_by_the_first_guard_that_closes_it():
    error = refuse_closed(STEP, (found("a", "warn"), found("b", "unknown"), found("c")))
    assert (error.message, error.guard) == ("restore: b says unknown: It is so.", "b")
    assert refuse_closed(STEP, (found("a", "pass"),)).message == "restore: the gate is closed"


MOMENTS = {
    "nothing while no guard was asked": ((), ()),
    "what they found before": (("before",), ("before",)),
    "what they found right before the effect": (("before", "again"), ("again",)),
    "what they found after it": (("before", "again", "after"), ("after",)),
}


@pytest.mark.parametrize(("moments", "shown"), MOMENTS.values(), ids=MOMENTS)
def test_of_a_steps_guards_is_shown(moments, shown, crew):
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None).at(1, entered())
    for moment in moments:
        story.at(2, ev.GuardsAsked(moment=moment, verdict="pass", evidence=({**found(), "check": moment},)))
    evidence = view(SimpleNamespace(state=fold(story.records), run=RUN), STEP).evidence
    assert tuple(one["check"] for one in evidence) == shown


SKIP = {
    "a step that nobody guards": ({"policies": ()}, True),
    "not one that needs approval": ({}, False),
    "not one with guards": ({"policies": (), "rendered": {"guards": {"before": []}}}, False),
    "not a check": ({"policies": (), "kind": "check"}, False),
}


@pytest.mark.parametrize(("step", "may"), SKIP.values(), ids=SKIP)
def test_skipped_may_be(step, may, crew):
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None).at(1, entered(**step))
    assert view(SimpleNamespace(state=fold(story.records), run=RUN), STEP).may_skip is may
