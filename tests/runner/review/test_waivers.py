"""What a waiver settles of a guard's evidence, and what it leaves shut: the judgement alone."""

import pytest

from checks.base import Finding, Verdict
from runner.config.model import Config, Need, Policy
from runner.evidence import Evidence, envelope, no_worse
from runner.review.waivers import Waived, applied, exceeded, teams_that_waive

BLOCK, UNKNOWN, WARN, PASS = Verdict.BLOCK, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS


def found(*findings, verdict=None, target="live"):
    """Evidence of findings (object, verdict, rows), as a guard whose measured ``rows`` are bounded gives it."""
    made = tuple(Finding(name, how, f"{name} is {how}", {"rows": rows}) for name, how, rows in findings)
    worst = max((one.verdict for one in made), default=PASS) if verdict is None else verdict
    return Evidence("lag", worst, "It lags.", 1, made, target, (), "2026-11-23T12:00:00Z", 1, limits=("rows",))


def waiver(name, how=BLOCK, rows=5, check="lag", target="live"):
    return Waived(check, target, name, how, {"rows": rows}, "being rebuilt", "bob", "2026-11-24T00:00:00Z")


A = ("a", BLOCK, 5)
LEFT = [
    ("all that closes is waived", found(A), [waiver("a")], WARN),
    ("an improvement is covered", found(("a", UNKNOWN, 0)), [waiver("a")], WARN),
    ("another object closes still", found(A, ("b", BLOCK, 1)), [waiver("a")], BLOCK),
    ("another object that could not be measured, too", found(A, ("b", UNKNOWN, 0)), [waiver("a")], UNKNOWN),
    ("both are waived", found(A, ("b", UNKNOWN, 0)), [waiver("a"), waiver("b", UNKNOWN, 0)], WARN),
    ("two findings of the object, one beyond the limit", found(A, ("a", BLOCK, 6)), [waiver("a")], BLOCK),
    ("a worse verdict", found(A), [waiver("a", UNKNOWN)], BLOCK),
    ("a larger number", found(("a", BLOCK, 6)), [waiver("a")], BLOCK),
    ("another check's", found(A), [waiver("a", check="load")], BLOCK),
    ("another target's", found(A), [waiver("a", target="copy")], BLOCK),
    ("another object's", found(A), [waiver("b")], BLOCK),
    ("the guard could not look, its finding is waived", found(A, verdict=BLOCK), [waiver("a")], WARN),
    ("it could not look at all", found(verdict=UNKNOWN), [waiver("", UNKNOWN)], WARN),
    ("it could not look at all, an object is waived", found(verdict=UNKNOWN), [waiver("a")], UNKNOWN),
    ("a whole waiver settles no finding", found(A), [waiver("")], BLOCK),
    ("could not look, beside a warning", found(("a", WARN, 1), verdict=UNKNOWN), [waiver("a")], UNKNOWN),
]


@pytest.mark.parametrize(("evidence", "waivers", "left"), [row[1:] for row in LEFT], ids=[row[0] for row in LEFT])
def test_what_is_left_when_waivers_are_taken_into_account(evidence, waivers, left):
    assert applied(evidence, waivers).verdict is left


def test_nothing_waived_is_nothing_changed():
    evidence = found(A)
    assert applied(evidence, [waiver("b")]) is evidence


def test_a_waived_finding_is_told_and_is_no_part_of_what_a_signature_accepts():
    told = applied(found(A, ("b", WARN, 1)), [waiver("a")])
    assert told.message == "It lags. Waived: a by bob."
    shown = told.as_json()
    assert [one.get("waived", {}).get("by") for one in shown["findings"]] == ["bob", None]
    assert shown["waived"] == [
        {"object": "a", "reason": "being rebuilt", "by": "bob", "until": "2026-11-24T00:00:00Z"},
    ]
    accepted = envelope([shown])
    assert [entry["object"] for entry in accepted] == ["b"]
    assert no_worse(accepted, [shown]) == []
    without = found(A, ("b", WARN, 1)).as_json()
    assert no_worse(accepted, [without]) == ["lag on live: a is block now, and was not when it was accepted"]


def test_a_waiver_that_is_exceeded_says_by_what():
    assert exceeded(found(("a", BLOCK, 6)), [waiver("a")]) == [
        "the waiver of bob for lag on a is void: rows was accepted up to 5 and is 6 now"
    ]
    assert exceeded(found(A), [waiver("a", UNKNOWN)]) == [
        "the waiver of bob for lag on a is void: it was unknown and is block now"
    ]
    assert exceeded(found(A), [waiver("a"), waiver("b")]) == []


def policy(*teams):
    return Policy(need=(Need(team="dev", n=1),), waive=tuple(Need(team=team, n=1) for team in teams))


WAIVE = [
    ({"x": policy("dev")}, ["x"], ("dev",)),
    ({"x": policy("dev"), "y": policy("ops", "dev")}, ["x", "y"], ("dev", "ops")),
    ({"x": policy("dev"), "y": policy()}, ["x", "y"], ()),
    ({"x": policy("dev")}, ["x", "gone"], ()),
    ({"x": policy("dev")}, [], ()),
]


@pytest.mark.parametrize(("policies", "names", "teams"), WAIVE)
def test_every_policy_must_let_somebody_waive(policies, names, teams):
    assert teams_that_waive(names, Config(shisa=1, policies=policies)) == teams
