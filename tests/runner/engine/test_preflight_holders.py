"""A preflight tells who holds what a run would take, and takes nothing itself."""

import pytest

from checks.base import Verdict
from runner.engine.ports import wall_clock
from runner.engine.preflight.preflight import preflight
from runner.postgres.lock import Lock, try_lock
from runner.runbook.expand import plan_of
from runner.runbook.load import load

ADD = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
"""
LOOK = "  - {id: look, title: Look, target: live, check: duplicate-keys-in-tree, with: {parent: public.account}}\n"
KEYED = ADD + "    lock: [tenant-1]\n"


def told(stage, steps, head=""):
    """Tell what a preflight says of who holds the target: verdict, sentence and hint."""
    stage.write(steps, head=head)
    plan = plan_of(load(stage.runbook), {})
    found = preflight(plan, stage.config, {}, operator="carol", signed=True, clock=wall_clock)
    return [
        (each.verdict, each.message, each.hint)
        for each in found.items
        if "is taken by" in each.message or "pooler" in each.message or "nobody can tell who" in each.message
    ]


@pytest.fixture
def beside(stage):
    """Opens a run, which holds its target until the test ends."""
    opened = []

    def begin(steps):
        stage.write(steps)
        opened.append(stage.open())
        return opened[-1]

    yield begin
    for session in opened:
        session.let_go()
        session.journal.close()


def test_a_target_that_another_run_holds_is_told_with_its_owner_and_the_way_out(stage, beside):
    first = beside(ADD)
    ((verdict, message, hint),) = told(stage, ADD)
    assert verdict is Verdict.BLOCK
    assert message.startswith(f"target live is taken by run {first.run} since ")
    assert f": practice, taken up by alice on {first.state.opened.host} at " in message
    assert f"`shisa takeover {first.run}`" in hint


@pytest.mark.parametrize(
    ("first", "second", "head", "verdict"),
    [
        (ADD, LOOK, "", None),
        (LOOK, ADD, "", None),
        (KEYED, KEYED.replace("tenant-1", "tenant-2"), "", None),
        (KEYED, ADD, "", Verdict.BLOCK),
        (ADD, KEYED, "", Verdict.BLOCK),
        (ADD, ADD, "emergency: true\n", Verdict.WARN),
    ],
    ids=["only looks", "beside one that looks", "other keys", "whole after a key", "key after whole", "emergency"],
)
def test_only_what_would_stop_the_run_objects(  # noqa: PLR0917 - a case's columns
    stage, beside, first, second, head, verdict
):
    beside(first)
    assert [each for each, _, _ in told(stage, second, head)] == ([] if verdict is None else [verdict])


def test_a_key_that_a_session_holds_is_named(stage, database):
    holder = database.connect(application_name="somebody")
    assert try_lock(holder, Lock("tenant-1")) is None
    ((verdict, message, hint),) = told(stage, KEYED)
    assert verdict is Verdict.BLOCK
    assert message.startswith("lock tenant-1 on target live is taken by somebody (process ")
    assert hint == "it is no run of shisa; ask who it is"


def test_a_pooler_on_which_no_lock_lasts_is_told_before_the_run_opens(stage, pooled):
    stage.settings["targets"]["live"]["dsn"] = pooled.dsn()
    stage.save()
    ((verdict, message, _),) = told(stage, ADD)
    assert verdict is Verdict.BLOCK
    assert message == "target live is reached through a pooler, on which a run cannot hold a lock"


def test_a_target_that_nobody_holds_is_left_as_it_is(stage, accounts):
    assert told(stage, ADD) == []
    assert accounts("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [0]
    assert not (stage.folder / "journal.db").exists()
