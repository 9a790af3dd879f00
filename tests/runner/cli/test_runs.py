import json
import re

import pytest

from runner.cli.haunting import Haunting
from runner.cli.show import blocks
from runner.journal import events as ev
from runner.report.summary import summary
from tests.fixtures import sample_run
from tests.runner.cli.desk import BY_HAND, Desk, fits

STOPPED = {"announce": "done", "look": "stop"}


@pytest.fixture
def two(desk: Desk) -> tuple[Desk, str, str]:
    """One run that was completed, and a newer one that its operator stopped."""
    first, code = desk.run(BY_HAND, {"*": "done"})
    assert code == 0
    second, code = desk.run(BY_HAND, STOPPED, who="carol")
    assert code == 5
    return desk, first, second


def sampled(desk: Desk) -> Desk:
    """Put the sample run into a real journal: guards, a changed plan, approvals, a failure."""
    journal = desk.journal()
    for _, step, person, body in sample_run.events():
        journal.append(body, run=sample_run.RUN, step=step, person=person)
    journal.close()
    return desk


def test_runs_are_listed_newest_first(two):
    desk, first, second = two
    found = desk.shisa("runs", "--format", "json").json
    fits("runs", found)
    assert [(each["run"], each["state"], each["operator"]) for each in found] == [
        (second, "stopped", "carol"),
        (first, "completed", "alice"),
    ]
    assert found[0]["ended_at"] is None
    assert found[1]["ended_at"] > found[1]["started_at"]


def test_runs_are_listed_for_people(two):
    desk, first, second = two
    lines = desk.shisa("runs").out.splitlines()
    assert [line.split()[:3] for line in lines] == [[second, "STOPPED", "by-hand"], [first, "COMPLETED", "by-hand"]]


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (("--state", "stopped"), 1),
        (("--state", "aborted"), 0),
        (("--target", "live"), 1),
        (("--target", "service=prod"), 1),
        (("--target", "staging"), 0),
        (("--target", "live", "--state", "failed"), 1),
        (("--target", "live", "--state", "stopped"), 0),
    ],
)
def test_runs_are_chosen_by_state_and_target(words, runs, two):
    desk = sampled(two[0])
    assert len(desk.shisa("runs", "--format", "json", *words).json) == runs


def test_no_run_is_said_and_not_shown(two):
    ran = two[0].shisa("runs", "--state", "aborted")
    assert (ran.code, ran.out, ran.err) == (0, "", "there is no such run\n")


def test_a_journal_that_is_not_there_is_no_empty_list(desk):
    ran = desk.shisa("runs", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no journal at" in ran.err


@pytest.mark.parametrize("cut", [lambda run: run, lambda run: run[:-2], lambda run: run[7:], lambda _: "last"])
def test_a_run_may_be_abbreviated(cut, two):
    desk, _, second = two
    assert desk.shisa("show", cut(second), "--format", "json").json["run"] == second


def test_last_is_the_run_opened_last_and_not_the_one_written_to_last(two):
    desk, first, second = two
    desk.shisa("note", first, "looked again", who="alice")
    assert desk.shisa("show", "last", "--format", "json").json["run"] == second


def test_an_abbreviation_of_two_runs_is_refused_with_both(two):
    desk, first, second = two
    ran = desk.shisa("show", first[:6])
    assert ran.code == 2
    assert f"{first[:6]} fits 2 runs" in ran.err
    assert f"{second}, {first}" in ran.err


@pytest.mark.parametrize("name", ["nothing", "", "\x1b[2J"])
def test_a_run_that_is_not_there_is_refused(name, two):
    ran = two[0].shisa("show", name)
    assert ran.code == 2
    assert "there is no run" in ran.err
    assert "\x1b" not in ran.err


def test_a_run_is_shown_as_the_design_says(two):
    found = sampled(two[0]).shisa("show", sample_run.RUN, "--format", "json").json
    fits("show", found)
    assert found["state"] == "failed"
    assert found["reason"] == "restore.remedy1: canceling statement due to lock timeout"
    restore = next(step for step in found["steps"] if step["id"] == "restore")
    assert [each["person"] for each in restore["approvals"]] == ["bob", "carol"]
    assert restore["guards"][0]["verdict"] == "block"


def test_the_screen_of_a_run_has_state_deviations_timeline_and_what_to_do(two):
    out = sampled(two[0]).shisa("show", sample_run.RUN).out
    shown = re.sub(r"\s+", " ", out)
    for part in (
        "FAILED: restore.remedy1: canceling statement due to lock timeout",
        "step smoke-test did not happen (not reached)",
        "STOPPED BY A GUARD sequence-drift before restore",
        "APPROVED restore by carol as ops (signed)",
        f"shisa resume {sample_run.RUN}",
    ):
        assert part in shown
    assert "環境Aを環境Cへ複製する" in out


def test_the_top_of_the_screen_names_of_a_loop_only_the_iterations_that_are_not_done():
    done, left = ev.StepEnded(outcome="done"), ev.StepEnded(outcome="failed", message="no")
    begun = [(f"restore[{n}]", sample_run.RESTORE) for n in (1, 2)]
    said = [*begun, *((path, ev.StepIntended(step_digest="e3" * 32)) for path, _ in begun)]
    said += [("restore[1]", done), ("restore[2]", left)]
    lines = [
        (0, None, "alice", sample_run.OPENED),
        *((n, step, "alice", body) for n, (step, body) in enumerate(said, 1)),
    ]
    _, facts, *_ = blocks(summary(sample_run.records(iter(lines)), sample_run.CONFIG), Haunting())
    assert [label for label, _ in facts.pairs if "[" in label] == ["step restore[2]"]


def test_hostile_text_of_a_journal_is_escaped_on_every_screen(two):
    desk, run, _ = two
    journal = desk.journal()
    journal.append(
        ev.Note(text="done \x1b[2J\x1b]0;owned\x07 \u202egnirts \x9b31m"), run=run, step=None, person="eve\x1b[1m"
    )
    journal.close()
    for words in (
        ("show", run),
        ("show", run, "--format", "json"),
        ("report", run),
        ("report", run, "--format", "json"),
    ):
        out = desk.shisa(*words).out
        assert "done" in out or "--format" in words
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out)


@pytest.mark.parametrize(
    ("shape", "begins"), [("md", "# Two things"), ("html", "<!doctype html>"), ("json", "{"), ("junit", "<testsuite")]
)
def test_a_report_is_written_in_each_shape(shape, begins, two):
    desk, first, _ = two
    out = desk.shisa("report", first, "--format", shape).out
    assert out.lower().startswith(begins.lower())
    assert first in out
    ran = desk.shisa("report", first, "--format", shape, "--out", "report.txt")
    assert (ran.code, ran.out, ran.err) == (0, "", "wrote report.txt\n")
    written = (desk.folder / "report.txt").read_text(encoding="utf-8")
    assert (json.loads(written) == json.loads(out)) if shape == "json" else (written == out)


def test_a_report_that_cannot_be_written_is_one_sentence(two):
    ran = two[0].shisa("report", two[1], "--out", "nowhere/report.md")
    assert ran.code == 2
    assert "nowhere/report.md cannot be written: No such file or directory" in ran.err
