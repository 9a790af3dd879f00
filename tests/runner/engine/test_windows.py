"""Signed in daylight, started at night: windows, and clocks that jump."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from runner.config.model import Need, Policy
from runner.config.model import Window as Limit
from runner.engine.people.approval import window_of
from runner.engine.people.drift import Drift, steady
from runner.engine.people.windows import Window, objection, parse_until, parse_window, request_until, told
from runner.engine.ports import stamp, wall_clock
from runner.engine.preflight.preflight import preflight
from runner.errors import ApprovalError, GateClosedError, UsageError
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from runner.runbook.params import resolve
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE, TWINS

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
NIGHT = Window(datetime(2026, 11, 24, 2, 0, tzinfo=UTC), datetime(2026, 11, 24, 4, 0, tzinfo=UTC))


@pytest.fixture
def zone(monkeypatch):
    """Put this machine somewhere."""

    def put(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


READ = [
    ("UTC", "02:00", "04:00", NIGHT),
    ("Asia/Tokyo", "11:00", "13:00", NIGHT),
    ("Asia/Tokyo", "2026-11-24T11:00+09:00", "2026-11-24T04:00Z", NIGHT),
    ("UTC", "23:00", "01:00", Window(datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 24, 1, tzinfo=UTC))),
    ("UTC", "17:00", "18:00", Window(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1))),
]


@pytest.mark.parametrize(("where", "begin", "end", "window"), READ)
def test_a_time_of_day_is_the_next_one_of_this_machine_and_the_end_comes_after_the_begin(
    where, begin, end, window, zone
):
    zone(where)
    assert parse_window(begin, end, NOW) == window
    assert Window.of(window.as_json()) == window


UNREADABLE = [
    ("02:00", None, "a window has two ends"),
    (None, "02:00", "a window has two ends"),
    ("2026-11-24T02:00", "04:00", "'2026-11-24T02:00' is no time with a zone"),
    ("tonight", "04:00", "'tonight' is no time with a zone"),
    ("24:00", "04:00", "'24:00' is no time with a zone"),
    ("2026-11-24T02:00Z", "2026-11-24T01:00Z", "ends (2026-11-24T01:00Z) before it begins (2026-11-24T02:00Z)"),
    ("2026-11-24T02:00Z", "2026-11-24T02:00Z", "ends (2026-11-24T02:00Z) before it begins (2026-11-24T02:00Z)"),
    ("2026-11-23T16:00Z", "2026-11-23T17:00Z", "the window is over: it ends at 2026-11-23T17:00:00.000000Z"),
    ("2026-11-22T02:00Z", "2026-11-22T04:00Z", "the window is over: it ends at 2026-11-22T04:00:00.000000Z"),
    ("2026-11-22T02:00Z", "04:00", "the window is over: it ends at 2026-11-22T04:00:00.000000Z"),
    ("02:00", "2026-11-22T04:00Z", "the window ends (2026-11-22T04:00Z) before it begins (02:00)"),
]


@pytest.mark.parametrize(("begin", "end", "reason"), UNREADABLE)
def test_what_is_no_window_is_refused(begin, end, reason):
    with pytest.raises(UsageError) as refused:
        parse_window(begin, end, NOW)
    assert reason in refused.value.message


UNTIL = [
    ("90min", NOW + timedelta(minutes=90)),
    ("02:00", NIGHT.not_before),
    ("2026-11-24T11:00+09:00", NIGHT.not_before),
]


@pytest.mark.parametrize(("text", "until"), UNTIL)
def test_until_when_something_holds_is_a_length_of_time_or_an_end(text, until, zone):
    zone("UTC")
    assert parse_until(text, NOW) == until


@pytest.mark.parametrize("text", ["2026-11-23T16:59Z", "2026-11-23T17:00Z"])
def test_nothing_holds_until_a_time_that_is_over(text):
    with pytest.raises(UsageError, match=f"{text} is over already"):
        parse_until(text, NOW)


TOLD = [
    ("UTC", "02:00", "04:00", "tomorrow, Tue 24 Nov 02:00 to 04:00 UTC"),
    ("Asia/Tokyo", "11:00", "13:00", "today, Tue 24 Nov 11:00 to 13:00 JST"),
    ("UTC", "23:00", "01:00", "today, Mon 23 Nov 23:00 to tomorrow, Tue 24 Nov 01:00 UTC"),
    ("UTC", "2026-12-31T23:00Z", "01:00", "Thu 31 Dec 23:00 to Fri 01 Jan 2027 01:00 UTC"),
]


@pytest.mark.parametrize(("where", "begin", "end", "words"), TOLD)
def test_a_window_is_told_with_its_day_by_this_machines_clock(where, begin, end, words, zone):
    zone(where)
    assert told(parse_window(begin, end, NOW), NOW) == words


def policy(longest):
    return Policy(need=(Need(team="dev", n=1),), window=None if longest is None else Limit(max=longest))


OBJECTIONS = [
    ({"a": "16h"}, None),
    ({"a": "2h"}, None),
    ({"a": "16h", "b": "90min"}, "the window is 2 h long, and policy b allows 90min"),
    ({"a": "16h", "b": None}, "policy b allows no window: an approval holds for 1h"),
]


@pytest.mark.parametrize(("longest", "reason"), OBJECTIONS)
def test_every_policy_must_allow_the_window(longest, reason):
    assert objection(NIGHT, {name: policy(value) for name, value in longest.items()}) == reason


def test_a_window_that_is_over_is_none_any_more():
    def at(now):
        return window_of(SimpleNamespace(records=[], window=NIGHT, clock=lambda: now))

    assert at(NIGHT.not_after - timedelta(seconds=1)) == NIGHT
    assert at(NIGHT.not_after) is None


def test_a_request_is_not_signed_after_its_window():
    assert request_until(NOW, [policy("16h")], None) == NOW + timedelta(hours=12)
    assert request_until(NOW, [policy("16h")], NIGHT) == NIGHT.not_after
    short = Policy(need=(Need(team="dev", n=1),), request_ttl="2h")
    assert request_until(NOW, [short, policy("16h")], None) == NOW + timedelta(hours=2)


@pytest.fixture
def windowed(stage):
    """A stage whose policy allows windows of four hours; gives how to open a run with one, hours from now."""
    stage.settings["policies"]["cross"] |= {"window": {"max": "4h"}, "request_ttl": "9h"}
    stage.save()
    stage.write(DELETE)

    def play(begin, end, player=None, **options):
        now = wall_clock()
        window = Window(now + timedelta(hours=begin), now + timedelta(hours=end))
        return stage.play(player, window=window, **options)

    return play


def at(hours):
    """A clock that is so many hours ahead; time goes on by it as by the real one."""
    return lambda: wall_clock() + timedelta(hours=hours)


def test_what_is_signed_by_day_starts_at_night_and_not_before(stage, windowed, accounts):
    first = windowed(1, 2, detach=True)
    (request,) = first.bodies("approval.requested")
    assert datetime.fromisoformat(request.window["not_after"]) - datetime.fromisoformat(
        request.window["not_before"]
    ) == timedelta(hours=1)
    stage.sign()
    early = stage.resume(first.run, detach=True)
    assert (early.ending.exit_code, early.reason) == (6, "clean is approved, and its window has not begun")
    assert accounts() == [1, 2, 3]
    night = stage.resume(first.run, clock=at(1.5))
    assert night.ending.exit_code == 0, night.reason
    assert night.names.count("approval.requested") == 1
    assert accounts() == [1, 3]


def test_the_envelope_decides_at_night(stage, windowed, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    stage.write(DELETE + TWINS)
    first = windowed(1, 2, detach=True)
    stage.sign()
    database.execute("INSERT INTO child VALUES (3, 'twin')")
    night = stage.resume(first.run, clock=at(1.5), detach=True)
    assert night.ending.exit_code == 6
    (stale,) = night.bodies("approval.stale")
    assert [one for one in stale.reasons if "duplicate_keys was accepted up to 1 and is 2 now" in one]
    old, new = night.bodies("approval.requested")
    assert new.window == old.window, "the run keeps its window"


def test_after_the_window_it_has_expired(stage, windowed, accounts):
    first = windowed(1, 2, detach=True)
    stage.sign()
    morning = stage.resume(first.run, clock=at(2.1))
    assert morning.ending.exit_code == 4
    assert morning.bodies("approval.expired")
    assert "expired" in morning.reason
    assert accounts() == [1, 2, 3]


def test_a_program_that_stays_waits_for_the_window_and_then_asks_its_operator(stage, windowed, accounts):
    play = windowed(1.5 / 3600, 1, Player(on_wait=stage.sign))
    assert play.ending.exit_code == 0
    begun = next(each for each in play.session.records if each.body.name == "step.intended")
    (request,) = play.bodies("approval.requested")
    assert begun.at >= request.window["not_before"]
    assert any("its window begins at" in said for said in play.session.operator.said)
    assert accounts() == [1, 3]


def test_another_window_voids_what_was_signed_for_the_first(stage, windowed, accounts):
    first = windowed(1, 2, detach=True)
    stage.sign()
    now = wall_clock()
    again = stage.resume(first.run, window=Window(now, now + timedelta(hours=1)), detach=True)
    assert again.ending.exit_code == 6
    assert again.bodies("approval.stale")[0].reasons == ("the operator has named another window than at the request",)
    assert again.bodies("approval.requested")[-1].window["not_before"] == stamp(now)


def test_a_window_named_later_voids_what_was_signed_for_at_once(stage, windowed, accounts):
    first = stage.play(detach=True)
    stage.sign()
    now = wall_clock()
    again = stage.resume(first.run, window=Window(now, now + timedelta(hours=1)), detach=True)
    assert again.ending.exit_code == 6
    assert again.bodies("approval.stale")[0].reasons == ("the operator has named another window than at the request",)
    assert accounts() == [1, 2, 3]


def test_the_last_signature_must_not_be_older_than_the_policy_allows_when_the_window_begins(stage, windowed):
    windowed(5, 6, detach=True)
    with pytest.raises(
        ApprovalError, match=r"the window begins at .* and an approval does not hold that long"
    ) as early:
        stage.sign()
    assert early.value.hint.startswith("sign after ")


def test_a_signature_that_is_not_the_last_may_be_older(stage, windowed):
    stage.settings["policies"]["cross"]["need"].append({"team": "ops", "n": 1})
    stage.save()
    windowed(5, 6, detach=True)
    stage.sign()
    with pytest.raises(ApprovalError, match="an approval does not hold that long"):
        stage.sign(person="carol", team="ops")


def test_a_run_does_not_begin_with_a_window_that_its_policies_do_not_allow(stage, windowed):
    with pytest.raises(UsageError, match="the window is 4 h 30 min long, and policy cross allows 4h"):
        windowed(1, 5.5)
    assert stage.records() == []


class Clock:
    """A clock that somebody sets."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return wall_clock() + self.ahead


@pytest.mark.parametrize(("hours", "way"), [(2, "forward"), (-2, "back")])
def test_a_clock_that_jumps_while_the_run_waits_neither_ends_nor_lengthens_anything(stage, accounts, hours, way):
    stage.write(DELETE)
    clock = Clock()

    def jump(*_):
        clock.ahead = timedelta(hours=hours)

    play = stage.play(Player(on_wait=jump), clock=clock)
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert f"this machine's clock was set {way} by " in play.reason
    assert "approval.expired" not in play.names
    stage.sign()
    assert stage.resume(play.run).ending.exit_code == 0
    assert accounts() == [1, 3]


def test_a_clock_set_back_between_two_processes_does_not_lengthen_an_approval(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign()
    again = stage.resume(first.run, clock=at(-1))
    assert again.state == "blocked"
    assert "behind the journal's newest line of the run" in again.reason
    assert accounts() == [1, 2, 3]


def test_nobody_is_waited_for_by_a_clock_that_was_set_back(stage):
    stage.write(DELETE)
    first = stage.play(detach=True)
    again = stage.resume(first.run, clock=at(-1), detach=True)
    assert again.state == "blocked"
    assert "behind the journal's newest line of the run" in again.reason


def test_a_clock_that_goes_as_time_goes_is_believed_also_over_hours():
    wall, even = [NOW], [1000.0]
    drift = Drift(lambda: wall[0], lambda: even[0])
    wall[0], even[0] = NOW + timedelta(hours=9), 1000.0 + 9 * 3600 + 29
    drift.refuse(stamp(NOW))
    even[0] += 1
    drift.refuse(stamp(wall[0] + timedelta(seconds=30)))
    with pytest.raises(GateClosedError, match=r"is 31\.0 s behind the journal's newest line"):
        drift.refuse(stamp(wall[0] + timedelta(seconds=31)))
    even[0] += 1
    with pytest.raises(GateClosedError, match="was set back by 31"):
        drift.refuse(stamp(NOW))


def test_the_clock_that_nobody_sets_goes_on_while_the_machine_sleeps_where_there_is_such_a_one(monkeypatch):
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: -clock)
    assert steady() == -7
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert steady() > 0


def said(stage, begin, end, **policy):
    """What a preflight says of a window so many hours from now."""
    stage.settings["policies"]["cross"] |= policy
    stage.save()
    stage.write(DELETE)
    loaded, now = load(stage.runbook), wall_clock()
    window = Window(now + timedelta(hours=begin), now + timedelta(hours=end))
    plan = plan_of(loaded, resolve(loaded.runbook.params, {}))
    found = preflight(plan, stage.config, {}, operator="alice", signed=True, clock=lambda: now, window=window)
    return [(str(each.verdict), each.message) for each in found.items if each.area == "policy"][1:], window, now


def utc(when):
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def test_a_preflight_says_when_the_window_is_and_from_when_a_signature_counts(stage):
    ((verdict, message),), window, now = said(stage, 1, 2, window={"max": "4h"}, request_ttl="9h")
    when = f"the window is {told(window, now)}"
    assert (verdict, message) == ("pass", f"{when}; a signature for it counts until {utc(window.not_after)}")
    ((verdict, message),), window, now = said(stage, 6, 8, window={"max": "4h"}, request_ttl="9h")
    counts = utc(window.not_before - timedelta(hours=4))
    assert message.endswith(f"; a signature for it counts from {counts} until {utc(window.not_after)}")


def test_a_preflight_objects_to_a_window_that_no_signature_could_reach(stage):
    ((verdict, message),), window, _ = said(stage, 9, 10, window={"max": "4h"}, request_ttl="1h")
    assert verdict == "block"
    assert f"a signature for it counts from {utc(window.not_before - timedelta(hours=4))}" in message
    assert "a request that is made now ends at" in message


def test_a_preflight_objects_to_a_window_that_the_policy_does_not_allow(stage):
    assert said(stage, 1, 9, window={"max": "4h"})[0] == [
        ("block", "the window is 8 h long, and policy cross allows 4h")
    ]
    stage.settings["policies"]["cross"].pop("window")
    assert said(stage, 1, 2)[0] == [("block", "policy cross allows no window: an approval holds for 15min")]
