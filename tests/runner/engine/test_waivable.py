"""What of a closed gate can be named to be waived."""

import pytest

from runner.engine.fold.state import fold
from runner.engine.guard.waivable import closing_finding, closing_names
from runner.errors import ApprovalError, UsageError
from runner.journal import events as ev
from tests.runner.engine.test_gate import entered, finding, found
from tests.runner.review.people import HEAD, NOON, STEP, opened, stamp
from tests.runner.review.test_requests import Story

NAMES = {
    "each finding that closes": ([found("a", "block", finding("x"), finding("y", "unknown"))], ("a:x", "a:y")),
    "not what only warns": ([found("a", "block", finding("x"), finding("y", "warn"))], ("a:x",)),
    "not what is accepted": ([found("a", "block", finding("x"), finding("y", accepted={}))], ("a:x",)),
    "not what is waived": ([found("a", "block", finding("x"), finding("y", waived={}))], ("a:x",)),
    "a guard that could not look, as a whole": ([found("a", "unknown")], ("a",)),
    "a guard of which all findings are waived and that is shut still": (
        [found("a", "block", finding("x", waived={}))],
        ("a",),
    ),
    "each guard that closes": (
        [found("a", "pass"), found("b", "block", finding("x")), found("c", "unknown")],
        ("b:x", "c"),
    ),
}


@pytest.mark.parametrize(("evidence", "names"), NAMES.values(), ids=NAMES)
def test_what_keeps_a_gate_shut_is_named(evidence, names):
    assert closing_names(evidence) == names


def standing(crew, **moments):
    story = Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None).at(1, entered())
    for moment, evidence in moments.items():
        story.at(2, ev.GuardsAsked(moment=moment, verdict=evidence["verdict"], evidence=(evidence,)))
    return fold(story.records)


TWINS = "duplicate-keys-in-tree"


def test_what_the_guards_found_after_the_effect_is_what_keeps_the_gate_shut_now(crew):
    both = standing(crew, before=found(TWINS, "block", finding("x")), after=found(TWINS, "block", finding("y")))
    assert closing_finding(both, STEP, f"{TWINS}:y")[1]["object"] == "y"
    with pytest.raises(UsageError, match="names 0 findings of restore") as refused:
        closing_finding(both, STEP, f"{TWINS}:x")
    assert refused.value.hint == f"these close the gate: {TWINS}:y"


def test_a_finding_is_named_by_its_check_alone_where_it_is_the_only_one(crew):
    one = standing(crew, before=found(TWINS, "block", finding("x")))
    assert closing_finding(one, STEP, TWINS)[1]["object"] == "x"
    two = standing(crew, before=found(TWINS, "block", finding("x"), finding("y")))
    with pytest.raises(UsageError, match="names 2 findings of restore"):
        closing_finding(two, STEP, TWINS)


def test_what_no_waiver_can_settle_is_refused(crew):
    with pytest.raises(ApprovalError, match="what primary finds cannot be waived"):
        closing_finding(standing(crew, before=found("primary", "block", finding("x"))), STEP, "primary")


def test_an_open_gate_has_nothing_to_waive(crew):
    with pytest.raises(UsageError, match="no guard keeps restore of run 261123-abcdef from going on"):
        closing_finding(standing(crew, before=found(TWINS, "warn", finding("x", "warn"))), STEP, TWINS)
