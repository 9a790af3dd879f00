"""Plans: includes with their own names, loops, amendments, and a digest that notices every change."""

from pathlib import Path
from typing import Any

import pytest

from runner.config.load import check
from runner.errors import RunbookError, ShisaError
from runner.runbook.describe import asked_again, describe
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from runner.runbook.params import resolve
from runner.runbook.plan import Plan, amend, iteration, plan_digest
from runner.runbook.render import holds, render_step
from runner.runbook.values import Secret
from runner.strict_yaml import parse

OUTER = """\
shisa: 1
id: outer
title: Outer
params: {n: {type: integer}, key: {type: secret}}
targets: {live: {}}
steps:
  - {id: count, title: Count, target: live, sql: SELECT 7 AS found, capture: {found: {column: found, type: integer}}}
  - id: inc
    title: Inner
    when: n > 1
    include: {runbook: inner.yaml, with: {m: "{{ n }}", late: "{{ found }}", pw: "{{ key }}"}}
  - id: loop
    title: Loop
    for_each: {targets: [live], as: at, steps: [{id: look, title: "At {{ at }}", sql: "SELECT :n"}]}
"""
INNER = """\
shisa: 1
id: inner
title: Inner
params: {m: {type: integer}, late: {type: integer}, pw: {type: secret}}
targets: {live: {}}
steps:
  - {id: set, title: "Set {{ m }}", when: m < 9, target: live, sql: "SELECT :m, :late, :'pw'", approval: p}
"""


def planned(folder: Path, **params: Any) -> Plan:
    if not (folder / "outer.yaml").exists():
        (folder / "outer.yaml").write_text(OUTER, "utf-8")
        (folder / "inner.yaml").write_text(INNER, "utf-8")
    loaded = load(folder / "outer.yaml")
    given = {"n": params.get("n", 3)}
    declared = {name: param for name, param in loaded.runbook.params.items() if name != "key"}
    return plan_of(loaded, {**resolve(declared, given), "key": Secret("key", "geheim")})


def test_includes_are_put_in_with_their_own_names(tmp_path: Path):
    plan = planned(tmp_path)
    assert plan.order == ("count", "inc/set", "loop")
    values = plan.step("inc/set").scope.values({"found": 7})
    assert values == {"found": 7, "m": 3, "late": 7, "pw": Secret("pw", "geheim")}
    assert render_step(plan.data("inc/set"), values)["sql"] == "SELECT 3, 7, :'pw'"
    assert plan.secrets == {"key", "pw"}


def test_the_conditions_around_an_include_hold_for_its_steps(tmp_path: Path):
    conditions = planned(tmp_path, n=1).step("inc/set").when
    assert [(each.expression, holds(each.expression, each.scope.values({"found": 7}))) for each in conditions] == [
        ("n > 1", False), ("m < 9", True)
    ]  # fmt: skip


def test_what_an_include_needs_and_nobody_captured_yet_is_an_error(tmp_path: Path):
    with pytest.raises(ShisaError, match="'found' is not defined"):
        planned(tmp_path).step("inc/set").scope.values({})


def test_a_loop_over_targets_runs_its_steps_there(tmp_path: Path):
    plan = planned(tmp_path)
    loop = plan.step("loop")
    first, second = (iteration(loop, number, target, "look") for number, target in ((1, "live"), (2, "copy")))
    assert (first.path, second.path) == ("loop[1]/look", "loop[2]/look")
    assert render_step(second.data, second.scope.values({})) == {
        "target": "copy", "id": "look", "title": "At copy", "sql": "SELECT 3"
    }  # fmt: skip


def test_an_amendment_changes_one_step_and_adds_steps_behind_it(tmp_path: Path):
    plan = planned(tmp_path)
    remedy = {"sequences": {"raise": {"schemas": ["base"]}}, "target": "live"}
    once = amend(plan, "inc/set", {"expect.rows": 1, "approval": None}, [remedy])
    twice = amend(once, "inc/set", {}, [remedy, remedy])
    assert twice.order == ("count", "inc/set", "inc/set.remedy1", "inc/set.remedy2", "inc/set.remedy3", "loop")
    assert twice.data("inc/set")["expect"] == {"rows": 1}
    assert "approval" not in twice.data("inc/set")
    assert plan.data("inc/set")["approval"] == "p"
    assert twice.data("inc/set.remedy3")["title"] == "Remedy for set"


@pytest.mark.parametrize(
    ("change", "then", "reason"),
    [
        ({"restore.sequences": "keep"}, [], "the amended step count is not a step"),
        ({"sql.x": 1}, [], "sql holds no keys"),
        ({}, [{"target": "live"}], "the amended step count.remedy1 is not a step"),
    ],
)
def test_an_amendment_that_makes_no_step_is_refused(
    change: dict[str, Any], then: list[dict[str, Any]], reason: str, tmp_path: Path
):
    with pytest.raises(RunbookError, match=reason):
        amend(planned(tmp_path), "count", change, then)


def test_the_digest_notices_every_change_and_no_secret(tmp_path: Path):
    plan = planned(tmp_path)
    digest = plan_digest(plan, {"live": "a"})
    assert digest == plan_digest(planned(tmp_path), {"live": "a"})
    assert "geheim" not in repr(plan.public_params)
    changed = [
        plan_digest(plan, {"live": "b"}),
        plan_digest(planned(tmp_path, n=4), {"live": "a"}),
        plan_digest(amend(plan, "count", {"timeout": "5s"}, []), {"live": "a"}),
    ]
    (tmp_path / "inner.yaml").write_text(INNER + "# one byte more\n", "utf-8")
    changed.append(plan_digest(planned(tmp_path), {"live": "a"}))
    assert len({digest, *changed}) == 5


def broken(include: str) -> str:
    params = "{m: {type: integer}, late: {type: integer}, pw: {type: secret}}"
    return (
        f"shisa: 1\nid: inner\ntitle: I\nparams: {params}\nsteps: [{{id: again, title: A, include: {{{include}}}}}]\n"
    )


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (broken("runbook: outer.yaml"), "includes in a circle: outer.yaml → inner.yaml → outer.yaml"),
        (broken("runbook: gone.yaml"), "includes a file that is not there"),
        (broken("runbook: ../outside.yaml"), "outside of the repository, without a pin"),
        (INNER.replace("m:", "q:"), "gives 'm', which inner.yaml has no parameter for"),
        ("shisa: 1", "inner.yaml:1:1: the key 'id' is missing"),
    ],
)
def test_an_include_that_cannot_be_used_is_refused_with_the_reason(inner: str, reason: str, tmp_path: Path):
    home = tmp_path / "repository"
    (home / ".git").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text(
        "shisa: 1\nid: o\ntitle: O\nsteps: [{id: a, title: A, manual: m}]\n", "utf-8"
    )
    (home / "outer.yaml").write_text(OUTER, "utf-8")
    (home / "inner.yaml").write_text(inner, "utf-8")
    with pytest.raises(RunbookError, match=reason):
        planned(home)


def test_a_pinned_include_must_have_the_pinned_content(tmp_path: Path):
    pin = f'sha256: "{"0" * 64}"'
    (tmp_path / "outer.yaml").write_text(OUTER.replace("runbook: inner.yaml", f"runbook: inner.yaml, {pin}"), "utf-8")
    (tmp_path / "inner.yaml").write_text(INNER, "utf-8")
    with pytest.raises(RunbookError, match="whose content is not the pinned one") as caught:
        planned(tmp_path)
    assert "pin sha256: " in str(caught.value.hint)


def test_a_plan_is_described_with_what_it_means(tmp_path: Path):
    config, _ = check(parse(
        "shisa: 1\npeople: {a: {teams: [dev]}}\n"
        "policies: {p: {need: [{team: dev, n: 1}]}}\ntargets: {prod: {policy: p}}"
    ))  # fmt: skip
    described = describe(planned(tmp_path), config, targets={"live": "prod"})
    count, inner, loop = described["steps"]
    assert described["params"] == [{"name": "n", "value": 3}, {"name": "key", "value": "‹secret key›"}]
    assert described["targets"] == [{"name": "live", "configured": "prod", "policy": "p"}]
    assert count["after_a_crash"] == "exactly once"
    assert count["statements"][0]["class"] == "looks only"
    assert "'found' is not defined" in inner["not_known_yet"]
    assert inner["text"] == "SELECT ‹captured m›, ‹captured late›, ‹secret pw›"
    assert inner["approval"] == [{"policy": "p", "need": [{"team": "dev", "n": 1}]}]
    assert loop["repeats"] == "for each at of targets"
    assert loop["steps"][0]["path"] == "loop[n]/look"


@pytest.mark.parametrize(
    ("use", "text"),
    [
        ({}, ""),
        ({"recheck": "full", "max_age": "5min"}, ""),
        ({"recheck": "cheap"}, "again only where something was written"),
        ({"recheck": "cheap", "max_age": "5min"}, "again only where something was written, or is older than 5min"),
        ({"recheck": "none", "max_age": "5min"}, "again only where it is older than 5min"),
    ],
)
def test_a_reader_is_told_which_guards_are_not_simply_asked_again(use, text):
    assert asked_again(use) == text
