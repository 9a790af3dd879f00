"""Figures in words: a number keeps its value, a unit is written out, a time that is none stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.figures import Figure, age, clock, duration, figures, findings_shown, moment, plain, told_by_finding

DRAWN = [{"table": "env_a.expense", "column": "id", "via": "default"}, {"table": "f()", "via": "function"}, "other"]


@pytest.mark.parametrize(
    ("measured", "bound", "found"),
    [
        ({"max_in_use": 1204150}, {}, [Figure("highest id in use", ("1,204,150",))]),
        ({"ids_to_be_reissued": 50}, {"ids_to_be_reissued": 0}, [Figure("ids issued twice", ("50",), "0")]),
        ({"lag_ms": 12000}, {"max_lag_ms": 5000}, [Figure("lag", ("12.0 s",), "at most 5.0 s")]),
        ({"free_bytes": 3 << 30}, {"min_free_bytes": 1023}, [Figure("free", ("3.0 GB",), "at least 1,023 bytes")]),
        ({"age_s": 3700, "used_pct": 80}, {}, [Figure("age", ("1 h 1 min",)), Figure("used", ("80 %",))]),
        ({"rows": 3}, {"window": "2 h"}, [Figure("rows", ("3",)), Figure("limit: window", ("2 h",))]),
        ({"drawn_by": DRAWN}, {}, [Figure("drawn by", ("env_a.expense.id (default)", "f() (function)", "other"))]),
        ({"drawn_by": []}, {}, [Figure("drawn by", ("nothing found",))]),
        ({"cycles": True, "ratio": "0.5", "at": None}, {}, [
            Figure("cycles", ("yes",)), Figure("ratio", ("0.5",)), Figure("at", ("unknown",)),
        ]),
        ({"pid": 40961}, {}, [Figure("pid", ("40961",))]),
        ({"pids": [40961, 40962], "version": None}, {}, [
            Figure("pids", ("40961", "40962")), Figure("version", ("unknown",)),
        ]),
        ({"size_mb": 1200}, {}, [Figure("size", ("1,200 MB",))]),
        ({"rows": 7}, {"rows": None, "maximum": None}, [Figure("rows", ("7",))]),
        ({}, {}, []),
    ],
)  # fmt: skip
def test_a_figure_has_a_name_a_value_and_its_limit(measured, bound, found):
    assert list(figures(measured, bound)) == found


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"), (999, "999 ms"), (4210, "4.2 s"), (60_000, "1 min"), (185_000, "3 min 5 s"),
        (7_800_000, "2 h 10 min"), (86_400_000, "1 d"), (180_000_000, "2 d 2 h"),
    ],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(milliseconds, words):
    assert duration(milliseconds) == words


@pytest.mark.parametrize(
    ("since", "now", "words"),
    [
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:02.500000Z", "2.5 s ago"),
        ("2026-11-23T21:00:00+09:00", "2026-11-23T12:05:00Z", "5 min ago"),
        ("2026-11-23T12:00:01Z", "2026-11-23T12:00:00Z", "in the future"),
        (None, "2026-11-23T12:00:00Z", "unknown"),
        ("yesterday", "2026-11-23T12:00:00Z", "unknown"),
        ("2026-11-23T12:00:00", "2026-11-23T12:00:00Z", "unknown"),
    ],
)
def test_an_age_that_cannot_be_told_is_unknown(since, now, words):
    assert age(since, now) == words


@given(st.text())
def test_what_is_no_time_stays_as_it_is(text):
    assert moment(f"x{text}") == clock(f"x{text}") == f"x{text}"


def test_a_time_is_told_in_utc_to_the_second():
    assert moment("2026-11-24T06:02:31.999999+09:00") == "2026-11-23 21:02:31 UTC"
    assert clock("2026-11-24T06:02:31.999999+09:00") == "21:02:31"


@given(st.integers())
def test_a_number_in_words_is_the_number(number):
    assert int(plain(number).replace(",", "")) == number


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (False, "no"), (None, "unknown"), ((), "none"), ({}, "none"), ([1000, "a"], "1,000, a"),
        ({"set_to": 1}, "set to 1"),
    ],
)  # fmt: skip
def test_any_value_is_told_in_one_line(value, words):
    assert plain(value) == words


@given(st.lists(st.sampled_from(["pass", "warn", "unknown", "block", "other"]), max_size=40))
def test_no_finding_that_objects_is_left_out(verdicts):
    findings = [{"verdict": verdict, "object": str(number)} for number, verdict in enumerate(verdicts)]
    shown, hidden = findings_shown({"findings": findings})
    assert [each for each in findings if each["verdict"] != "pass"] == [
        each for each in shown if each["verdict"] != "pass"
    ]
    assert len(shown) + hidden == len(findings)
    assert hidden == 0 or sum(each["verdict"] == "pass" for each in shown) == 5


def test_a_message_that_a_finding_repeats_is_said_once():
    assert told_by_finding({"message": "m", "findings": [{"message": "m"}]})
    assert not told_by_finding({"message": "m", "findings": []})
