"""Nobody of dev answers: alice breaks the glass in a second terminal, and bob looks at it in the morning."""

import json

import pytest

from tests.e2e.stage import PURGE

POLICY = {"need": [{"team": "dev", "n": 1}], "break_glass": ["alice"]}
WORDS = ("--reason", "all customers are down", "--ticket", "OPS-1")
TELL = ["/bin/sh", "-c", "cat >> told.jsonl; echo >> told.jsonl"]


@pytest.fixture
def operator(stage):
    stage.configure(policies={"cross-review": POLICY}, notify={"command": TELL})
    terminal = stage.sit_down("alice", "run", "purge.yaml")
    terminal.see(
        "waits for approval under cross-review", "NOTIFIED bob, dan that purge waits to be approved, by command"
    )
    return terminal


def test_the_glass_is_broken_in_the_open_and_looked_at_afterwards(stage, operator):
    run = stage.run_id()
    breaker = stage.sit_down("alice", "break-glass", run, "purge", *WORDS)
    breaker.see("DELETE FROM session WHERE ended", "BREAK-GLASS: purge on live, environment test", "bob, dan")
    breaker.see("Type live to go on", "anything else stops:")
    breaker.type("live")
    breaker.see(
        "the glass is broken by alice until",
        "NOTIFIED bob, dan that the glass of purge was broken",
        f"shisa post-review {run}",
    )
    assert breaker.ended() == 0
    told = [json.loads(line) for line in (stage.folder / "told.jsonl").read_text().splitlines()]
    assert [(one["about"], one["to"], one.get("ticket")) for one in told] == [
        ("request", ["bob", "dan"], None),
        ("break-glass", ["bob", "dan"], "OPS-1"),
    ]
    operator.see("BREAK-GLASS", "Type purge to go on", "anything else stops:")
    operator.type("purge")
    operator.see("is completed")
    assert operator.ended() == 0
    assert stage.sessions() == 7

    listed = stage.shisa("carol", "runs")
    assert "COMPLETED, BREAK-GLASS: post-review open" in listed.out
    assert "1 of 1 runs broke the glass; 1 nobody has looked at since" in listed.err
    assert f"BREAK-GLASS: nobody has looked at it since: shisa post-review {run}" in stage.shisa("carol", "status").out
    shown = json.loads(stage.shisa("carol", "show", run, "--format", "json").out)
    assert (shown["state"], shown["post_review"]) == ("completed", "open")

    note = ("--note", "right at that hour")
    herself = stage.sit_down("alice", "post-review", run, *note, columns=200)
    herself.see("alice took part in the run", "hint: a second person must look at it")
    assert herself.ended() == 4
    stranger = stage.sit_down("eve", "post-review", run, *note, columns=200)
    stranger.see("eve is in no team that was done without", "hint: somebody of dev must look")
    assert stranger.ended() == 4
    reviewer = stage.sit_down("bob", "post-review", run, *note, lines=80)
    reviewer.see("BREAK-GLASS", "all customers are down", f"Type {run} to go on", "anything else stops:")
    reviewer.type(run)
    reviewer.see("the broken glass was looked at by bob as dev, signed")
    assert reviewer.ended() == 0
    assert "post-review done" in stage.shisa("carol", "runs").out
    assert stage.shisa("carol", "status").out == ""
    assert stage.shisa("carol", "verify").code == 0
    html = stage.shisa("carol", "report", run, "--format", "html").out
    assert "BREAK-GLASS" in html


REFUSALS = [
    ("bob", ("purge", *WORDS), 4, "bob may not break the glass of cross-review", "these may: alice"),
    ("alice", ("other", *WORDS), 2, "asks for no approval", "a glass is broken for a request that waits"),
    ("alice", ("purge", *WORDS, "--for", "2h"), 2, "a broken glass holds for at most 1h, not 2h", ""),
]


def test_who_may_not_break_it_and_what_is_no_reason_is_refused(stage, operator):
    run, before = stage.run_id(), stage.events()
    for who, words, code, reason, hint in REFUSALS:
        terminal = stage.sit_down(who, "break-glass", run, *words, columns=200)
        terminal.see(reason, hint)
        assert terminal.ended() == code
    other = stage.sit_down("alice", "break-glass", run, "purge", *WORDS)
    other.see("Type live to go on", "anything else stops:")
    other.type("yes")
    other.see("the glass is whole; nothing was journaled")
    assert other.ended() == 0
    piped = stage.shisa("alice", "break-glass", run, "purge", *WORDS, stdin="live\n")
    assert (piped.code, "not a terminal" in piped.err) == (2, True)
    assert stage.events() == before


def test_nobody_breaks_the_glass_over_a_no(stage, operator):
    stage.sign(decision="reject", reason="the wrong tenant")
    operator.see("REJECTED")
    operator.ended()
    terminal = stage.sit_down("alice", "break-glass", stage.run_id(), "purge", *WORDS, columns=200)
    terminal.see(
        "bob rejected it: the wrong tenant", "hint: the glass is for nobody there, not for somebody who says no"
    )
    assert terminal.ended() == 4


def test_whoever_breaks_the_glass_of_a_group_sees_every_step_that_it_lets_start(stage):
    stage.configure(policies={"cross-review": POLICY})
    first = PURGE.replace("    expect:", "    group: both\n    expect:")
    second = first.partition("steps:\n")[2].replace("id: purge", "id: rest").replace("WHERE ended", "WHERE id > 9")
    stage.runbook(first + second)
    left = stage.shisa("alice", "run", "purge.yaml", "--detach", "--answers", stage.answers(purge="go", rest="go"))
    assert left.code == 6, left.err
    breaker = stage.sit_down("alice", "break-glass", stage.run_id(), "rest", *WORDS, columns=200)
    breaker.see("WHERE ended", "WHERE id > 9", "BREAK-GLASS: the group of purge, rest on live", "Type live to go on")
    breaker.type("no")
    breaker.see("the glass is whole")
    assert breaker.ended() == 0


def test_a_run_that_nobody_could_approve_opens_for_a_broken_glass_and_stays_open_in_red_until_it_was_looked_at(stage):
    stage.configure(policies={"cross-review": {"need": [{"team": "cs", "n": 2}], "break_glass": ["alice"]}})
    refused = stage.shisa("alice", "run", "purge.yaml", "--detach", "--answers", stage.answers(purge="go"))
    assert refused.code == 2
    assert "step purge can never be approved under cross-review: the policy needs 2 of team cs" in refused.err
    assert "hint: alice may break the glass: open the run with --break-glass" in refused.err
    assert stage.records() == []
    operator = stage.sit_down("alice", "run", "purge.yaml", "--break-glass")
    operator.see("waits for approval under cross-review")
    run = stage.run_id()
    breaker = stage.sit_down("alice", "break-glass", run, "purge", *WORDS)
    breaker.see(
        "BREAK-GLASS: purge on live", "eve must be told by you (shisa.yaml has no notify:)", "Type live to go on"
    )
    breaker.type("live")
    breaker.see("NOT NOTIFIED eve that the glass of purge was broken", "shisa.yaml names no notify:")
    assert breaker.ended() == 0
    operator.see("Type purge to go on")
    operator.type("purge")
    operator.see("is completed", f"a second person looks at the broken glass: shisa post-review {run}")
    assert operator.ended() == 0
    reports = {shape: stage.shisa("carol", "report", run, "--format", shape).out for shape in ("md", "html", "junit")}
    assert reports["md"].splitlines()[2].startswith("> **BREAK-GLASS** alice, OPS-1: all customers are down")
    assert '<span class="badge bad">BREAK-GLASS</span>' in reports["html"]
    assert '<failure message="alice, OPS-1: all customers are down; without eve' in reports["junit"]
    assert run in stage.shisa("carol", "status").out, "open"
    reviewer = stage.sit_down("eve", "post-review", run, "--note", "right at that hour", lines=80)
    reviewer.see(f"Type {run} to go on", "anything else stops:")
    reviewer.type(run)
    reviewer.see("was looked at by eve as cs, signed")
    assert reviewer.ended() == 0
    assert stage.shisa("carol", "status").out == ""
    assert stage.shisa("carol", "verify").code == 0
