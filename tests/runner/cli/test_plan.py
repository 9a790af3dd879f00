"""``shisa plan``: what a run would do, and what is wrong with that."""

import json
from pathlib import Path

import pytest

from runner.cli.main import main

RUNBOOK = """\
shisa: 1
id: clean-up
title: Clean up
params: {tenant: {type: integer}, pw: {type: secret}}
targets: {live: {}}
steps:
  - id: count
    title: Count for {{ tenant }}
    target: live
    sql: SELECT count(*) AS n FROM expenses WHERE tenant_id = :tenant
    capture: {n: {column: n, type: integer}}
  - id: delete
    title: Delete {{ n }} rows
    target: live
    sql: DELETE FROM expenses WHERE tenant_id = :tenant
    expect: {rows: "{{ n }}"}
    approval: cross-review
    no_rollback: the archive has them
  - id: role
    title: New password
    target: live
    sql: ALTER ROLE app PASSWORD :scram'pw'
    approval: cross-review
    no_rollback: the old one is forgotten
"""
CONFIG = """\
shisa: 1
people: {a: {teams: [dev]}, b: {teams: [ops]}, c: {teams: [ops]}}
policies: {cross-review: {need: [{team: dev, n: 1}, {team: ops, n: 1}]}}
targets: {prod: {service: prod, policy: cross-review}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clean-up.yaml").write_text(RUNBOOK, "utf-8")
    (tmp_path / "shisa.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


def test_the_plan_shows_values_class_lock_approval_and_what_is_not_known_yet(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["plan", "clean-up.yaml", "-p", "tenant=42", "--target", "live=prod"]) == 0
    out = capsys.readouterr().out
    for line in (
        "  target  live → prod, policy cross-review",
        "1. count  (sql on live)  Count for 42",
        "     | SELECT count(*) AS n FROM expenses WHERE tenant_id = 42",
        "     statement   SELECT: looks only, lock AccessShareLock",
        "2. delete  (sql on live)  Delete ‹captured n› rows",
        "     approval    cross-review: 1 of dev, 1 of ops",
        "     undo        no: the archive has them",
        "     after crash exactly once",
        "     | ALTER ROLE app PASSWORD ‹secret pw›",
    ):
        assert line in out.splitlines()


def test_json_is_the_same_plan(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["plan", "clean-up.yaml", "-p", "tenant=42", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [(each["path"], each["destructive"]) for each in plan["steps"]] == [
        ("count", False), ("delete", True), ("role", True)
    ]  # fmt: skip
    assert plan["problems"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["gone.yaml"], 2, "gone.yaml cannot be read"),
        (["clean-up.yaml"], 2, "the parameter tenant must be given"),
        (["clean-up.yaml", "-p", "tenant=x"], 2, "must be a whole number"),
        (["clean-up.yaml", "-p", "tenant=1", "-p", "pw=geheim"], 2, "cannot stand on a command line"),
        (["shisa.yaml"], 1, "the key 'id' is missing"),
        (["broken.yaml", "-p", "tenant=1"], 1, "names no approval"),
    ],
)
def test_what_hinders_a_plan_is_said_in_one_sentence(
    arguments: list[str], code: int, reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "broken.yaml").write_text(RUNBOOK.replace("    approval: cross-review\n", ""), "utf-8")
    assert main(["plan", *arguments]) == code
    assert reason in capsys.readouterr().err
