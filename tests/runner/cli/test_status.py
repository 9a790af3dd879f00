import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from runner.cli.status import statuses
from runner.config.load import read
from runner.journal import events as ev
from runner.review.decide import decide
from runner.review.requests import requests_of
from tests.fixtures.servers import ROOT
from tests.runner.cli.desk import BY_HAND, PURGE, Desk, fits

WAITING = 6


@pytest.fixture
def waiting(desk: Desk, database) -> tuple[Desk, str]:
    """A real run on a real database that waits for dev and for ops; nobody is there."""
    database.execute(
        "CREATE TABLE session (id int, ended bool); INSERT INTO session SELECT g, g <= 3 FROM generate_series(1, 10) g"
    )
    desk.configure(database.dsn)
    run, code = desk.run(PURGE, {"*": "go"}, "--detach")
    assert code == WAITING
    return desk, run


def approve(desk: Desk, run: str, who: str, team: str) -> None:
    journal, config, now = desk.journal(), read(desk.folder / "shisa.yaml"), datetime.now(UTC)
    standing = requests_of(journal.records(run=run), config.config, now)[-1]
    said = {"decision": "approve", "attested": {"target": "live"}, "now": now}
    decide(journal, config, standing, person=who, key=desk.key(who), as_team=team, **said)
    journal.close()


def test_who_waits_for_whom_and_until_when(waiting):
    desk, run = waiting
    found = desk.shisa("status", "--format", "json").json
    fits("status", found)
    (one,) = found
    (request,) = one["requests"]
    assert (one["run"], one["state"], one["operator"]) == (run, "waiting", "alice")
    assert (request["step"], request["state"], request["approved"]) == ("purge", "waiting", [])
    assert request["missing"] == [
        {"policy": "cross-review", "team": "dev", "n": 1, "people": ["bob"]},
        {"policy": "cross-review", "team": "ops", "n": 1, "people": ["carol"]},
    ]
    lasts = datetime.fromisoformat(request["until"]) - datetime.fromisoformat(request["since"])
    assert timedelta(minutes=59) < lasts < timedelta(minutes=61)


def test_the_screen_names_the_people_who_could_sign(waiting):
    desk, run = waiting
    shown = re.sub(r"\s+", " ", desk.shisa("status").out)
    assert f"{run} WAITING" in shown
    assert "purge: alice waits for approval, asked" in shown
    assert "1 of dev for cross-review: bob" in shown
    assert "1 of ops for cross-review: carol" in shown


def test_after_one_signature_only_the_other_team_is_missing(waiting):
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    (request,) = desk.shisa("status", "--format", "json").json[0]["requests"]
    assert request["approved"] == [{"person": "bob", "team": "dev"}]
    assert [gap["team"] for gap in request["missing"]] == ["ops"]
    assert "approved by bob as dev" in desk.shisa("status").out


def test_when_all_have_signed_it_is_the_operators_turn(waiting):
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    approve(desk, run, "carol", "ops")
    (request,) = desk.shisa("status", "--format", "json").json[0]["requests"]
    assert (request["state"], request["missing"]) == ("approved", [])
    assert "approved; alice may start it until" in desk.shisa("status").out


def test_a_signature_of_somebody_who_left_shisa_yaml_is_told_as_not_counted(waiting):
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    public = {name: desk.key(name).public.line for name in ("alice", "carol")}
    config = (
        (desk.folder / "shisa.yaml").read_text().replace(desk.key("bob").public.line, public["carol"][:-4] + "AAAA")
    )
    (desk.folder / "shisa.yaml").write_text(config)
    (request,) = desk.shisa("status", "--format", "json").json[0]["requests"]
    assert request["approved"] == []
    assert request["not_counted"][0]["person"] == "bob"
    assert "NOT COUNTED: bob" in desk.shisa("status").out


def test_a_request_that_nobody_answered_in_time_is_expired_and_nobody_is_waited_for(waiting):
    desk, run = waiting
    config, later = read(desk.folder / "shisa.yaml").config, datetime.now(UTC) + timedelta(hours=2)
    (one,) = statuses([list(desk.journal().records(run=run))], config, later)
    (request,) = one["requests"]
    assert request["state"] == "expired"
    assert request["reason"].startswith("not enough people signed by ")


def test_runs_that_have_ended_are_left_out(desk):
    desk.run(BY_HAND, {"*": "done"})
    ran = desk.shisa("status")
    assert (ran.code, ran.out, ran.err) == (0, "", "no run is open\n")
    run, _ = desk.run(BY_HAND, {"announce": "done", "look": "stop"})
    (one,) = desk.shisa("status", "--format", "json").json
    assert (one["run"], one["state"], one["requests"]) == (run, "stopped", [])
    assert f"{run}  STOPPED: " in desk.shisa("status").out


def test_watching_prints_again_when_something_happens(desk):
    run, _ = desk.run(BY_HAND, {"announce": "done", "look": "stop"})
    watching = subprocess.Popen(
        [sys.executable, "-m", "runner", "status", "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert watching.stdout.readline().startswith(f"{run}  STOPPED")
        desk.journal().append(ev.RunPaused(state="blocked", reason="the lag"), run=run, step=None, person="alice")
        while not (line := watching.stdout.readline()).startswith(run):
            assert line, watching.stderr.read()
        assert line == f"{run}  BLOCKED: the lag\n"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130
        assert watching.stderr.read() == "shisa: interrupted\n"
    finally:
        watching.kill()
        watching.communicate()


def test_a_written_question_names_who_could_answer(desk):
    run, _ = desk.run(BY_HAND, {"announce": "done", "look": "stop"})
    question = {"team": "ops", "question": "Is it quiet?", "choices": {"yes": "Nobody is in", "no": "Somebody is"}}
    desk.journal().append(ev.QuestionAsked(**question), run=run, step="ask-ops", person="alice")
    found = desk.shisa("status", "--format", "json").json
    fits("status", found)
    (asked,) = found[0]["questions"]
    assert (asked["step"], asked["team"], asked["people"]) == ("ask-ops", "ops", ["alice", "carol"])
    assert "Is it quiet?" in desk.shisa("status").out
    answer = ev.QuestionAnswered(choice="yes", as_team="ops", statement="{}", signature="")
    desk.journal().append(answer, run=run, step="ask-ops", person="carol")
    assert desk.shisa("status", "--format", "json").json[0]["questions"] == []
