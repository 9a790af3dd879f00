"""When nobody decides in time, the next person is told: once each, and it stands in the journal."""

import json
import stat
from datetime import timedelta

import msgspec
import pytest

from runner.cli.status import statuses
from runner.config.model import Config, Escalation
from runner.engine.people.telling import due
from runner.engine.ports import wall_clock
from runner.journal import open_journal
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE
from tests.runner.review.people import NOON, hire, requested
from tests.runner.review.test_requests import Story

TELL = '#!/bin/sh\ncat > "$0.$$.json"\n'


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    return hire(tmp_path_factory.mktemp("crew"))


@pytest.fixture
def slow(stage):
    """A stage whose policy tells carol, then all of dev, when nobody signs."""
    told = stage.folder / "tell"
    told.write_text(TELL)
    told.chmod(told.stat().st_mode | stat.S_IXUSR)
    stage.settings["policies"]["cross"]["escalate"] = [
        {"after": "200ms", "to": "carol"},
        {"after": "400ms", "to": "dev"},
    ]
    stage.settings["notify"] = {"command": [str(told)]}
    stage.save()
    stage.write(DELETE)
    return stage


def test_each_is_told_once_while_the_run_waits_and_a_signature_ends_it(slow, accounts):
    seen = []

    def sign_when_told(record):
        if record.body.name == "notified":
            seen.append(record.body)
            if len(seen) == 2:
                slow.sign()

    play = slow.play(Player(), observers=[sign_when_told])
    assert play.ending.exit_code == 0, play.reason
    told = play.bodies("notified")
    assert [(body.to, body.rule, body.failed) for body in told] == [
        (("carol",), "cross: carol after 200ms", None),
        (("bob",), "cross: dev after 400ms", None),
    ]
    kept = sorted(
        (json.loads(path.read_text()) for path in slow.folder.glob("tell.*.json")), key=lambda one: one["rule"]
    )
    assert [(one["about"], one["to"], one["next"]) for one in kept] == [
        ("escalation", ["carol"], f"shisa review {play.run}"),
        ("escalation", ["bob"], f"shisa review {play.run}"),
    ]
    assert accounts() == [1, 3]


def test_who_was_told_stands_in_the_status_and_is_not_told_again_by_a_resume(slow):
    first = slow.play(detach=True)
    records = slow.records(first.run)
    later = wall_clock() + timedelta(minutes=1)
    (asked,) = first.bodies("approval.requested")
    bodies = list(due(records, asked, slow.config.config, later))
    assert [body.to for body in bodies] == [("carol",), ("bob",)]
    journal = open_journal("journal.db", slow.folder)
    for body in bodies:
        journal.append(body, run=first.run, step="clean", person="alice")
    journal.close()
    records = slow.records(first.run)
    assert list(due(records, asked, slow.config.config, later)) == []
    (status,) = statuses([records], slow.config.config, wall_clock())
    assert [(one["about"], one["to"]) for one in status["told"]] == [("escalation", ["carol"]), ("escalation", ["bob"])]


def test_nobody_is_told_before_their_time(crew):
    policies = crew.config.policies
    escalate = [{"after": "30min", "to": "dan"}, {"after": "2h", "to": "ops"}]
    cross = msgspec.structs.replace(policies["cross"], escalate=tuple(Escalation(**each) for each in escalate))
    config = Config(shisa=1, people=crew.people, policies=policies | {"cross": cross})
    body = requested()
    story = Story(crew).at(0, body)
    found = {
        minutes: [one.to for one in due(story.records, body, config, NOON + timedelta(minutes=minutes))]
        for minutes in (29, 30, 119, 120)
    }
    assert found == {29: [], 30: [("dan",)], 119: [("dan",)], 120: [("dan",), ("carol", "dan")]}
