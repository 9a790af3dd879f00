"""kill -9 of the operator's process for every kind of step, at every line of its journal and between; then resume."""

import os
from pathlib import Path

import pytest
import yaml

from runner.runbook.model import KINDS
from tests.runner.engine.surviving import finish, killed

TABLE = yaml.safe_load((Path(__file__).parent / "crash_kinds.yaml").read_text("utf-8"))
ALL = bool(os.environ.get("SHISA_TEST_ALL"))
FEW = 2
"""Deaths of each kind that every run of the tests tries."""
ELSEWHERE = {"restore", "include"}
"""Kinds that are killed in test_crash.py, and those that are other kinds by the time they run."""


def deaths(lines):
    """Every line once it is durable and within its transaction, and moments after it; or a few, spread over all."""
    every = [
        place
        for line in range(1, lines + 1)
        for place in (
            f"inside:{line}",
            f"append:{line}",
            *([f"between:{line}:{calls}" for calls in (20, 100, 400)] if line < lines else []),
        )
    ]
    return every if ALL else [every[round((n + 0.5) * len(every) / FEW)] for n in range(FEW)]


CASES = [(kind, die) for kind, case in TABLE.items() for die in deaths(case["lines"])]


def test_every_kind_of_step_is_killed_and_often_enough():
    killed_kinds = {kind for case in TABLE.values() for step in yaml.safe_load(case["steps"]) for kind in step}
    assert set(KINDS) - killed_kinds == ELSEWHERE
    assert len(CASES) >= (500 if ALL else 30)


@pytest.fixture
def ground(stage, database, archive_tools, monkeypatch):
    """Sets a case up; gives what becomes of it outside of the journal."""
    path = f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    monkeypatch.chdir(stage.folder)

    def look_at(case):
        stage.write(case["steps"])
        if "setup" in case:
            database.execute(case["setup"])
        connection = database.connect()
        look = case.get("look", "SELECT NULL")

        def look_now():
            if isinstance(look, str):
                return connection.execute(look).fetchone()[0]
            file = stage.folder / look["file"]
            text = file.read_text() if file.exists() else None
            return text if text is None or "line" not in look else look["line"] * text.count(look["line"])

        return look_now

    return look_at


@pytest.mark.parametrize(("kind", "die"), CASES, ids=lambda part: part.replace(" ", "-"))
def test_whenever_it_is_killed_a_step_happens_once_or_is_reported_unknown(stage, driver, ground, kind, die):
    case = TABLE[kind]
    look = ground(case)
    late = die.endswith(":400")  # where few calls are left, the end of the run may come before this one
    assert killed(driver(stage, die=die)) or late, "the death comes before the end of the run"
    ends = case.get("state", ["completed"])
    play = finish(stage, ends=ends)
    if play.state == "unknown":
        assert case.get("unknown"), play.reason
        assert look() in (*case["before"], case["once"])
        assert "look whether it happened" in play.reason
    else:
        assert play.state in ends, play.reason
        assert look() == case.get("once")
    assert stage.problems() == []


@pytest.mark.parametrize("kind", TABLE)
def test_undisturbed_a_kind_writes_as_many_lines_as_it_is_killed_at(stage, driver, ground, kind):
    case = TABLE[kind]
    look = ground(case)
    told = driver(stage)
    assert told.get("state") == case.get("state", ["completed"])[0], told
    assert look() == case.get("once")
    assert len(stage.records()) == case["lines"], [record.body.name for record in stage.records()]
