"""What the engine does next, by a table; and what a run is called."""

from pathlib import Path

import pytest
import yaml

from runner.engine.fold.next_action import next_action
from runner.engine.fold.state import fold
from runner.journal import events as ev
from runner.journal.record import Record
from tests.runner.engine.simulated_world import OPENED
from tests.runner.engine.simulation import GUARDED

CASES = yaml.safe_load((Path(__file__).parent / "next_actions.yaml").read_text())
SIGNED = {"as_team": "dev", "statement": "", "signature": ""}


def body_of(word, value):  # noqa: C901, PLR0911, PLR0912 - a case an event
    match word:
        case "entered":
            rendered = GUARDED if value.get("guarded") else {}
            policies = tuple(value.get("policies", ()))
            kind = value.get("kind", "sql")
            return ev.StepEntered(
                kind=kind, title="", step_digest="0", rendered=rendered, destructive=bool(policies), policies=policies
            )
        case "guards":
            return ev.GuardsAsked(evidence=(), **value)
        case "requested":
            return ev.ApprovalRequested(
                request=value,
                step_digest="0",
                plan_digest="0",
                policy_digest="0",
                policies=("cross",),
                operator="alice",
                target="",
                envelope={},
                not_after="",
            )
        case "rejected":
            return ev.ApprovalRejected(request=value, reason="no", **SIGNED)
        case "stale":
            return ev.ApprovalStale(request=value, reasons=("worse",))
        case "intended":
            return ev.StepIntended(step_digest="0", requests=(value,))
        case "ended":
            return ev.StepEnded(outcome=value)
        case "resolved":
            return ev.StepResolved(outcome=value, reason="looked")
        case "skipped":
            return ev.StepSkipped(reason=str(value))
        case "paused":
            return ev.RunPaused(state=value, reason="")
        case "resumed":
            return ev.RunResumed(operator="alice", host="h")
        case "amended":
            return ev.PlanAmended(check="x", object="o", why="", set={}, then=(), plan_digest="1")
        case _:
            raise AssertionError(word)


def state_of(events):
    told = [(word, value, event.get("at", "s")) for event in events for word, value in event.items() if word != "at"]
    bodies = [(OPENED, None), *((body_of(word, value), step) for word, value, step in told)]
    return fold(
        Record(seq, "", "261123-abcdef", None if body.name.startswith("run.") else step, "alice", body, "", "", "")
        for seq, (body, step) in enumerate(bodies, 1)
    )


def in_words(action):
    return " ".join([type(action).__name__, *(str(getattr(action, key, "")) for key in ("path", "moment"))]).strip()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_next(case):
    action = next_action(state_of(case["events"]), ["s"], case.get("requests", {}), {"s": case.get("group", ())})
    assert in_words(action) == case["then"]


NAMES = [
    ([{"entered": {}}], "running"),
    ([{"entered": {}}, {"paused": "stopped"}], "stopped"),
    ([{"entered": {"policies": ["cross"]}}, {"requested": "r"}, {"paused": "waiting"}], "waiting"),
    (
        [{"entered": {"policies": ["cross"]}}, {"requested": "r"}, {"paused": "waiting"}, {"rejected": "r"}],
        "waiting",
    ),
    ([{"entered": {}}, {"intended": "r"}, {"paused": "stopped"}], "unknown"),
    ([{"entered": {}}, {"paused": "stopped"}, {"resumed": True}], "running"),
]


@pytest.mark.parametrize(("events", "name"), NAMES)
def test_what_a_run_is_called(events, name):
    assert state_of(events).name == name


def test_a_run_that_does_not_begin_with_its_opening_is_no_run():
    note = Record(1, "", "261123-abcdef", None, "alice", ev.Note(text="x"), "", "", "")
    with pytest.raises(ValueError, match=r"does not begin with run\.opened"):
        fold([note])
    with pytest.raises(ValueError, match="a run without records"):
        fold([])
