"""What a waiver settles of a guard's evidence, and what it leaves shut: the judgement alone."""

from datetime import timedelta

import msgspec
import pytest

from checks.base import Finding, Verdict
from runner.canonical import digest
from runner.config.model import Config, Need, Person, Policy
from runner.evidence import Evidence, envelope, no_worse
from runner.journal import events as ev
from runner.review import sshsig
from runner.review.exceptions import signed
from runner.review.statement import handed_statement
from runner.review.waivers import Waived, Waivers, applied, exceeded, teams_that_waive, waivers_of
from tests.runner.review.people import HEAD, NOON, RUN, STEP, Crew, opened, stamp
from tests.runner.review.test_requests import Story

BLOCK, UNKNOWN, WARN, PASS = Verdict.BLOCK, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS


def found(*findings, verdict=None, target="live", accepted=()):
    """Evidence of findings (object, verdict, rows), as a guard whose measured ``rows`` are bounded gives it."""
    made = tuple(Finding(name, how, f"{name} is {how}", {"rows": rows}) for name, how, rows in findings)
    worst = max((one.verdict for one in made), default=PASS) if verdict is None else verdict
    return Evidence(
        "lag",
        worst,
        "It lags.",
        1,
        made,
        target,
        (),
        "2026-11-23T12:00:00Z",
        1,
        limits=("rows",),
        accepted=dict.fromkeys(accepted, "by shisa.yaml"),
    )


def waiver(name, how=BLOCK, rows=5, check="lag", target="live"):
    return Waived(check, target, name, how, {"rows": rows}, "being rebuilt", "bob", "2026-11-24T00:00:00Z")


A = ("a", BLOCK, 5)
LEFT = [
    ("all that closes is waived", found(A), [waiver("a")], WARN),
    ("an improvement is covered", found(("a", UNKNOWN, 0)), [waiver("a")], WARN),
    ("a number that is not measured any more", found(("a", BLOCK, None)), [waiver("a")], WARN),
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
    ("the worst of what is left", found(A, ("b", BLOCK, 1), ("c", WARN, 1)), [waiver("a")], BLOCK),
    ("the guard failed worse than was waived", found(verdict=BLOCK), [waiver("", UNKNOWN)], BLOCK),
    (
        "what is accepted hides no failure",
        found(A, ("b", UNKNOWN, 0), verdict=BLOCK, accepted="a"),
        [waiver("b")],
        BLOCK,
    ),
    ("could not look, beside a warning", found(("a", WARN, 1), verdict=UNKNOWN), [waiver("a")], UNKNOWN),
]


@pytest.mark.parametrize(("evidence", "waivers", "left"), [row[1:] for row in LEFT], ids=[row[0] for row in LEFT])
def test_what_is_left_when_waivers_are_taken_into_account(evidence, waivers, left):
    assert applied(evidence, waivers).verdict is left


def test_nothing_waived_is_nothing_changed():
    evidence = found(A)
    assert applied(evidence, [waiver("b")]) is evidence


def test_what_shisa_yaml_accepts_needs_no_waiver():
    evidence = found(A, verdict=WARN, accepted="a")
    assert applied(evidence, [waiver("a")]) is evidence


def test_a_waiver_of_the_guard_as_a_whole_is_told_by_its_name():
    assert applied(found(verdict=UNKNOWN), [waiver("", UNKNOWN)]).message == "It lags. Waived: lag by bob."


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
    others = [waiver("b"), waiver("a", check="load"), waiver("a", target="copy")]
    assert exceeded(found(("a", BLOCK, 6)), others) == []


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


TEXT = digest("step")
NEEDS = {"dev": (Need(team="dev", n=1),), "both": (Need(team="dev", n=1), Need(team="ops", n=1))}


@pytest.fixture
def gate(crew):
    """A step whose policy lets dev and ops together waive a finding, and another that lets dev alone."""
    policies = {name: Policy(need=need, waive=need) for name, need in NEEDS.items()}
    story = Story(Crew(crew.keys, Config(shisa=1, people=crew.people, policies=policies)))
    return story.at(0, opened(crew, HEAD, stamp(NOON)), step=None).at(0, entered("both"))


def entered(*policies):
    return ev.StepEntered(kind="sql", title="t", step_digest=TEXT, rendered={}, destructive=True, policies=policies)


def waive(story, who, team, *, step=STEP, **changes):
    body = ev.WaiverGiven(
        check="duplicate-keys-in-tree",
        object="a",
        target="live",
        reason="being rebuilt",
        until=stamp(NOON + timedelta(hours=1)),
        verdict="block",
        limits={"rows": 5},
        as_team=team,
        step_digest=TEXT,
        statement="",
        signature="",
    )
    body = msgspec.structs.replace(body, **changes)
    crew = story.crew
    place = {"run": RUN, "step": step, "person": who}
    made = signed(body, **place, key=crew.keys[who], people=crew.people, head=HEAD, now=NOON)
    return story.at(1, made, who, step=step)


def hold(story, minutes=2, step=STEP):
    return waivers_of(story.records, step, story.crew.config, NOON + timedelta(minutes=minutes))


def test_as_many_people_as_the_policy_asks_accept_what_each_of_them_accepted(gate):
    assert hold(waive(gate, "bob", "dev")).holding == ()
    sooner = stamp(NOON + timedelta(minutes=30))
    waive(gate, "carol", "ops", verdict="unknown", limits={"rows": 3}, until=sooner, reason="for tonight")
    (both,) = hold(gate).holding
    assert both == Waived(
        *("duplicate-keys-in-tree", "live", "a", UNKNOWN, {"rows": 3}),
        *("being rebuilt; for tonight", "bob and carol", sooner),
    )


def test_every_policy_of_the_step_asks_for_its_own_people(gate):
    gate.at(1, entered("dev", "both"))
    assert hold(waive(gate, "bob", "dev")).holding == ()
    assert len(hold(waive(gate, "carol", "ops")).holding) == 1


def test_a_waiver_holds_to_the_very_end_of_its_time(gate):
    waive(waive(gate, "bob", "dev"), "carol", "ops")
    assert len(hold(gate, 60).holding) == 1
    assert hold(gate, 61) == Waivers(
        (), tuple((who, f"it expired at {gate.records[-1].body.until}") for who in ("bob", "carol"))
    )


def test_a_waiver_of_another_step_is_neither_counted_nor_told(gate):
    waive(gate, "bob", "dev", step="drop")
    gate.at(2, entered("dev"), step="drop")
    assert hold(gate) == Waivers((), ())
    assert len(hold(gate, step="drop").holding) == 1


def test_a_step_of_a_run_that_nobody_opened_has_no_waivers(gate):
    gate.at(1, entered("dev"))
    assert hold(waive(gate, "bob", "dev")).holding != ()
    del gate.records[0]
    assert hold(gate) == Waivers((), ())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"until": "tomorrow"}, "('tomorrow', 'block')"),
        ({"until": "9999-12-31"}, "('9999-12-31', 'block')"),
        ({"verdict": "fine"}, "'fine')"),
    ],
)
def test_a_waiver_whose_end_or_verdict_is_none_holds_never(gate, changes, told):
    waive(waive(gate, "carol", "ops"), "bob", "dev", **changes)
    ((who, reason),) = hold(gate).refused
    assert who == "bob"
    assert reason.startswith("it has no end or no verdict that can be read")
    assert reason.endswith(told)
    assert hold(gate).holding == ()


def test_who_names_no_team_may_not_waive(gate):
    ((who, reason),) = hold(waive(gate, "bob", "")).refused
    assert (who, reason) == ("bob", "bob as nobody may not waive a finding of this step")


def test_the_key_that_somebody_took_the_run_over_with_waives_nothing_under_another_name(gate, crew):
    handed = ev.RunHandedOver(from_person="alice", to_person="dan")
    statement = handed_statement(handed, run=RUN, at=stamp(NOON), head=HEAD)
    signature = crew.sign("dan", statement, sshsig.RUN)
    gate.at(1, msgspec.structs.replace(handed, statement=statement, signature=signature), "dan", step=None)
    moved = {"dan": crew.people["bob"], "dan2": Person(teams=("dev",), keys=crew.people["dan"].keys)}
    policies = gate.crew.config.policies
    gate.crew = Crew({**crew.keys, "dan2": crew.keys["dan"]}, Config(shisa=1, people=moved, policies=policies))
    ((who, reason),) = hold(waive(gate, "dan2", "dev")).refused
    assert who == "dan2"
    assert reason.endswith("is the one that the operator signed with")
