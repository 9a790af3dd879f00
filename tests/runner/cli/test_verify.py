import json
import subprocess

import pytest

from runner.journal.events import StepResolved
from tests.runner.cli.desk import BY_HAND, Desk, fits


@pytest.fixture
def ran(desk: Desk) -> tuple[Desk, str]:
    run, code = desk.run(BY_HAND, {"*": "done"})
    assert code == 0
    return desk, run


def test_a_journal_as_it_was_written_is_whole_and_signed(ran):
    desk, run = ran
    done = desk.shisa("verify", "--format", "json")
    fits("verify", done.json)
    assert done.code == 0
    assert done.json["chain"] == "ok"
    assert done.json["signatures"] == {"valid": 2, "invalid": 0, "unsigned": 0}
    assert done.json["anchors"] == {"matched": 2, "missing": 0}
    assert "the journal is whole" in desk.shisa("verify", run).out


TAMPERED = {
    "edited": ("UPDATE journal SET body = replace(body, 'Tell', 'Sell')", "chain", "was edited"),
    "removed": ("DELETE FROM journal WHERE seq = 3", "chain", "3 is missing"),
    "said by another": ("UPDATE journal SET person = 'bob' WHERE seq = 2", "chain", "was edited"),
    "cut off": ("DELETE FROM journal WHERE seq > 4", None, None),
}


def test_a_line_that_is_whole_and_that_no_program_would_have_written_there_is_named(ran):
    desk, run = ran
    journal = desk.journal()
    journal.append(StepResolved(outcome="not-done", reason="no"), run=run, step="look", person="alice")
    line = journal.head().seq
    journal.close()
    done = desk.shisa("verify", "--format", "json")
    fits("verify", done.json)
    message = f"Line {line}, step.resolved: nobody doubted what became of look: done."
    assert (done.code, done.json["chain"]) == (8, "ok")
    assert done.json["problems"] == [{"seq": line, "kind": "course", "message": message}]
    assert desk.shisa("verify", run).code == 8
    assert "BY HAND nobody doubted what became of look: done" in " ".join(desk.shisa("show", run).out.split())


@pytest.mark.parametrize("how", TAMPERED)
def test_a_journal_that_was_tampered_with_is_found_out(how, ran):
    desk, _ = ran
    anchors = desk.folder / "anchors"
    anchors.mkdir()
    head = desk.journal().head()
    (anchors / "kept.json").write_text(json.dumps({"head": head.hash, "seq": head.seq}, separators=(",", ":")))
    assert desk.shisa("verify", "--anchors", "anchors").code == 0
    statement, kind, says = TAMPERED[how]
    desk.tamper(statement)
    done = desk.shisa("verify", "--anchors", "anchors", "--format", "json")
    fits("verify", done.json)
    assert done.code == 8
    found = [(each["kind"], each["message"]) for each in done.json["problems"]]
    if kind is not None:
        assert any(kind == each and says in message for each, message in found)
    else:
        assert done.json["chain"] == "ok"
        assert found == [
            ("anchor", f"kept.json remembers line {head.seq}, but the journal ends at line 4: its tail was cut off.")
        ]
    assert "THE JOURNAL CANNOT BE TRUSTED" in desk.shisa("verify", "--anchors", "anchors").out


def test_a_signature_of_a_key_that_shisa_yaml_does_not_list_is_invalid(ran):
    desk, _ = ran
    names = ("alice", "bob", "carol")
    public = {name: desk.key(name).public.line for name in names}
    desk.configure(keys=public | {"alice": public["carol"], "carol": public["alice"]})
    done = desk.shisa("verify", "--format", "json")
    assert done.code == 8
    assert done.json["chain"] == "ok"
    assert done.json["signatures"]["invalid"] == 2
    assert {each["kind"] for each in done.json["problems"]} == {"signature"}


def test_a_journal_that_is_gone_is_as_bad_as_one_that_was_tampered_with(desk):
    done = desk.shisa("verify")
    assert done.code == 8
    assert "There is no journal at" in done.err


def test_a_file_that_is_no_journal_is_told_in_a_sentence(desk):
    (desk.folder / "journal.db").write_bytes(b"not a database" * 100)
    done = desk.shisa("verify")
    assert done.code == 8
    assert "journal.db" in done.err
    assert "Put a copy in its place and verify that" in done.err


def test_a_run_that_is_not_in_the_journal_is_not_called_whole(ran):
    done = ran[0].shisa("verify", "261123-ffffff")
    assert done.code == 2
    assert "there is no run 261123-ffffff" in done.err


def test_anchors_that_hold_nothing_are_refused(ran):
    (ran[0].folder / "empty").mkdir()
    done = ran[0].shisa("verify", "--anchors", "empty")
    assert done.code == 2
    assert "There are no anchors in empty" in done.err


@pytest.mark.needs("ssh-keygen")
def test_what_was_signed_can_be_checked_by_ssh_keygen_alone_and_serves_as_anchors(desk):
    desk.run(BY_HAND, {"*": "done"})
    kept = desk.folder / "kept"
    ran = desk.shisa("verify", "--export", str(kept))
    assert (ran.code, "wrote 2 signed statements" in ran.err) == (0, True), ran.err
    names = sorted(path.name for path in kept.iterdir())
    assert names == [
        "000001-run.opened.json",
        "000001-run.opened.sig",
        *[name for name in names if "run.closed" in name],
        "allowed_signers",
    ]
    for signature in kept.glob("*.sig"):
        words = ["-f", "allowed_signers", "-I", "alice", "-n", "run@shisa", "-s", signature.name]
        checked = subprocess.run(
            ["ssh-keygen", "-Y", "verify", *words],
            input=signature.with_suffix(".json").read_bytes(),
            cwd=kept,
            capture_output=True,
            check=False,
        )
        assert (checked.returncode, b'Good "run@shisa" signature for alice' in checked.stdout) == (0, True)
    anchored = desk.shisa("verify", "--anchors", str(kept))
    assert (anchored.code, "missing" in anchored.out and " 0 missing" in anchored.out) == (0, True), anchored.out
    again = desk.shisa("verify", "--export", str(kept))
    assert (again.code, "Name a folder that is new" in again.err) == (2, True)
