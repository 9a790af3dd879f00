"""A step that makes the target another server: a real standby is promoted in the middle of a run."""

import dataclasses
import os
from typing import Any

import psycopg
import pytest

from checks.base import Verdict
from runner.engine.effect import act
from runner.engine.ports import wall_clock
from runner.engine.preflight.preflight import preflight
from runner.engine.target import rebinding
from runner.errors import UsageError
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from tests.fixtures.proxy import proxy_before
from tests.fixtures.standby import standby_of
from tests.runner.engine.stage import Player
from tests.runner.engine.surviving import finish, killed
from tests.runner.engine.test_server_faults import Died

PROMOTE = """\
  - id: promote
    title: Promote the standby
    target: live
    sql: SELECT pg_promote()
    transaction: false
    approval: cross
    no_rollback: a promotion is not taken back
    verify: SELECT NOT pg_is_in_recovery()
    changes_target: {role: primary, timeline: next}
"""
BY_HAND = """\
  - {id: promote, title: Promote it, target: live, manual: Promote it., changes_target: {role: primary, timeline: next}}
"""
DELETE = """\
  - {id: delete, title: Delete one, target: live, approval: cross, no_rollback: a test, sql: DELETE FROM account}
"""
ADD = "  - {id: add, title: Add, target: live, sql: INSERT INTO account VALUES (9)}\n"
LOOP = """\
  - id: each
    title: Do it for each
    for_each:
      %s
      as: one
      steps:
      - {id: add, title: Add, sql: INSERT INTO account VALUES (9)}
"""
TELL = "  - {id: tell, title: Tell them, manual: Tell them.}\n"


@pytest.fixture
def primary(pair):
    """The database of the tests on a primary whose copies are promoted."""
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS moved WITH (FORCE)")
        admin.execute("CREATE DATABASE moved TEMPLATE template0")
        admin.execute("ALTER SYSTEM SET wal_keep_size = '512MB'")  # the pair's standby has no slot: no copy outruns it
        admin.execute("SELECT pg_reload_conf()")
    with psycopg.connect(pair.primary.dsn("moved"), autocommit=True) as made:
        made.execute("CREATE TABLE account (id int PRIMARY KEY)")
        made.execute("INSERT INTO account VALUES (1)")
    yield pair.primary
    pair.caught_up()
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM RESET wal_keep_size")
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def standby(stage, primary, monkeypatch):
    """A standby of its own for one test, and a stage whose target it is."""
    monkeypatch.setattr(rebinding, "_SECONDS", 0.5)
    with standby_of(primary) as server:
        lead(stage, server)
        yield server


def lead(stage, server):
    stage.settings["targets"]["live"]["dsn"] = server.dsn("moved")
    stage.save()


def promote(server):
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        assert connection.execute("SELECT pg_promote()").fetchone() == (True,)


def rows(server):
    with psycopg.connect(server.dsn("moved")) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM account ORDER BY id")]


def test_after_a_promotion_the_run_goes_on_at_the_new_primary(stage, standby, primary):
    stage.write(PROMOTE + DELETE + ADD)
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed", play.reason
    (changed,) = play.bodies("target.changed", "promote")
    assert (changed.was, changed.became) == ("standby on timeline 1", "primary on timeline 2")
    order = [name for name in play.names if name in {"step.ended", "target.changed", "approval.requested"}]
    assert order[:4] == ["approval.requested", "step.ended", "target.changed", "approval.requested"]
    assert (rows(standby), rows(primary)) == ([9], [1])
    assert stage.problems() == []


def test_a_primary_and_its_standby_are_two_targets_of_one_run(stage, standby, primary):
    lead(stage, primary)
    live = stage.settings["targets"]["live"]
    stage.settings["targets"]["copy"] = {**live, "dsn": standby.dsn("moved")}
    stage.save()
    stage.write(ADD + PROMOTE.replace("target: live", "target: copy") + ADD.replace("add", "more").replace("9", "8"))
    stage.runbook.write_text(stage.runbook.read_text().replace("{live: {}}", "{live: {}, copy: {}}"))
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed", play.reason
    assert play.bodies("target.changed")[0].targets == ("copy",)
    assert rows(primary) == [1, 8, 9]


def test_a_program_that_dies_while_it_promotes_finds_the_new_primary(stage, standby, monkeypatch):
    stage.write(PROMOTE + ADD)
    real = act.carry_out

    def dying(*given):
        real(*given)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(act, "carry_out", dying)
        with pytest.raises(Died):
            stage.play(Player(on_wait=stage.sign))
    play = stage.resume(stage.records()[0].run)
    assert play.state == "completed", play.reason
    assert play.ended("promote").message == "verify says that it happened"
    assert len(play.bodies("step.intended", "promote")) == 1
    assert len(play.bodies("target.changed")) == 1
    assert rows(standby) == [1, 9]


@pytest.mark.parametrize("line", range(5, 11) if os.environ.get("SHISA_TEST_ALL") else [6])
def test_killed_at_whichever_line_the_target_is_promoted_once_and_bound_anew_once(stage, standby, driver, line):
    stage.write(PROMOTE + ADD)
    assert killed(driver(stage, die=f"append:{line}"))
    play = finish(stage)
    assert play.state == "completed", play.reason
    names = [record.body.name for record in stage.records()]
    assert names.count("target.changed") == 1
    assert rows(standby) == [1, 9]
    assert stage.problems() == []


def test_a_target_that_has_not_become_what_was_declared_closes_the_gate_until_it_has(stage, standby):
    stage.write(BY_HAND + ADD)
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert (
        play.reason == "promote is done, but target live is not what the step declares: it is a standby, not a primary"
    )
    assert "add" not in play.session.state.steps
    promote(standby)
    again = stage.resume(play.run)
    assert again.state == "completed", again.reason
    assert [name for name in again.names if name == "target.changed"] == ["target.changed"]
    assert rows(standby) == [1, 9]


def test_a_switchover_that_takes_longer_is_looked_at_again_when_the_operator_says_so(stage, standby):
    def mend(gate):
        assert gate.why.endswith("is not what the step declares: it is a standby, not a primary")
        promote(standby)
        return "again"

    stage.write(BY_HAND + ADD)
    play = stage.play(Player(on_closed=mend))
    assert play.state == "completed", play.reason
    assert "run.paused" not in play.names
    assert rows(standby) == [1, 9]


BACK = """\
  - id: promote
    title: Promote the standby
    target: live
    manual: Promote it.
    changes_target: {role: primary, timeline: next}
    rollback: {manual: Point the name at the other standby., changes_target: {role: standby}}
  - id: add
    title: Add one
    target: live
    sql: INSERT INTO account VALUES (9)
    rollback: {sql: DELETE FROM account WHERE id = 9}
    approval: cross
  - {id: break, title: Break it, target: live, sql: SELECT 1 / 0}
"""


@dataclasses.dataclass
class Switching(Player):
    """Promotes one standby by hand, and leads the target's name to another one to take that back."""

    old: Any = None
    other: Any = None
    proxy: Any = None

    def done(self, view):
        if view.path == "promote":
            promote(self.old)
        elif self.other is not None:
            self.proxy.server = ("127.0.0.1", self.other.port)
        return "done"


@pytest.fixture
def switching(stage, standby):
    """The target's name leads to a standby over a proxy, which can lead it elsewhere."""
    with proxy_before(standby.port) as proxy:
        stage.settings["targets"]["live"]["dsn"] = proxy.dsn(standby.dsn("moved"))
        stage.save()
        stage.write(BACK)
        yield Switching(back=True, on_wait=stage.sign, old=standby, proxy=proxy)


def test_a_switchover_is_taken_back_by_a_rollback_that_says_what_the_target_is_then(stage, primary, standby, switching):
    with standby_of(primary) as other:
        switching.other = other
        play = stage.play(switching)
        assert play.state == "rolled-back", play.reason
        changes = [(each.step, each.body.became) for each in play.session.records if each.body.name == "target.changed"]
        assert changes == [("promote", "primary on timeline 2"), ("promote.rollback", "standby on timeline 1")]
        assert play.session.targets.by_name["live"].bound.identity["in_recovery"] is True
    assert rows(standby) == [1]
    assert stage.problems() == []


def test_a_switch_back_that_did_not_happen_leaves_the_rollback_failed_and_is_looked_at_again(
    stage, primary, standby, switching
):
    play = stage.play(switching)
    assert (play.state, play.ending.exit_code) == ("rollback-failed", 9)
    assert "promote.rollback is done, but target live is not what the step declares: it is a primary" in play.reason
    with standby_of(primary) as other:
        switching.proxy.server = ("127.0.0.1", other.port)
        again = stage.roll_back(play.run, switching)
        assert again.state == "rolled-back", again.reason
        assert len(again.bodies("step.intended", "promote.rollback")) == 1


def test_a_failover_that_nobody_declared_stops_the_run_until_its_operator_accepts_it(stage, standby, primary):
    lead(stage, primary)
    stage.write(TELL + DELETE)
    waited = Player(on_wait=lambda *_: None)
    play = stage.play(waited, detach=True)
    assert play.state == "waiting"
    stage.sign()
    promote(standby)
    lead(stage, standby)
    play = stage.resume(play.run)
    assert play.state == "blocked"
    assert "target live was primary on timeline 1, and is primary on timeline 2" in play.reason
    assert "step.intended" not in [each.body.name for each in play.session.records if each.step == "delete"]
    play = stage.resume(play.run, accept_changes=lambda _: None, detach=True)
    assert play.state == "waiting", play.reason
    (stale,) = play.bodies("approval.stale", "delete")
    assert stale.reasons == ("target live was primary on timeline 1, and is primary on timeline 2",)
    stage.sign()
    assert stage.resume(play.run).state == "completed"
    assert (rows(standby), rows(primary)) == ([], [1])


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (ADD + PROMOTE, "target live is a standby, and step add writes"),
        (
            PROMOTE.replace("role: primary", "role: standby") + ADD,
            "target live is a standby by then, and step add writes",
        ),
        (PROMOTE.replace("    transaction: false\n", "") + ADD, "target live is a standby, and step promote writes"),
        (LOOP % "items: [1, 2]", "target live is a standby, and step each[1]/add writes"),
        (LOOP % "targets: [live]", "target live is a standby, and step each[1]/add writes"),
        (
            PROMOTE.replace("no_rollback: a promotion is not taken back", "rollback: {manual: Switch back.}"),
            "step promote uses rollback in vain: the step changes its target, and its rollback does not say",
        ),
    ],
)
def test_what_could_not_be_carried_out_is_told_by_a_preflight_and_refused_before_anything_is_done(
    stage, pair, primary, steps, why
):
    pair.caught_up()
    lead(stage, pair.standby)
    stage.write(steps)
    with pytest.raises(UsageError) as refused:
        stage.open()
    assert refused.value.message.startswith(why)
    assert stage.records() == []
    plan = plan_of(load(stage.runbook), {})
    found = preflight(plan, stage.config, {}, operator="alice", signed=True, clock=wall_clock)
    assert refused.value.message in [each.message for each in found.items if each.verdict is Verdict.BLOCK]


def test_a_loop_that_promotes_a_target_lets_the_steps_behind_write(stage, standby):
    inner = PROMOTE.replace("    target: live\n", "").replace("\n", "\n    ").rstrip(" ")
    stage.write(LOOP.partition("      - {id: add")[0] % "targets: [live]" + f"    {inner}{LOOP % 'items: [7]'}")
    stage.runbook.write_text(stage.runbook.read_text().replace("id: each", "id: promoting", 1).replace("(9)", "(:one)"))
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed", play.reason
    assert [each.step for each in play.session.records if each.body.name == "target.changed"] == [
        "promoting[1]/promote"
    ]
    assert rows(standby) == [1, 7]


def test_a_step_that_changes_its_target_names_it(stage):
    stage.settings["targets"]["other"] = stage.settings["targets"]["live"]
    stage.save()
    stage.write(BY_HAND.replace(" target: live,", ""))
    stage.runbook.write_text(stage.runbook.read_text().replace("{live: {}}", "{live: {}, other: {}}"))
    with pytest.raises(UsageError, match="step promote changes its target, and names none"):
        stage.open()
