"""A reviewer who shares no journal: a request goes as text, a decision comes back as text, and is proven."""

import json
import shutil
from pathlib import Path

import pytest

from runner.review.packed import pack, unpack
from tests.e2e.stage import Stage, open_waiting
from tests.e2e.test_waive import GUARDED
from tests.runner.review.test_hostile_texts import chained

ASKING = """\
shisa: 1
id: asking
title: Ask before looking
steps:
  - id: ask-cs
    title: Is anybody logged in?
    ask:
      team: cs
      question: Is anybody of tenant 7 logged in?
      choices: {none: Nobody is, some: Somebody is}
      proceed_on: [none]
"""


@pytest.fixture
def waiting(stage: Stage) -> tuple[Stage, str, Path]:
    """alice's run waits and is exported; bob's folder has his own shisa.yaml and runbook, and no journal."""
    left = stage.shisa("alice", "run", "purge.yaml", "--detach", "--answers", stage.answers(purge="go"))
    assert left.code == 6, left.said
    run = stage.run_id()
    assert f"shisa export {run} writes it for somebody who shares no journal" in left.said
    exported = stage.shisa("alice", "export", run, "--out", "request.txt")
    assert exported.code == 0, exported.said
    assert f"next: shisa import {run} decision.txt" in exported.err
    return stage, run, apart(stage)


def apart(stage: Stage) -> Path:
    """Another machine's folder."""
    folder = stage.folder / "elsewhere"
    folder.mkdir()
    for name in ("shisa.yaml", "purge.yaml", "request.txt"):
        if (stage.folder / name).exists():
            shutil.copy(stage.folder / name, folder / name)
    return folder


def decide(stage: Stage, folder: Path, *words: str) -> None:
    """bob looks at the text on his machine and signs."""
    reviewer = stage.sit_down("bob", "review", *words, cwd=folder)
    reviewer.see("purge of purge", "told by", "a text that the operator's machine wrote at line")
    reviewer.see("DELETE FROM session WHERE ended", "purge.yaml: renders the same step", "INDEPENDENT")
    stage.read_back(reviewer)
    reviewer.see("by bob, signed", "next: send decision.txt to the operator")
    assert reviewer.ended() == 0


def test_a_decision_by_file_counts_and_the_run_goes_on(waiting):
    stage, run, folder = waiting
    decide(stage, folder, "--request", "request.txt", "--out", "decision.txt")
    assert not (folder / "journal.db").exists()
    before = stage.events()
    other = stage.shisa("alice", "import", "last", folder / "decision.txt")
    assert other.code == 0, other.said
    assert "APPROVED purge by bob as dev" in other.err
    assert stage.events() == [*before, "approval.given"]
    given = stage.records()[-1]
    assert given.person == "bob"
    assert '"look":"independent"' in given.body.statement
    assert '"own_copy":"same"' in given.body.statement
    again = stage.shisa("alice", "import", run, folder / "decision.txt")
    assert (again.code, "this decision of bob is in the journal already" in again.err) == (4, True), again.err
    done = stage.shisa("alice", "resume", run, "--answers", stage.answers(purge="go"))
    assert done.code == 0, done.said
    assert stage.sessions() == 7
    assert stage.shisa("alice", "verify").code == 0


def test_a_request_that_nobody_could_have_written_is_refused_in_a_sentence(waiting):
    stage, _, folder = waiting
    request = unpack("REQUEST", (folder / "request.txt").read_text())
    for line in request["lines"]:
        if line["event"] == "approval.requested":
            body = json.loads(line["body"]) | {"not_after": "soon"}
            line["body"] = json.dumps(body)
    (folder / "made-up.txt").write_text(pack("REQUEST", chained(request)))
    reviewer = stage.sit_down("bob", "review", "--request", "made-up.txt", cwd=folder)
    reviewer.see("This request cannot be shown", "'soon'", "do not sign it; ask the operator where it comes from")
    assert reviewer.ended() == 2


def test_a_request_can_be_pasted_into_the_reviewers_terminal_and_the_decision_into_the_operators(waiting):
    stage, run, folder = waiting
    reviewer = stage.sit_down("bob", "review", "--request", "-", cwd=folder)
    reviewer.see("Paste the text; it ends with -----END SHISA REQUEST-----")
    for line in ("Hi Bob, please look:", *(folder / "request.txt").read_text().splitlines()):
        reviewer.type(f"> {line}  ")
    stage.read_back(reviewer)
    reviewer.see("BEGIN SHISA DECISION", "END SHISA DECISION", "send this text to the operator")
    assert reviewer.ended() == 0
    shown = reviewer.text()
    pasted = "Here:\r\n" + shown[shown.index("-----BEGIN SHISA DECISION") :].replace("\n", "  \r\n> ")
    taken = stage.shisa("alice", "import", run, "-", stdin=pasted)
    assert (taken.code, "APPROVED purge by bob" in taken.err) == (0, True), taken.err


def test_a_withdrawal_by_file_is_signed_and_ends_the_approval(waiting):
    stage, run, folder = waiting
    decide(stage, folder, "--request", "request.txt", "--out", "decision.txt")
    early = stage.shisa("bob", "withdraw", "--request", "request.txt", "--out", "no.txt", "--reason", "why", cwd=folder)
    assert early.code == 0, early.said
    refused = stage.shisa("alice", "import", run, folder / "no.txt")
    assert (refused.code, "bob has not approved this step" in refused.err) == (4, True), refused.err
    assert stage.shisa("alice", "import", run, folder / "decision.txt").code == 0
    taken = stage.shisa("alice", "import", run, folder / "no.txt")
    assert (taken.code, "WITHDRAWN approval of purge by bob: why" in taken.err) == (0, True), taken.err
    resumed = stage.shisa("alice", "resume", run, "--answers", stage.answers(purge="go"))
    assert resumed.code == 4, resumed.said
    checked = stage.shisa("alice", "verify", "--format", "json")
    assert (checked.code, '"invalid": 0' in checked.out) == (0, True), checked.said
    assert stage.sessions() == 10


def test_an_answer_by_file_is_proven_too(stage):
    stage.runbook(ASKING, "asking.yaml")
    left = stage.shisa("alice", "run", "asking.yaml", "--detach", "--answers", stage.answers())
    assert left.code == 6, left.said
    run = stage.run_id()
    assert "they run: shisa answer --request FILE" in stage.shisa("alice", "export", run, "--out", "request.txt").err
    folder = apart(stage)
    person = stage.sit_down("eve", "answer", "--request", "request.txt", "--out", "decision.txt", cwd=folder)
    person.see("For cs: Is anybody of tenant 7 logged in?", "> none, some:")
    person.type("none")
    person.see("ask-cs of", "none, answered by eve, signed", "next: send decision.txt")
    assert person.ended() == 0
    taken = stage.shisa("alice", "import", run, folder / "decision.txt")
    assert (taken.code, "ANSWER none, by eve as cs" in taken.err) == (0, True), taken.err
    assert stage.shisa("alice", "resume", run, "--answers", stage.answers()).code == 0


def test_a_waiver_by_file_opens_the_gate(stage):
    stage.database.execute("CREATE TABLE old () INHERITS (session); INSERT INTO old VALUES (9, false)")
    stage.runbook(GUARDED)
    stage.configure(policies={"cross-review": {"need": [{"team": "dev", "n": 1}], "waive": [{"team": "dev", "n": 1}]}})
    assert stage.shisa("alice", "run", "purge.yaml", "--detach", "--answers", stage.answers(purge="go")).code == 1
    sent = stage.shisa("alice", "export", "last", "--out", "request.txt")
    typed = (
        "shisa waive duplicate-keys-in-tree:public.session --reason WHY --until TIME --request FILE --out decision.txt"
    )
    assert f"they run: {typed}" in sent.err
    folder, request = apart(stage), ("--request", "request.txt", "--out", "decision.txt")
    words = ("duplicate-keys-in-tree", "--reason", "the copy goes tonight", "--until", "4h")
    reviewer = stage.sit_down("bob", "waive", *request, *words, cwd=folder)
    reviewer.see("told by a text that the operator's machine wrote at line", "BLOCK", "public.session")
    reviewer.see("Type public.session to go on", "anything else stops:")
    reviewer.type("public.session")
    reviewer.see("public.session is waived by bob as dev until", "next: send decision.txt to the operator")
    assert reviewer.ended() == 0
    taken = stage.shisa("alice", "import", "last", folder / "decision.txt")
    assert (taken.code, "WAIVER duplicate-keys-in-tree on public.session by bob" in taken.err) == (0, True), taken.err
    left = stage.shisa("alice", "resume", "last", "--detach", "--answers", stage.answers(purge="go"))
    assert left.code == 6, left.said


def test_a_broken_glass_is_looked_at_by_file(stage):
    stage.configure(policies={"cross-review": {"need": [{"team": "dev", "n": 1}], "break_glass": ["alice"]}})
    open_waiting(stage)
    breaker = stage.sit_down("alice", "break-glass", "last", "purge", "--reason", "all is down", "--ticket", "OPS-1")
    breaker.see("Type live to go on", "anything else stops:")
    breaker.type("live")
    assert breaker.ended() == 0
    assert stage.shisa("alice", "resume", "last", "--answers", stage.answers(purge="go")).code == 0
    run = stage.run_id()
    sent = stage.shisa("alice", "export", run, "--out", "request.txt")
    assert "they run: shisa post-review --note TEXT --request FILE --out decision.txt" in sent.err
    folder, request = apart(stage), ("--request", "request.txt", "--out", "decision.txt")
    reviewer = stage.sit_down("bob", "post-review", *request, "--note", "right", cwd=folder, lines=80)
    reviewer.see("BREAK-GLASS", "all is down", f"Type {run} to go on", "anything else stops:")
    reviewer.type(run)
    reviewer.see("was looked at by bob as dev, signed", "next: send decision.txt to the operator")
    assert reviewer.ended() == 0
    taken = stage.shisa("alice", "import", run, folder / "decision.txt")
    assert (taken.code, "REVIEWED the break-glass run was looked at by bob" in taken.err) == (0, True), taken.err
    assert "post-review done" in stage.shisa("alice", "runs").out
    assert stage.shisa("alice", "verify").code == 0
    assert "waits for nobody" in stage.shisa("alice", "export", run).err


def test_what_is_no_decision_is_refused_in_one_sentence(waiting):
    stage, run, _ = waiting
    wrong = stage.shisa("alice", "import", run, "request.txt")
    assert (wrong.code, "There is no SHISA DECISION in the text" in wrong.err) == (2, True)
    missing = stage.shisa("alice", "import", run, "nowhere.txt")
    assert (missing.code, "nowhere.txt cannot be read" in missing.err) == (2, True)
    there = stage.shisa("alice", "export", run, "--out", "request.txt")
    assert (there.code, "--out never overwrites" in there.err) == (2, True)
