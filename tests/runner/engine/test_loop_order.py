"""The order of a loop's iterations: each turn looks at few of them, and never passes one that needs something."""

from hypothesis import given
from hypothesis import strategies as st

from runner.engine.fold.frontier import Frontier
from runner.engine.fold.loops import loop_of, order
from runner.engine.fold.next_action import Close, EndLoop, Enter, Expand, Failed, Start, next_action
from runner.engine.fold.state import State, advance
from runner.journal import events as ev
from runner.journal.record import Record
from runner.runbook.plan import Plan, PlannedStep
from runner.runbook.scope import RunScope
from tests.runner.engine.test_next_action import OPENED

ITEMS = 12


def plan(limit):
    loop = {"as": "n", "steps": [{"id": "a"}, {"id": "b"}], "stop_after_failures": limit}
    steps = (PlannedStep("first", {}, RunScope({}), ""), PlannedStep("each", {"for_each": loop}, RunScope({}), ""))
    return Plan(runbook=None, files=(), params={}, steps=steps)


class Walk:
    """A run of the pure core, whose frontier is compared with a look at everything."""

    def __init__(self, limit):
        self.plan, self.frontier = plan(limit), Frontier()
        self.state = State("261127-abcdef", OPENED, "alice", "")
        self.looked = 0

    def journal(self, path, body):
        record = Record(self.state.last_seq + 1, "", self.state.run, path, "alice", body, "", "", "")
        self.state = advance(self.state, record)
        self.frontier.take(record)

    def next(self):
        seen = []
        ahead = order(self.frontier.ahead(self.plan), self.state, self.frontier.iterations)
        action = next_action(self.state, (seen.append(path) or path for path in ahead), {})
        assert action == next_action(self.state, order(self.plan.steps, self.state), {})
        self.looked = len(seen)
        for path in seen[-1:]:
            self.frontier.reach(self.plan, path)
        return action

    def enter(self, path):
        kind, rendered = ("for_each", {"for_each": {}}) if path == "each" else ("sql", {})
        self.journal(path, ev.StepEntered(kind=kind, title="", step_digest="0", rendered=rendered, destructive=False))

    def start(self, path, outcome):
        self.journal(path, ev.StepIntended(step_digest="0"))
        if path != "each":
            self.journal(path, ev.StepEnded(outcome=outcome))


@given(st.integers(1, 5), st.lists(st.sampled_from(["done", "done", "failed"]), min_size=ITEMS * 6))
def test_what_is_next_in_a_loop_is_found_without_walking_through_what_is_done(limit, outcomes):
    walk = Walk(limit)
    looks = 2 * ITEMS
    for outcome in outcomes:
        action = walk.next()
        looks += 2 * (2 + len(walk.state.failing)) - walk.looked
        match action:
            case Enter(path):
                walk.enter(path)
            case Expand(path):
                walk.journal(path, ev.ItemsExpanded(items=tuple(range(ITEMS))))
            case Start(path):
                walk.start(path, outcome if loop_of(path) else "done")
            case EndLoop(path):
                walk.journal(path, ev.StepEnded(outcome="done"))
            case Failed():  # as a resume does
                walk.journal(None, ev.RunResumed(operator="alice", host="h"))
                looks += 2 * ITEMS
            case Close():
                break
        assert looks >= 0
