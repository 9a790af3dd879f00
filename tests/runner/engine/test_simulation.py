"""Random schedules of approvals, refusals, expiry, failures and crashes, over the engine's pure core."""

import os
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.engine.fold.next_action import Close, next_action
from runner.engine.fold.undoing import undone_of
from tests.runner.engine.simulated_world import Planned, World
from tests.runner.engine.simulation import live

RUNS = 10_000 if os.environ.get("SHISA_TEST_ALL") else 1_000
STEPS = st.builds(
    Planned,
    kind=st.sampled_from(["sql", "manual", "restore", "sequences"]),
    approved=st.booleans(),
    guarded=st.booleans(),
    undone=st.booleans(),
    moves=st.booleans(),
)
PLANS = st.lists(STEPS, min_size=1, max_size=4).map(lambda steps: {f"s{n}": step for n, step in enumerate(steps)})


def by_seed(seed, count):
    """Give a seed's many choices."""
    return random.Random(seed).choices(range(1_000_000), k=count)  # noqa: S311 - chance, not a secret


CHOICES = st.lists(st.integers(0, 1_000_000), max_size=40) | st.integers(0, 2**32).map(lambda seed: by_seed(seed, 120))
"""Few choices, which shrink, or a seed's many: what goes wrong late in a run is never met by short lists."""
REPEATABLE = {"manual", "sequences"}
"""Kinds that an interrupted run simply does again."""


@settings(
    max_examples=RUNS,
    database=None,
    derandomize=RUNS == 1_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=PLANS, choices=CHOICES)
def test_whatever_happens_nothing_starts_unasked_and_nothing_is_done_twice(plan, choices):
    world = World(plan, choices)
    state = live(world)
    assert state.closed is not None
    assert isinstance(next_action(state, world.order(), world.requests()), Close)
    if state.rollback is not None:
        assert state.closed.state == "rolled-back", "once begun, a rollback is all that a run can end with"
        assert all(world.effects.get(path, 0) == 1 for path in state.rollback), "each step is taken back exactly once"
        places = [world.order().index(undone_of(path) or "") for path in state.rollback]
        assert places == sorted(places, reverse=True), "the newest step is taken back first"
    bound = [record.step for record in world.records if record.body.name == "target.changed"]
    for path, known in state.steps.items():
        made = known.outcome == "done" and known.changes_target
        assert bound.count(path) == made, (
            "the run is bound anew once by each step that moved its target, and by no other"
        )
    if state.rollback is not None:
        return
    for path, step in world.plan.items():
        known = state.step(path)
        assert known.outcome in {"done", "skipped"}, "a step that was begun ends known"
        if known.outcome == "done":
            assert world.effects.get(path, 0) >= 1, "what is called done has happened"
        if step.kind not in REPEATABLE:
            assert world.effects.get(path, 0) <= 1, "nothing is done twice"


def test_the_simulation_meets_what_it_is_about():
    """Guards against a simulation that never crashes, refuses or settles anything."""
    seen, attempts, endings, crashes = set(), set(), set(), 0
    for seed in range(200):
        choices = by_seed(seed, 100)
        plan = {
            f"s{n}": Planned(kind, approved=True, guarded=True, undone=True, moves=n == 0)
            for n, kind in enumerate(["sql", "restore"])
        }
        world = World(plan, choices)
        live(world)
        crashes += world.crashes
        seen |= {record.body.name for record in world.records}
        attempts |= {record.body.attempt for record in world.records if record.body.name == "step.intended"}
        endings.add(world.records[-1].body.state)
    assert crashes > 50
    assert {1, 2, 3} <= attempts
    assert endings == {"completed", "rolled-back"}
    assert seen >= {
        "approval.expired",
        "approval.given",
        "approval.rejected",
        "approval.stale",
        "approval.withdrawn",
        "plan.amended",
        "rollback.begun",
        "run.handed_over",
        "run.closed",
        "run.paused",
        "run.resumed",
        "step.ended",
        "step.resolved",
        "step.skipped",
        "target.changed",
    }
