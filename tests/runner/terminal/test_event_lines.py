"""Every event has a line; what it shows is what a person needs then."""

import pytest

from runner.journal import events as ev
from runner.journal.events import TYPES
from runner.terminal.blocks import Grid
from runner.terminal.event_lines import render_event
from tests.fixtures.every_event import EVERY
from tests.fixtures.sample_run import START, entered, record, records
from tests.fixtures.screens import on_screen, painted


def test_the_examples_hold_every_event():
    assert {body.name for body in EVERY} == set(TYPES)


@pytest.mark.parametrize("body", EVERY, ids=lambda body: body.name)
def test_every_event_is_rendered_in_words(body):
    seen = painted(render_event(record(1, START, "restore", "alice", body)))
    word = {"step.entered": "━━"}.get(body.name, "12:02:31")
    assert seen.strip().startswith(word)
    assert "None" not in seen


def text_of(name):
    return " ".join(
        " ".join(painted(render_event(line), 120).replace("│", " ").split())
        for line in records()
        if line.body.name == name
    )


def test_a_blocking_sequence_is_shown_with_its_numbers():
    seen = on_screen(
        render_event(next(line for line in records() if getattr(line.body, "verdict", "") == "block")), 120
    )
    for figure in (
        "next id in the backup: 1,204,101",
        "next id now: 1,204,151",
        "highest id in use: 1,204,150",
        "ids issued twice: 50  (limit 0)",
        "env_a.expense.id (default)",
        "env_b.expense.id (inherited default)",
        "1 looked at, 1.1 s ago",
        "BLOCK",
    ):
        assert figure in seen
    assert "remedy: Keep the sequence" in " ".join(seen.replace("│", " ").split())


def test_guards_that_pass_take_a_line_each_and_no_table():
    passed = [line for line in records() if getattr(line.body, "verdict", "") == "pass"]
    assert not [block for line in passed for block in render_event(line) if isinstance(block, Grid)]
    assert "backup-readable on live: All 214 entries were read to their end. (214 looked at)" in text_of("guards.asked")


def test_a_step_shows_what_it_does_and_whether_it_can_be_undone():
    seen = text_of("step.entered")
    assert "━━ 環境Aを環境Cへ複製する step restore (restore on live)" in seen
    assert "destructive YES it writes rows into 12 tables" in seen
    assert "must be approved under cross-review" in seen
    assert "can be undone yes, by restore: undo" in seen
    assert "2 INSERT INTO env_c.expense SELECT * FROM staging.expense WHERE note <> 'Zoë 経費'; -- 100 rows" in seen


@pytest.mark.parametrize(
    ("rendered", "said"),
    [
        ({"point_of_no_return": True}, "NO: point of no return"),
        ({"no_rollback": "rows are gone"}, "NO: rows are gone"),
        ({"rollback": {"sql": "DROP SCHEMA env_c", "auto": True}}, "yes, by sql: DROP SCHEMA env_c"),
        ({"effects": "none"}, "nothing to undo"),
        ({}, "unknown: the step declares no rollback"),
    ],
)
def test_undo_is_told_in_words_and_unknown_when_it_is(rendered, said):
    from runner.terminal.step_card import undo
    from tests.fixtures.sample_run import entered

    assert said in undo(entered({"title": "x", **rendered}, kind="sql")).lines[0]


def test_many_findings_are_counted_and_none_that_objects_is_left_out():
    from runner.terminal.evidence import evidence_blocks
    from tests.fixtures.sample_run import readable

    findings = [{"object": f"t{n}", "verdict": "warn" if n % 4 == 0 else "pass", "message": str(n)} for n in range(40)]
    omitted = {"findings": 7, "verdict": "block", "limits": {"lag_ms": 9000}, "sha256": "ff" * 32}
    seen = painted(evidence_blocks([readable("block", "x", findings=findings, omitted=omitted)], "now"), 120)
    assert seen.count("WARN") == 10
    assert "and 25 more objects" in seen
    assert "and 7 more findings" in seen
    assert "lag: 9.0 s" in seen
    assert "214 looked at, unknown" in seen


def test_names_of_tables_stand_in_a_step_as_they_are_and_a_question_in_its_lines():
    where = {"public.order_items_ms": "tenant_id = 42"}
    back = {"title": "Back", "restore": {"from": "a", "where": where}, "rollback": {"restore": {"where": where}}}
    seen = words(entered(back, kind="restore"))
    assert "where public.order_items_ms: tenant_id = 42" in seen
    question = {"question": "Any row?\nPlans do not count.\n", "choices": {"none": "No row", "some": "A row"}}
    seen = words(entered({"title": "Ask", "ask": question}, kind="ask"))
    assert "question Any row? Plans do not count. choices none: No row some: A row" in seen
    destructive = words(entered(back, kind="restore", destructive=True))
    assert "yes, by restore: where public.order_items_ms tenant_id = 42" in destructive


def words(body):
    return " ".join(painted(render_event(record(1, START, "step", "alice", body))).split())


def test_a_closed_gate_tells_its_reason_once():
    asked = next(line.body for line in records() if getattr(line.body, "verdict", "") == "block")
    (closing,) = asked.evidence
    said = closing["findings"][0]["message"]
    reason = f"restore: sequence-drift says block: {said}"
    paused = ev.RunPaused(state="blocked", reason=reason, guard="sequence-drift")
    shown = [render_event(record(1, START, step, "alice", body)) for step, body in (("restore", asked), (None, paused))]
    seen = " ".join(on_screen([*shown[0], *shown[1]], 200).replace("│", " ").split())
    assert "guards before restore: sequence-drift block" in seen
    assert seen.count(said) == 1
    assert seen.endswith("sequence-drift keeps the gate shut; what it found stands above")


def test_a_pause_without_a_guard_tells_its_reason():
    paused = ev.RunPaused(state="blocked", reason="restore: target live is taken")
    assert "restore: target live is taken" in on_screen(render_event(record(1, START, None, "alice", paused)), 120)
