"""People are told while a run goes on and beside it: at least once each, by every sink, and no sink hinders a run."""

import contextlib
import dataclasses
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from runner.cli.status import statuses
from runner.engine.ports import wall_clock
from runner.journal.events import Notified, QuestionAnswered
from runner.notify import companion, webhook
from runner.notify.companion import Companion, needed
from runner.notify.deliver import deliver
from runner.report.flags import flags
from runner.report.summary import summary
from tests.fixtures.receiver import receiver
from tests.runner.engine.stage import Player, Stage, as_user
from tests.runner.engine.test_approvals import DELETE

TELL = '#!/bin/sh\ncat > "$0.$$.json"\n'


@pytest.fixture
def other():
    with receiver() as made:
        yield made


@pytest.fixture
def stage(stage, other):
    """A stage with a webhook on this machine."""
    stage.settings["notify"] = {"webhook": [{"url": other.url(), "name": "chat"}]}
    stage.save()
    stage.write(DELETE)
    return stage


def escalating(stage):
    told = stage.folder / "tell"
    told.write_text(TELL)
    told.chmod(told.stat().st_mode | stat.S_IXUSR)
    stage.settings["policies"]["cross"]["escalate"] = [
        {"after": "200ms", "to": "carol"},
        {"after": "400ms", "to": "dev"},
    ]
    stage.settings["notify"]["command"] = [str(told)]
    stage.save()
    return told


def accompanied(stage, player=None, **options):
    """Play a run as `shisa run` does, with its companion; gives the run and what was left untold."""
    session = stage.open(player, **options)
    beside = Companion(stage.config, session.run, "alice", wall_clock)
    session.observers = (*session.observers, beside.observe)
    with beside:
        play = stage._through(session)
    return play, beside.untold


def lines(stage, run):
    return [line.body for line in stage.records(run) if isinstance(line.body, Notified)]


def tell(stage, run, clock=wall_clock):
    """What `shisa notify` does."""
    with contextlib.closing(stage.journal()) as journal:
        return [each.body for each in deliver(stage.config, journal, run, person="alice", clock=clock)]


def patiently(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_is_waited_for_is_told_while_the_run_waits_and_how_it_ended_afterwards(stage, other, accounts):
    def sign(view, request):
        patiently(lambda: other.got)
        stage.sign(view, request)

    play, untold = accompanied(stage, Player(on_wait=sign))
    assert (play.state, accounts(), untold) == ("completed", [1, 3], [])
    assert [(one["about"], one["to"], one["next"]) for one in other.got] == [
        ("request", ["bob"], f"shisa review {play.run}"),
        ("ended", ["bob"], f"shisa report {play.run}"),
    ]
    assert [(body.about, body.sink, body.failed) for body in lines(stage, play.run)] == [
        ("request", "webhook chat", None),
        ("ended", "webhook chat", None),
    ]
    assert not any("DELETE" in json.dumps(one) for one in other.got), "no SQL in a chat"
    assert stage.problems() == []
    assert tell(stage, play.run) == [], "once is enough"


def test_escalations_are_told_once_each_by_every_sink_and_the_run_sees_it(stage, other, accounts):
    told, seen = escalating(stage), []

    def sign_when_told(record):
        if isinstance(record.body, Notified) and record.body.about == "escalation":
            seen.append(record.body)
            if len(seen) == 4:
                stage.sign()

    play, _ = accompanied(stage, Player(), observers=[sign_when_told])
    assert play.ending.exit_code == 0, play.reason
    assert sorted((body.rule, body.to, body.sink, body.failed) for body in seen) == [
        ("cross: carol after 200ms", ("carol",), "command", None),
        ("cross: carol after 200ms", ("carol",), "webhook chat", None),
        ("cross: dev after 400ms", ("bob",), "command", None),
        ("cross: dev after 400ms", ("bob",), "webhook chat", None),
    ]
    kept = [json.loads(path.read_text()) for path in told.parent.glob("tell.*.json")]
    assert sorted(one["rule"] for one in kept if one["about"] == "escalation") == [
        "cross: carol after 200ms",
        "cross: dev after 400ms",
    ]
    assert accounts() == [1, 3]


def test_a_run_that_nobody_waits_at_is_told_of_by_a_program_beside_it(stage, other):
    escalating(stage)
    run = stage.play(detach=True).run
    assert (other.got, lines(stage, run)) == ([], [])
    time.sleep(0.5)
    assert [(body.about, body.sink) for body in tell(stage, run)] == [
        ("request", "command"),
        ("request", "webhook chat"),
        ("escalation", "command"),
        ("escalation", "webhook chat"),
        ("escalation", "command"),
        ("escalation", "webhook chat"),
    ]
    assert [one["about"] for one in other.got] == ["request", "escalation", "escalation"]
    (status,) = statuses([stage.records(run)], stage.config.config, wall_clock())
    assert ("escalation", ["carol"], "webhook chat") in [
        (one["about"], one["to"], one["sink"]) for one in status["told"]
    ]


def test_what_became_due_just_now_is_left_to_the_program_that_goes_on_with_the_run(stage, other):
    run = stage.play(detach=True).run
    half_a_minute = timedelta(seconds=30)
    with contextlib.closing(stage.journal()) as journal:
        beside = {"person": "alice", "late": half_a_minute}
        assert list(deliver(stage.config, journal, run, clock=wall_clock, **beside)) == []
        assert len(list(deliver(stage.config, journal, run, clock=later(0.6), **beside))) == 1


def test_a_run_that_is_left_at_once_has_told_whom_it_waits_for(stage, other):
    play, untold = accompanied(stage, detach=True)
    assert (play.state, untold) == ("waiting", [])
    assert [one["about"] for one in other.got] == ["request"]


def not_notified(stage, play):
    found = flags(summary(stage.records(play.run), stage.config.config))
    return [flag.text for flag in found if flag.word == "NOT NOTIFIED"]


def test_a_failure_is_told_flagged_and_tried_again_until_it_is_taken(stage, other):
    other.failing = 2
    play, untold = accompanied(stage, detach=True)
    assert untold == ["bob: it answered 503"]
    assert not_notified(stage, play) == ["bob that clean waits to be approved, by webhook chat: it answered 503"]
    assert tell(stage, play.run) == [], "not at once"
    assert [body.failed for body in tell(stage, play.run, later(2))] == ["it answered 503"]
    assert len(not_notified(stage, play)) == 1
    assert [body.failed for body in tell(stage, play.run, later(8))] == [None]
    assert not_notified(stage, play) == []
    assert len(other.got) == 1


def later(minutes):
    return lambda: wall_clock() + timedelta(minutes=minutes)


def test_what_was_sent_and_not_journaled_is_sent_again_under_the_same_id(stage, other, monkeypatch):
    run = stage.play(detach=True).run
    with contextlib.closing(stage.journal()) as journal:
        monkeypatch.setattr(journal, "append", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            list(deliver(stage.config, journal, run, person="alice", clock=wall_clock))
    assert len(tell(stage, run)) == 1
    first, second = other.got
    assert first["id"] == second["id"]


def both_tell(stage, run, other):
    """Two programs deliver at the same moment to a sink that takes its time; gives what each of them delivered."""
    other.takes_s = 0.5
    with ThreadPoolExecutor() as pool:
        return [each.result() for each in [pool.submit(tell, stage, run) for _ in range(2)]]


def test_two_programs_that_deliver_at_the_same_moment_tell_nobody_twice(stage, other):
    run = stage.play(detach=True).run
    told = both_tell(stage, run, other)
    assert sorted(map(len, told)) == [0, 1]
    assert len(other.got) == 1


def test_nor_do_two_over_a_team_journal(stage, team_journal, database, tmp_path, other):
    team = Stage.of(tmp_path / "team", database.dsn, journal=team_journal)
    team.settings["notify"] = stage.settings["notify"]
    team.save()
    team.write(DELETE)
    run = team.play(detach=True).run
    told = both_tell(team, run, other)
    assert sorted(map(len, told)) == [0, 1]
    assert len(other.got) == 1


def test_where_no_lock_can_be_had_people_are_told_all_the_same(stage, other):
    run = stage.play(detach=True).run
    (stage.folder / "journal.db.telling").mkdir()
    assert len(tell(stage, run)) == 1


def test_a_sink_that_hangs_neither_holds_the_run_up_nor_its_end(stage, other, accounts, monkeypatch):
    monkeypatch.setattr(companion, "_AT_THE_END_S", 0.2)
    monkeypatch.setattr(webhook, "_SECONDS", 120.0)
    stage.settings["notify"]["webhook"][0]["url"] = other.url("/hang")
    stage.save()
    begun = time.monotonic()
    play, untold = accompanied(stage, Player(on_wait=stage.sign))
    assert time.monotonic() - begun < 60
    assert (play.state, accounts(), untold) == ("completed", [1, 3], ["somebody is being told yet"])


def test_a_journal_that_the_companion_cannot_have_is_the_runs_matter(stage, other, monkeypatch):
    def locked(*_, **__):
        raise companion.ShisaError("locked")

    monkeypatch.setattr(companion, "open_journal", locked)
    play, untold = accompanied(stage, detach=True)
    assert (play.state, untold, other.got) == ("waiting", [], [])


def test_a_companion_goes_along_only_where_there_is_somebody_to_tell(stage):
    assert needed(stage.config.config)
    del stage.settings["notify"]
    stage.save()
    assert not needed(stage.config.config)
    stage.settings["policies"]["cross"]["escalate"] = [{"after": "1h", "to": "carol"}]
    stage.save()
    assert needed(stage.config.config), "that nobody can be told must be known"


def test_it_is_the_same_over_a_team_journal(stage, team_journal, database, tmp_path, other):
    team = Stage.of(tmp_path / "team", database.dsn, journal=team_journal)
    team.settings["notify"] = {"webhook": [{"url": other.url(), "name": "chat"}]}
    team.save()
    team.write(DELETE)
    run = team.play(detach=True).run
    as_alice = dataclasses.replace(team, settings=team.settings | {"journal": as_user(team_journal, "alice")})
    assert [body.about for body in tell(as_alice, run)] == ["request"]
    team.sign()
    assert team.resume(run).state == "completed"
    assert [(body.about, body.to) for body in tell(as_alice, run)] == [("ended", ("bob",))]
    assert team.problems() == []


ASK = """\
  - id: ask
    title: Is anybody in?
    ask: {team: dev, question: Is anybody in?, choices: {none: Nobody, some: Somebody}, proceed_on: [none]}
"""


def test_a_question_is_told_to_its_team(stage, other):
    stage.write(ASK)
    run = stage.play(detach=True).run
    assert [(body.about, body.to) for body in tell(stage, run)] == [("question", ("bob",))]
    assert other.got[0]["next"] == f"shisa answer {run} ask"
    assert "Is anybody in" not in json.dumps(other.got[0] | {"title": ""})
    assert not any(isinstance(line.body, QuestionAnswered) for line in stage.records(run))
