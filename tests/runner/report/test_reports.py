"""Reports of one whole run: what a colleague must understand, and golden files of every format."""

import cProfile
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from runner.cli.haunting import Haunting
from runner.cli.show import blocks
from runner.journal import events as ev
from runner.report.as_html import html
from runner.report.as_json import report_json, show_json
from runner.report.as_junit import junit
from runner.report.as_markdown import markdown
from runner.report.flags import flags, next_steps
from runner.report.summary import summary
from runner.terminal.blocks import Facts
from tests.fixtures import sample_run as sample
from tests.runner.cli.desk import fits

GOLDEN = Path(__file__).parent / "golden"


def run(*events):
    """Summarise a run that opens and then has these (step, body)."""
    return summary(records(*events), sample.CONFIG)


def records(*events):
    opened = [(0, None, "alice", sample.OPENED)]
    return sample.records(iter([*opened, *((n, step, "alice", body) for n, (step, body) in enumerate(events, 1))]))


def begun(*events):
    return run(("restore", sample.RESTORE), ("restore", ev.StepIntended(step_digest="e3" * 32)), *events)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("report.md", markdown),
        ("report.html", html),
        ("report.xml", junit),
        ("report.json", lambda *run: json.dumps(report_json(*run), ensure_ascii=False, indent=1) + "\n"),
    ],
)
def test_the_sample_run_is_reported_as_the_golden_file_says(name, write, golden):
    golden(GOLDEN / name, write(sample.records(), sample.CONFIG))


@pytest.mark.parametrize("write", [markdown, html])
def test_a_colleague_reads_what_was_done_stopped_changed_approved_and_comes_next(write):
    seen = " ".join(write(sample.records(), sample.CONFIG).replace("<strong>", "").replace("</strong>", "").split())
    for said in (
        "FAILED",
        "database keihi on 10.0.3.12:5432, a primary, PostgreSQL 16.4",
        "STOPPED BY A GUARD",
        "sequence-drift before restore: The restore would set env_a.expense_id_seq back; 50 ids would be issued twice.",
        "1,204,150",
        "env_b.expense.id (inherited default)",
        "Keep the sequence where it is and raise it above every id in use.",
        "2026-11-23 12:11:02 UTC by bob as dev (signed)",
        "2026-11-23 12:13:01 UTC by carol as ops (signed)",
        "as signed: rows 100",
        "canceling statement due to lock timeout",
        "2 happened, 3 did not happen, 0 unknown",
        "shisa resume 261123-k3f9qa",
        "The new environment answers",
    ):
        assert said in seen, said
    assert sample.records()[-1].hash in seen[-200:]


BODIES = [
    (
        "restore",
        {"from": "/b/keihi.dump", "tables": ["a.t", "a.u"], "where": {"a.t": "id = 7"}},
        ["a.t, a.u", "a.t: id = 7"],
    ),
    ("backup", {"to": "/b/before.dump", "format": "custom", "jobs": 4}, ["/b/before.dump", "custom"]),
    ("command", ["pg_dumpall", "--roles-only", "a b"], ["pg_dumpall --roles-only 'a b'"]),
    (
        "ask",
        {"team": "cs", "question": "Saved?\nAny row?", "choices": {"none": "No row"}},
        ["Any row?", "none: No row"],
    ),
]


@pytest.mark.parametrize("write", [markdown, html])
@pytest.mark.parametrize(("kind", "body", "says"), BODIES, ids=[kind for kind, *_ in BODIES])
def test_a_step_without_statements_is_told_in_words_and_not_as_json(write, kind, body, says):
    step = sample.entered({"title": "A step", kind: body}, kind=kind)
    seen = write(records(("step", step)), sample.CONFIG).replace("\\", "").replace("&#39;", "'")
    assert "{" not in seen[seen.index("Each step") : seen.index("Timeline")]
    for said in says:
        assert said in seen, said


def test_no_time_is_told_of_what_a_person_did():
    manual = sample.entered({"title": "A step", "manual": "Look.", "expected": "It is there."}, kind="manual")
    told = markdown(records(("step", manual), ("step", ev.StepEnded(outcome="done", duration_ms=0))), sample.CONFIG)
    assert "0 ms" not in told
    assert "- **expected** It is there." in told


def test_show_has_the_shape_of_the_design():
    shown = show_json(summary(sample.records(), sample.CONFIG))
    assert set(shown) == {
        *("run", "runbook", "state", "reason", "targets", "operator", "started_at", "ended_at", "steps"),
    }
    assert [(step["id"], step["state"], step["outcome"]) for step in shown["steps"]] == [
        ("backup-is-whole", "done", "happened"),
        ("announce", "skipped", "did not happen"),
        ("restore", "done", "happened"),
        ("restore.remedy1", "failed", "did not happen"),
        ("smoke-test", "not reached", "did not happen"),
    ]
    restore = shown["steps"][2]
    assert {"id", "kind", "state", "started_at", "ended_at", "guards", "approvals"} <= set(restore)
    assert [(guard["moment"], guard["verdict"]) for guard in restore["guards"]] == [
        ("before", "block"),
        ("before", "pass"),
        ("again", "pass"),
    ]
    assert [(each["person"], each["team"], each["decision"]) for each in restore["approvals"]] == [
        ("bob", "dev", "approved"),
        ("carol", "ops", "approved"),
    ]


def test_json_ends_where_the_journal_does():
    lines = sample.records()
    assert report_json(lines, sample.CONFIG)["journal"] == {
        "seq": len(lines),
        "head": lines[-1].hash,
        "events": len(lines),
    }


def test_junit_counts_what_it_lists():
    suite = ET.fromstring(junit(sample.records(), sample.CONFIG))  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "9",
        "2",
        "0",
        "2",
    )


BREAKGLASS = ev.BreakglassOpened(reason="down", ticket="#4711", until="2026-11-23T13:00:00Z", skipped=("bob",))
WAIVER = ev.WaiverGiven(check="replica-lag", object="r2", reason="rebuilt", until="x", statement="{}", signature="")
REVIEWED = ev.BreakglassReviewed(statement="{}", signature="")
UNKNOWN = sample.readable("unknown", "No privilege to read env_b.expense.")
CLAIMED = ev.ApprovalGiven(request="r", as_team="dev", statement="not a statement", signature="", assurance="claimed")


@pytest.mark.parametrize(
    ("summarised", "words", "tone"),
    [
        (run((None, BREAKGLASS)), ["BREAK-GLASS"], "bad"),
        (run((None, WAIVER)), ["WAIVER"], "bad"),
        (begun(), ["OUTCOME UNKNOWN"], "bad"),
        (run(("restore", sample.RESTORE), ("restore", CLAIMED)), ["NOT SIGNED"], "bad"),
        (
            run(("restore", ev.GuardsAsked(moment="before", verdict="unknown", evidence=(UNKNOWN,)))),
            ["COULD NOT MEASURE"],
            "unknown",
        ),
        (begun(("restore", ev.StepResolved(outcome="not-done", reason="not there"))), ["RESOLVED"], "warn"),
        (
            run(
                (
                    "restore",
                    ev.GuardsAsked(
                        moment="before", verdict="pass", evidence=(sample.readable("pass", "fine", accepted=3),)
                    ),
                )
            ),
            ["KNOWN EXCEPTIONS"],
            "warn",
        ),
    ],
)
def test_every_deviation_is_a_badge(summarised, words, tone):
    assert [(flag.word, flag.tone) for flag in flags(summarised)] == [(word, tone) for word in words]


def test_the_gravest_stand_first():
    guards = ev.GuardsAsked(moment="before", verdict="unknown", evidence=(UNKNOWN,))
    found = flags(
        run(("announce", ev.StepSkipped(reason="night")), ("restore", guards), (None, WAIVER), (None, BREAKGLASS))
    )
    assert [flag.word for flag in found] == ["WAIVER", "BREAK-GLASS", "COULD NOT MEASURE", "SKIPPED"]


GLASS = "nobody: glass broken by alice (down, #4711)"


def by_glass(*between, requests=(sample.REQUEST.request,)):
    """Records of a step that was asked for, whose glass was broken, and that then began."""
    broken = msgspec.structs.replace(BREAKGLASS, request=sample.REQUEST.request)
    started = ev.StepIntended(step_digest="e3" * 32, requests=requests)
    steps = (sample.RESTORE, sample.REQUEST, *between, broken, started, ev.StepEnded(outcome="done"))
    return records(*(("restore", body) for body in steps))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (by_glass(), [(GLASS, "bad")]),
        (by_glass(CLAIMED), [("alice as dev", "plain"), (GLASS.replace("nobody", "nobody else"), "bad")]),
        (by_glass(requests=()), []),
    ],
    ids=["nobody signed", "one of two signed", "the glass was not used"],
)
def test_who_approved_a_step_that_a_broken_glass_began_is_nobody(lines, said):
    step = summary(lines, sample.CONFIG).steps[2]
    assert [(each.text, each.tone) for each in step.approved_by] == said


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (markdown, f"| **{GLASS}** |"),
        (html, f'<td><div class="bad">{GLASS}</div></td>'),
        (lambda *run: json.dumps(report_json(*run)), '"decision": "glass broken"'),
    ],
    ids=["markdown", "html", "json"],
)
def test_a_report_says_where_it_names_the_approvers_that_the_glass_was_broken(write, says):
    assert says in write(by_glass(), sample.CONFIG).replace("\\", "")


def test_show_prints_a_broken_glass_in_its_shape():
    fits("show", show_json(summary(by_glass(), sample.CONFIG)))


def test_the_screen_of_a_run_says_in_red_that_nobody_approved():
    shown = blocks(summary(by_glass(), sample.CONFIG), Haunting())
    facts = next(block for block in shown if isinstance(block, Facts))
    told = dict(facts.pairs)["step restore"]
    assert (told.lines[-1], told.tone) == (f"approved by {GLASS}", "bad")


@pytest.mark.parametrize(("events", "review"), [((), None), ((BREAKGLASS,), "open"), ((BREAKGLASS, REVIEWED), "open")])
def test_a_broken_glass_stays_open_until_a_look_at_it_counts(events, review):
    who = {"breakglass.opened": "alice", "breakglass.reviewed": "bob"}
    told = [(0, None, "alice", sample.OPENED), *((n, None, who[body.name], body) for n, body in enumerate(events, 1))]
    summarised = summary(sample.records(iter(told)), sample.CONFIG)
    assert summarised.post_review == review
    assert show_json(summarised).get("post_review") == review
    assert any("second person" in line for line in next_steps(summarised)) is (review == "open")
    refused = [flag.text for flag in flags(summarised) if flag.word == "POST-REVIEW REFUSED"]
    assert refused == ["that of bob does not count: bob is in no team that was done without"] * (REVIEWED in events)


@pytest.mark.parametrize(
    ("summarised", "state", "happened"),
    [
        (begun(), "unknown", "unknown"),
        (begun(("restore", ev.StepEnded(outcome="unknown"))), "unknown", "unknown"),
        (begun(("restore", ev.StepEnded(outcome="cancelled"))), "cancelled", "did not happen"),
        (begun(("restore", ev.StepResolved(outcome="done", reason="it is there"))), "done", "happened"),
        (
            begun(
                ("restore", ev.StepEnded(outcome="done")),
                ("restore", ev.GuardsAsked(moment="after", verdict="block", evidence=(UNKNOWN,))),
            ),
            "blocked",
            "happened",
        ),
        (run(("restore", sample.RESTORE), ("restore", sample.REQUEST)), "waiting", "did not happen"),
        (
            run(
                ("restore", sample.RESTORE),
                ("restore", sample.REQUEST),
                ("restore", ev.ApprovalExpired(request=sample.REQUEST.request, reason="12 h")),
            ),
            "refused",
            "did not happen",
        ),
        (run(("restore", sample.RESTORE)), "entered", "did not happen"),
    ],
)
def test_a_step_happened_did_not_or_nobody_knows(summarised, state, happened):
    step = next(step for step in summarised.steps if step.id == "restore")
    assert (step.state, step.happened) == (state, happened)


def test_nobody_is_sent_to_the_server_while_a_person_does_a_manual_step():
    manual = msgspec.structs.replace(sample.RESTORE, kind="manual")
    summarised = run(("restore", manual), ("restore", ev.StepIntended(step_digest="e3" * 32)))
    step = next(step for step in summarised.steps if step.id == "restore")
    assert (step.state, step.happened, summarised.state.name) == ("running", "did not happen", "running")
    assert "OUTCOME UNKNOWN" not in {flag.word for flag in flags(summarised)}
    assert begun().state.name == "unknown"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (ev.RunPaused(state="waiting", reason="x"), "When it is signed: shisa resume"),
        (ev.RunPaused(state="blocked", reason="x"), "take over the remedy"),
        (ev.RunPaused(state="stopped", reason="x"), "to go on: shisa resume"),
        (ev.RunPaused(state="failed", reason="x"), "shisa rollback 261123-k3f9qa"),
        (ev.RunPaused(state="rejected", reason="x"), "Talk to the person who refused"),
        (ev.StepIntended(step_digest="e3" * 32), "shisa resolve 261123-k3f9qa restore done|not-done"),
        (ev.RunClosed(state="completed"), "Nothing: the run is closed."),
        (ev.RunClosed(state="rollback-failed"), "Look by hand"),
    ],
)
def test_what_comes_next_is_a_command(body, said):
    step = "restore" if isinstance(body, ev.StepIntended) else None
    assert any(said in line for line in next_steps(run((step, body))))


def test_steps_of_loops_includes_and_remedies_stand_behind_their_origin():
    paths = ["restore.remedy1", "restore", "announce[2]", "announce[1]", "added/inner", "smoke-test"]
    summarised = run(*((path, sample.RESTORE) for path in paths))
    assert [step.id for step in summarised.steps] == [
        "backup-is-whole", "announce[2]", "announce[1]", "restore.remedy1", "restore", "smoke-test", "added/inner",
    ]  # fmt: skip


def test_a_runbook_that_cannot_be_read_hides_no_step_that_ran():
    opened = ev.RunOpened(
        **{key: getattr(sample.OPENED, key) for key in sample.OPENED.__struct_fields__} | {"files": ()}
    )
    lines = sample.records(iter([(0, None, "alice", opened), (1, "restore", "alice", sample.RESTORE)]))
    assert [step.id for step in summary(lines, sample.CONFIG).steps] == ["restore"]


def test_twice_as_many_steps_cost_twice_as_much():
    def calls(steps):
        lines = records(*((f"announce[{n}]", sample.RESTORE) for n in range(steps)))
        profile = cProfile.Profile()
        profile.runcall(summary, lines, sample.CONFIG)
        return sum(entry.callcount for entry in profile.getstats())

    few, many, more = calls(100), calls(300), calls(500)
    assert more - many <= 1.2 * (many - few)


def test_records_of_no_run_are_refused():
    with pytest.raises(ValueError, match="without records"):
        summary([], sample.CONFIG)
