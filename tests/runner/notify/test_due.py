"""Who is told what, when, and how often it is tried: the judgement alone."""

import itertools
from datetime import timedelta

import msgspec
import pytest

from runner.config.model import Config, Escalation
from runner.engine.fold.state import fold
from runner.journal import events as ev
from runner.notify.due import deliveries
from runner.notify.messages import may_tell, messages
from tests.runner.review.people import NOON, RUN, STEP, hire, opened, requested, stamp
from tests.runner.review.test_requests import HEAD, Story

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    return hire(tmp_path_factory.mktemp("crew"))


def config(crew):
    escalate = (
        Escalation(after="30min", to="dan"),
        Escalation(after="2h", to="ops"),
        Escalation(after="3h", to="leads"),
    )
    cross = msgspec.structs.replace(crew.config.policies["cross"], escalate=escalate)
    return Config(shisa=1, people=crew.people, policies=crew.config.policies | {"cross": cross})


@pytest.fixture
def story(crew):
    """alice's run, which asks for a signature of dev and of ops at noon."""
    return Story(crew).at(0, opened(crew, HEAD, stamp(NOON)), step=None).at(0, requested())


def told(story, crew, minutes=0, sinks=("command",)):
    """What is due after so many minutes: about, to whom, after how many minutes, by what."""
    now = NOON + timedelta(minutes=minutes)
    found = deliveries(messages(story.records, config(crew), now), story.records, sinks)
    return [
        (each.message.about, each.message.to, int((each.at - NOON).total_seconds() / 60), each.sink)
        for each in found
        if each.at <= now
    ]


REQUEST = ("request", ("bob", "dan", "carol"), 0, "command")
FIRST = ("escalation", ("dan",), 30, "command")
SECOND = ("escalation", ("carol", "dan"), 120, "command")
NOBODY = ("escalation", (), 180, "command")


def test_everybody_who_could_sign_is_told_and_an_escalation_when_its_time_has_come(story, crew):
    times = {0: [REQUEST], 29: [REQUEST], 30: [REQUEST, FIRST], 120: [REQUEST, FIRST, SECOND]}
    assert {minutes: told(story, crew, minutes) for minutes in times} == times
    assert told(story, crew, 180) == [REQUEST, FIRST, SECOND, NOBODY]
    assert may_tell(story.records, NOON + timedelta(days=2)), "it is open still"


def test_who_has_signed_is_not_waited_for_and_a_decided_request_tells_nobody(story, crew):
    story.approve(5, "bob", "dev")
    assert told(story, crew, 6) == [("request", ("carol", "dan"), 0, "command")]
    story.approve(7, "carol", "ops")
    assert told(story, crew, 40) == []


def test_each_sink_delivers_for_itself(story, crew):
    sinks = ("command", "webhook chat")
    assert [each[3] for each in told(story, crew, 0, sinks)] == [*sinks]
    story.at(1, ev.Notified(about="request", to=("bob",), line=2, sink="webhook chat"))
    assert [each[3] for each in told(story, crew, 1, sinks)] == ["command"]


def test_a_failure_is_tried_again_later_and_later_and_then_given_up(story, crew):
    at, seen = 0, []
    for _ in range(10):
        due = [each for each in told(story, crew, 60 * 11, ("command",)) if each[0] == "request"]
        if not due:
            break
        at = due[0][2]
        seen.append(at)
        story.at(at, ev.Notified(about="request", to=("bob",), line=2, sink="command", failed="no network"))
    assert [later - sooner for sooner, later in itertools.pairwise(seen)] == [1, 5, 30, 120]


def test_without_any_sink_only_what_a_run_relies_on_is_noted_as_untold_once(story, crew):
    assert told(story, crew, 30, ()) == [("escalation", ("dan",), 30, "")]
    rule = "cross: dan after 30min"
    story.at(31, ev.Notified(about="escalation", to=("dan",), line=2, rule=rule, failed="no sink"))
    assert told(story, crew, 60, ()) == []


def test_what_nobody_is_meant_by_is_not_tried_again(story, crew):
    rule = "cross: leads after 3h"
    story.at(180, ev.Notified(about="escalation", to=(), line=2, rule=rule, sink="command", failed="nobody"))
    assert [each for each in told(story, crew, 600) if not each[1]] == []


def test_a_question_goes_to_its_team_until_it_is_answered_or_too_late(story, crew):
    asked = ev.QuestionAsked(team="dev", question="<script>", choices={"a": "A"}, not_after=stamp(NOON + HOUR))
    entered = ev.StepEntered(kind="ask", title="Ask", step_digest="00", rendered={}, target=None, destructive=False)
    story.at(1, entered, step="ask").at(1, asked, step="ask")
    assert ("question", ("bob", "dan"), 1, "command") in told(story, crew, 5)
    assert not [each for each in told(story, crew, 61) if each[0] == "question"]
    answer = ev.QuestionAnswered(choice="a", as_team="dev", statement="", signature="")
    story.at(6, answer, "bob", "ask")
    assert not [each for each in told(story, crew, 7) if each[0] == "question"]


def test_whoever_had_a_say_is_told_how_it_ended_for_a_day(story, crew):
    story.approve(5, "bob", "dev").at(9, ev.RunClosed(state="completed"), step=None)
    assert told(story, crew, 10) == [("ended", ("bob",), 9, "command")]
    assert told(story, crew, 9 + 24 * 60) == []
    assert may_tell(story.records, NOON + HOUR)
    assert not may_tell(story.records, NOON + timedelta(days=2))


def test_a_run_in_which_nobody_had_a_say_ends_in_silence(story, crew):
    assert told(story.at(9, ev.RunClosed(state="aborted"), step=None), crew, 10) == []


BROKEN = ev.BreakglassOpened(
    reason="<!channel> \x1b[31m", ticket="[x](http://evil)", until=stamp(NOON + HOUR), skipped=("bob",), request="req-1"
)


def test_whoever_was_done_without_is_told_at_once_and_at_the_end(story, crew):
    story.at(5, BROKEN)
    assert ("break-glass", ("bob",), 5, "command") in told(story, crew, 5)
    assert told(story, crew, 5, ()) == [("break-glass", ("bob",), 5, "")]
    story.at(9, ev.RunClosed(state="completed"), step=None)
    assert [each[:2] for each in told(story, crew, 10)] == [("break-glass", ("bob",)), ("ended", ("bob",))]


def test_what_is_sent_names_the_next_command_and_no_text_of_people_stands_in_a_sentence(story, crew):
    story.records.clear()
    hostile = msgspec.structs.replace(opened(crew, HEAD, stamp(NOON)), title="`rm` <@everyone>")
    story.at(0, hostile, step=None).at(0, requested(), step="re*st_[1]").at(5, BROKEN, step="re*st_[1]")
    story.at(9, ev.RunClosed(state="completed", reason="*why*"), step=None)
    state = fold(story.records)
    sent = [each.as_json(state) for each in messages(story.records, config(crew), NOON + HOUR)]
    glass, ended = sent
    assert glass["text"] == (
        f"shisa: bob: the glass of re?st_[1] of run {RUN} was broken by alice. shisa post-review {RUN}"
    )
    assert (glass["id"], glass["reason"], glass["title"]) == (f"{RUN}/3", BROKEN.reason, "`rm` <@everyone>")
    assert ended["text"] == f"shisa: bob: run {RUN} has ended: completed. shisa post-review {RUN}"
    assert ended["reason"] == "*why*"
    assert not {"sql", "params", "statement", "envelope"} & (glass.keys() | ended.keys())


def test_ids_tell_one_message_from_another(story, crew):
    now = NOON + timedelta(hours=5)
    state = fold(story.records)
    ids = [each.as_json(state)["id"] for each in messages(story.records, config(crew), now)]
    assert ids[:2] == [f"{RUN}/2", f"{RUN}/2/cross: dan after 30min"]
    assert len(set(ids)) == len(ids) == 4
    assert all(each.step == STEP for each in messages(story.records, config(crew), now))
