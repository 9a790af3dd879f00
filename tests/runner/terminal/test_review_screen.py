"""The reviewer's screen: DESIGN's order, nothing left out, the unknown said so; and the fact that is read back."""

import dataclasses
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.reviewer.own_copy import OwnCopy
from runner.engine.reviewer.own_guards import OwnGuards
from runner.engine.reviewer.second_look import SecondLook
from runner.journal.events import FileRead
from runner.terminal.history import SignedBefore
from runner.terminal.read_back import ReadBack, facts_of, read_back
from runner.terminal.review_screen import review_screen
from runner.terminal.review_view import Need, ReviewView, Together
from tests.fixtures.payloads import TEXTS
from tests.fixtures.sample_run import BLOCKED, LIVE, REQUEST, RESTORE, RUN, drift, entered
from tests.fixtures.screens import painted

LOOK = SecondLook(
    OwnCopy("same", "/home/bob/ops/clone.yaml: renders the same step"),
    OwnGuards((drift("block", BLOCKED, 51, "2026-11-23T12:09:58.000000Z"),)),
    since_merge="",
)
VIEW = ReviewView(
    request=REQUEST.request,
    run=RUN,
    runbook="clone-environment",
    step="restore",
    operator="alice",
    now="2026-11-23T12:10:00.000000Z",
    target=LIVE,
    params=(("tenant", "42", "ACME K.K."), ("backup", "/backup/keihi.dump", ""), ("other", "43", None)),
    entered=RESTORE,
    rows=30_000,
    rollback_ran="2026-11-02 in run 261102-aaaaaa",
    since_last_run="-INSERT INTO env_b.expense\n+INSERT INTO env_c.expense\n",
    last_run="261102-aaaaaa",
    look=LOOK,
    evidence=(drift("block", BLOCKED, 50, "2026-11-23T12:02:33.900000Z"),),
    limits=("sequence-drift env_a.expense_id_seq: no worse than pass",),
    durations_ms=(4_810, 190_000),
    skips=("announce: night shift",),
    waivers=(),
    other_runs=("261123-zzzzzz by dave",),
    needs=(Need("cross-review", "dev", 1, ("bob",)), Need("cross-review", "ops", 1)),
    not_after=REQUEST.not_after,
    window=("2026-11-24T02:00:00Z", "2026-11-24T04:00:00Z"),
)
NOTHING = ReviewView(
    request="req-0",
    run=RUN,
    runbook="x",
    step="restore",
    operator="alice",
    now="2026-11-23T12:10:00.000000Z",
    target=None,
    entered=entered({"title": "x"}, kind="sql", destructive=True),
    not_after="2026-11-23T12:09:00.000000Z",
)


def words(view, width=140):
    return " ".join(painted(review_screen(view), width).replace("│", " ").split())


def test_a_reviewer_reads_everything_in_the_order_of_the_design():
    seen, at = words(VIEW), 0
    for part in (
        "PRODUCTION: restore of clone-environment",
        "database keihi on 10.0.3.12:5432, a primary, PostgreSQL 16.4",
        "asked by alice, run 261123-k3f9qa",
        "-p tenant 42 = ACME K.K. -p backup /backup/keihi.dump -p other 43 = unknown",
        "destroys YES it writes rows into 12 tables",
        "rows, measured 30,000 in all",
        "can be undone yes, by restore: undo",
        "that rollback has run 2026-11-02 in run 261102-aaaaaa",
        "point of no return no",
        "1 CREATE SCHEMA env_c; 2 INSERT INTO env_c.expense",
        "your own copy /home/bob/ops/clone.yaml: renders the same step",
        "from the last run (261102-aaaaaa)",
        "2 +INSERT INTO env_c.expense",
        "from the merged file equal",
        "1 looked at, 7 min 26 s ago",
        "ids issued twice: 50 (limit 0)",
        "from your machine",
        "the operator saw",
        "you see",
        "BLOCK, 7 min 26 s ago",
        "BLOCK, 2.0 s ago",
        "ids issued twice: 50",
        "ids issued twice: 51",
        "your signature accepts sequence-drift env_a.expense_id_seq: no worse than pass",
        "the last runs took 4.8 s, 3 min 10 s",
        "skipped earlier announce: night shift waivers none other runs now 261123-zzzzzz by dave",
        "cross-review: 1 of dev bob as dev cross-review: 1 of ops 1 missing",
        "sign until 2026-11-24 00:02:50 UTC (11 h 52 min left)",
        "may start 2026-11-24 02:00:00 UTC to 2026-11-24 04:00:00 UTC",
        "INDEPENDENT your signature will say that your own machine rendered and measured this too",
    ):
        assert part in seen[at:], part
        at = seen.index(part, at)


def test_a_reviewer_reads_which_bytes_would_be_restored_and_which_could_not_be_read():
    reads = (FileRead(path="a.dump", sha256="ab" * 32, size_bytes=20), FileRead(path="b.dump"))
    seen = words(dataclasses.replace(VIEW, entered=msgspec.structs.replace(VIEW.entered, reads=reads)))
    assert f"reads a.dump 20 bytes, sha256 {'ab' * 32}" in seen
    assert "reads b.dump unknown: it cannot be read now; once it can, the step is asked for again" in seen


@pytest.mark.parametrize(
    "said",
    [
        "ENVIRONMENT UNKNOWN: restore of x",
        "target unknown",
        "rows, measured unknown",
        "can be undone unknown",
        "that rollback has run unknown",
        "your own copy unknown",
        "from the last run (unknown) unknown",
        "from the merged file unknown",
        "GUARDS this step has none",
        "asked by yourself unknown",
        "the last runs took unknown skipped earlier unknown waivers unknown other runs now unknown",
        "UNKNOWN the policy that asks for this approval is not known here",
        "sign until 2026-11-23 12:09:00 UTC (EXPIRED)",
    ],
)
def test_what_is_not_known_is_printed_as_unknown(said):
    assert said in words(NOTHING)


def hostile_evidence(payload):
    finding = {"object": payload, "verdict": payload, "message": payload, "measured": {"rows": payload}}
    return dict.fromkeys(("check", "target", "verdict", "message", "taken_at"), payload) | {"findings": [finding]}


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_breaks_out_of_no_part_of_the_screen(payload):
    hostile = dataclasses.replace(
        VIEW,
        step=payload,
        runbook=payload,
        operator=payload,
        params=((payload, payload, payload),),
        entered=entered({"title": payload}, kind="sql", reasons=(payload,), destructive=True, statements=(payload,)),
        rollback_ran=payload,
        since_last_run=payload,
        source=payload,
        look=SecondLook(
            OwnCopy("differs", payload, payload), OwnGuards((hostile_evidence(payload),)), since_merge=payload
        ),
        limits=(payload,),
        skips=(payload,),
        needs=(Need(payload, payload, 1, (payload,)),),
        not_after=payload,
        window=(payload, payload),
    )
    seen = painted(review_screen(hostile), 100)
    assert not re.search(r"[^\n -~\u00a1-\uffff]", seen)
    headings = [line for line in seen.split("\n") if line.startswith("━━")]
    assert len(headings) == len(
        [line for line in painted(review_screen(VIEW), 100).split("\n") if line.startswith("━━")]
    )
    again = SignedBefore(payload, payload, (hostile_evidence(payload),), (payload,))
    hostile = dataclasses.replace(hostile, signed_before=again)
    assert not re.search(r"[^\n -~\u00a1-\uffff]", painted(review_screen(hostile), 100))


def test_what_was_signed_before_is_not_shown_again_as_if_it_were_new():
    before = SignedBefore(
        "2026-11-23T09:00:00.000000Z",
        "expired: nobody started the step by 10:00",
        (drift("block", BLOCKED, 40, "2026-11-23T08:59:00.000000Z"),),
        ("you would accept now: sequence-drift on x: block (rows at most 50)",),
    )
    seen, at = words(dataclasses.replace(VIEW, signed_before=before)), 0
    for part in (
        "The exact text unchanged",
        "that you signed at 2026-11-23 09:00:00 UTC, letter by letter",
        "--whole shows it",
        "What changed since you signed it your signature expired: nobody started the step by 10:00",
        "changed you would accept now: sequence-drift on x: block (rows at most 50)",
        "What the guards measured when you signed, and now",
        "ids issued twice: 40",
        "ids issued twice: 50",
        "From your machine".lower(),
        "Who has approved",
    ):
        assert part in seen[at:], part
        at = seen.index(part, at)
    assert "CREATE SCHEMA" not in seen


def test_the_question_rotates_over_all_facts_and_is_the_same_for_one_request():
    views = [dataclasses.replace(VIEW, request=f"req-{number:032x}") for number in range(60)]
    asked = [read_back(view) for view in views]
    assert asked == [read_back(view) for view in views]
    assert {one.key: one.answer for one in asked if one} == {
        "rows": "30000",
        "max_in_use": "1204150",
        "label of tenant": "ACME K.K.",
    }


def test_only_known_facts_are_asked_for():
    bare = dataclasses.replace(VIEW, rows=None, evidence=(), params=())
    assert [fact.key for fact in facts_of(bare)] == ["database"]
    assert read_back(NOTHING) is None


@pytest.mark.parametrize("typed", ["1204150", "1,204,150", " 1 204 150 ", "1_204_150", "1'204'150"])
def test_a_number_is_accepted_with_separators(typed):
    assert ReadBack("rows", "?", "1204150").accepts(typed)


@pytest.mark.parametrize(
    "typed", ["", "y", "120415", "12,04150", "1204150.0", "-1204150", "1,204,151", "0", "1204150 rows"]
)
def test_anything_else_is_a_wrong_answer(typed):
    assert not ReadBack("rows", "?", "1204150").accepts(typed)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_read_back_tells_any_two_numbers_apart(number, other):
    fact = ReadBack("rows", "?", str(number))
    assert fact.accepts(f"{number:,}")
    assert fact.accepts(f"{other:,}") is (number == other)


def test_names_are_read_back_letter_by_letter():
    fact = ReadBack("database", "?", "keihi_1,000")
    assert fact.accepts("keihi_1,000")
    assert not fact.accepts("keihi_1000")
    assert not fact.accepts("Keihi_1,000")


def test_every_step_of_a_group_is_shown_whole_with_its_guards():
    found = drift("warn", "The guard of the second.", 3, "2026-11-23T12:02:33.900000Z")
    second = entered(
        {"title": "Drop the old copy", "no_rollback": "it is a copy"},
        kind="sql",
        destructive=True,
        reasons=("it drops a table",),
        statements=("DROP TABLE env_b.expense",),
    )
    shown = words(dataclasses.replace(VIEW, together=(Together("drop", second, (found,)),)))
    assert "restore and 1 more in one group, of clone-environment" in shown
    assert "Signed with it, 2 of 2: drop: Drop the old copy" in shown
    for text in ("DROP TABLE env_b.expense", "it drops a table", "NO: it is a copy", "The guard of the second."):
        assert text in shown
    assert shown.index("DROP TABLE env_b.expense") < shown.index("Who has approved")
