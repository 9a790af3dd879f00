"""People are told by a webhook, by the real program: while a run waits, by cron beside it, and when nobody is there."""

import json

import pytest

from tests.e2e.stage import open_waiting
from tests.fixtures.receiver import receiver


@pytest.fixture
def other():
    with receiver() as made:
        yield made


def test_a_detached_run_has_told_whom_it_waits_for_before_it_is_left(stage, other):
    stage.configure(notify={"webhook": [{"url_env": "CHAT_HOOK"}]})
    stage.extra_env["CHAT_HOOK"] = other.url("/ok?token=XYZZY")
    run = open_waiting(stage)
    (told,) = other.got
    assert (told["about"], told["to"], told["next"]) == ("request", ["bob", "dan"], f"shisa review {run}")
    assert told["text"] == f"shisa: bob, dan: purge of run {run} waits to be approved. shisa review {run}"
    status = stage.shisa("carol", "status").out
    assert "purge: request: bob, dan told" in status
    assert "by webhook CHAT_HOOK" in status
    everything = [stage.shisa("carol", *words).said for words in (("show", run), ("report", run), ("status",))]
    assert not any("XYZZY" in text for text in everything)
    assert b"XYZZY" not in stage.journal.read_bytes()


def test_what_failed_is_told_by_cron_and_its_exit_code_says_whether_it_worked(stage, other):
    stage.configure(notify={"webhook": [{"url": other.url(), "name": "chat"}]})
    other.failing = 1
    left = stage.shisa("alice", "run", "purge.yaml", "--detach", "--answers", stage.answers(purge="go"))
    assert left.code == 6
    assert "NOT NOTIFIED bob, dan: it answered 503; `shisa notify` tries again" in left.err
    run = stage.run_id()
    early = stage.shisa("alice", "notify", run)
    assert (early.code, early.out) == (0, ""), "not within a minute"
    stage.configure(
        notify={"webhook": [{"url": other.url(), "name": "desk"}, {"url": other.url("/fail"), "name": "x"}]}
    )
    told = stage.shisa("alice", "notify", run)
    assert told.code == 1
    assert [line.split(None, 1)[1] for line in told.out.splitlines()] == [
        "NOTIFIED      bob, dan that purge waits to be approved, by webhook desk",
        "NOT NOTIFIED  bob, dan that purge waits to be approved, by webhook x: it answered 500",
    ]
    listed = json.loads(stage.shisa("alice", "notify", "--format", "json").out)
    assert listed == []
    assert stage.shisa("carol", "verify").code == 0


def test_the_sinks_can_be_tried_without_a_run(stage, other):
    nothing = stage.shisa("alice", "notify", "--test")
    assert (nothing.code, "shisa.yaml names no `notify:`" in nothing.err) == (2, True)
    stage.configure(
        notify={"command": ["/bin/sh", "-c", "cat > told.json"], "webhook": [{"url": other.url(), "name": "chat"}]}
    )
    tried = stage.shisa("alice", "notify", "--test")
    assert (tried.code, tried.out) == (0, "command       told\nwebhook chat  told\n")
    assert json.loads((stage.folder / "told.json").read_text())["about"] == other.got[0]["about"] == "test"
    other.failing = 1
    failed = json.loads(stage.shisa("alice", "notify", "--test", "--format", "json").out)
    assert failed == [{"sink": "command", "failed": None}, {"sink": "webhook chat", "failed": "it answered 503"}]
    assert stage.records() == []


def test_redmine_is_refused_rather_than_ignored(stage):
    stage.configure(notify={"redmine": {"url": "https://tickets.example", "key_env": "REDMINE_KEY"}})
    refused = stage.shisa("alice", "run", "purge.yaml")
    assert refused.code == 2
    assert "this version does not deliver to Redmine" in refused.err
    assert "hint: Use webhook or command" in refused.err
