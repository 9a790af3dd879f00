"""A journal on disk, tampered with in every way its owner can, and what ``verify`` says of it."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime

import msgspec
import pytest

from runner.errors import UsageError
from runner.journal import events as ev
from runner.journal.anchors import AnchorPoint, read_anchors
from runner.journal.chain import GENESIS, line_hash
from runner.journal.sqlite import SqliteJournal
from runner.journal.verify import verify_journal
from runner.review.audit import signature_check
from runner.review.statement import answer_statement, withdrawal_statement
from tests.runner.review import people
from tests.runner.review.people import RUN, STEP, play

SWAP = """
    UPDATE journal SET seq = 99 WHERE seq = 5;
    UPDATE journal SET seq = 5 WHERE seq = 6;
    UPDATE journal SET seq = 6 WHERE seq = 99
"""
UNLOCK = "DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete; DROP TRIGGER journal_chain;"


@pytest.fixture
def path(crew, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    play(journal, crew)
    journal.close()
    return tmp_path / "journal.db"


def verified(crew, path, **more):
    journal = SqliteJournal(path, readonly=True)
    try:
        return verify_journal(journal, check=signature_check(crew.people), **more)
    finally:
        journal.close()


def tamper(path, sql, *, relock=True):
    """Change the file as its owner can, and put the triggers back."""
    connection = sqlite3.connect(path)
    locks = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    connection.executescript(UNLOCK + sql + (";".join(["", *(lock + ";" for lock in locks)]) if relock else ""))
    connection.close()


def rechain(path):
    """Compute every hash anew, as an owner who knows how would."""
    connection = sqlite3.connect(path)
    locks = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    connection.executescript(UNLOCK)
    prev = GENESIS
    for row in connection.execute(
        "SELECT seq, at, person, event, run, step, body FROM journal ORDER BY seq"
    ).fetchall():
        texts = (None if text is None else text.encode() for text in row[1:])
        own = line_hash(row[0], *texts, prev.encode())
        connection.execute("UPDATE journal SET prev = ?, hash = ? WHERE seq = ?", (prev, own, row[0]))
        prev = own
    connection.commit()
    for lock in locks:
        connection.execute(lock)
    connection.close()


def messages(result, kind):
    return [problem.message for problem in result.problems if problem.kind == kind]


def test_an_untouched_journal_verifies_in_the_shape_of_the_contract(crew, path, backend):
    found = verified(crew, path).as_json()
    head = found.pop("head")
    assert found == {
        "events": 7,
        "chain": "ok",
        "signatures": {"valid": 4, "invalid": 0, "unsigned": 0},
        "anchors": {"matched": 4, "missing": 0},
        "problems": [],
    }
    journal = SqliteJournal(path, readonly=True)
    assert head == journal.head().hash
    journal.close()


def test_an_empty_journal_verifies(crew, tmp_path):
    SqliteJournal(tmp_path / "journal.db").close()
    found = verified(crew, tmp_path / "journal.db")
    assert (found.events, found.head, found.chain, found.problems) == (0, GENESIS, "ok", ())


@pytest.mark.parametrize(
    ("sql", "sentences"),
    [
        (
            "UPDATE journal SET body = replace(body, '12', '13') WHERE seq = 6",
            ["Line 6 was edited: its content does not have the hash that stands in it."],
        ),
        (
            "UPDATE journal SET person = 'carol' WHERE seq = 5",
            ["Line 5 was edited: its content does not have the hash that stands in it."],
        ),
        (
            "UPDATE journal SET step = '' WHERE seq = 1",
            ["Line 1 was edited: its content does not have the hash that stands in it."],
        ),
        ("DELETE FROM journal WHERE seq = 5", ["Line 6 follows line 4: 5 is missing."]),
        ("DELETE FROM journal WHERE seq IN (5, 6)", ["Line 7 follows line 4: 5 to 6 are missing."]),
        ("DELETE FROM journal WHERE seq = 1", ["Line 2 follows line 0: 1 is missing."]),
        (
            SWAP,
            [
                "Line 5 was edited: its content does not have the hash that stands in it.",
                "Line 5 does not follow from line 4: one of them was replaced or moved.",
                "Line 6 was edited: its content does not have the hash that stands in it.",
                "Line 6 does not follow from line 5: one of them was replaced or moved.",
                "Line 6 is older than the line before it.",
                "Line 7 does not follow from line 6: one of them was replaced or moved.",
            ],
        ),
    ],
)
def test_a_changed_line_is_found_and_named(crew, path, sql, sentences):
    tamper(path, sql)
    found = verified(crew, path)
    assert (found.chain, messages(found, "chain")) == ("broken", sentences)


def test_a_line_of_the_same_moment_as_the_one_before_it_is_no_older(crew, path):
    tamper(path, "UPDATE journal SET at = (SELECT at FROM journal WHERE seq = 5) WHERE seq = 6")
    rechain(path)
    assert messages(verified(crew, path), "chain") == []


def test_a_body_that_cannot_be_read_is_found_though_its_chain_is_whole(crew, path):
    tamper(path, "UPDATE journal SET body = '{}' WHERE seq = 3")
    rechain(path)
    (message,) = messages(verified(crew, path), "chain")
    assert message.startswith("Line 3 of the journal, approval.given, cannot be read: ")


def test_a_column_of_another_type_is_found_and_not_stumbled_over(crew, path):
    tamper(path, "PRAGMA ignore_check_constraints = ON; UPDATE journal SET at = 5, body = x'00' WHERE seq = 7;")
    found = verified(crew, path)
    assert "Line 7 was edited: its content does not have the hash that stands in it." in messages(found, "chain")


def test_a_trigger_that_was_dropped_or_blunted_is_found(crew, path):
    tamper(path, "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT 1; END;", relock=False)
    found = verified(crew, path)
    assert found.chain == "broken"
    assert messages(found, "store") == [
        f"The trigger {name} is not what shisa made it: it was changed or dropped."
        for name in ("journal_chain", "journal_no_delete", "journal_no_update")
    ]


def test_a_cut_tail_is_invisible_to_the_chain_and_found_by_a_kept_statement(crew, path, tmp_path):
    keep_statements(path, tmp_path / "kept")
    tamper(path, "DELETE FROM journal WHERE seq >= 4")
    assert verified(crew, path).problems == ()
    found = verified(crew, path, kept=read_anchors(tmp_path / "kept"))
    assert found.chain == "ok"
    assert (found.matched, found.missing) == (5, 1)
    assert messages(found, "anchor") == [
        "7.json remembers line 6, but the journal ends at line 3: its tail was cut off."
    ]


def keep_statements(path, folder):
    """Keep what people signed, as reviewers do on their own machines."""
    folder.mkdir()
    journal = SqliteJournal(path, readonly=True)
    for record in journal.records():
        if getattr(record.body, "statement", None):
            (folder / f"{record.seq}.json").write_text(record.body.statement, encoding="utf-8")
    journal.close()


def test_a_chain_that_was_computed_anew_is_found_by_the_statements_in_it(crew, path):
    tamper(path, "UPDATE journal SET body = replace(body, '\"n\":1', '\"n\":2') WHERE seq = 1")
    rechain(path)
    found = verified(crew, path)
    assert found.chain == "ok"
    assert messages(found, "anchor") == [
        f"line {seq} remembers line {seen}, but that line has another hash now: the journal was written anew."
        for seq, seen in ((3, 2), (4, 3), (7, 6))
    ]
    assert messages(found, "signature") == [], "what was rewritten is not signed: only the anchors tell"


def test_a_journal_rolled_back_from_a_copy_and_written_on_is_found_by_a_kept_statement(crew, path, tmp_path):
    backup = tmp_path / "backup.db"
    shutil.copy(path, backup)
    journal = SqliteJournal(path)
    body = people.closed(crew, journal.head(), "2026-11-23T12:00:00.000000Z", "failed")
    journal.append(body, run=RUN, step=None, person="alice")
    journal.append(ev.Note(text="seen"), run=RUN, step=None, person="alice")
    point = AnchorPoint(journal.head().seq, journal.head().hash, "ticket")
    journal.close()
    shutil.copy(backup, path)
    assert messages(verified(crew, path, kept=[point]), "anchor") == [
        "ticket remembers line 9, but the journal ends at line 7: its tail was cut off."
    ]
    again = SqliteJournal(path)
    for _ in range(2):
        again.append(ev.Note(text="nothing happened"), run=RUN, step=None, person="alice")
    again.close()
    assert messages(verified(crew, path, kept=[point]), "anchor") == [
        "ticket remembers line 9, but that line has another hash now: the journal was written anew."
    ]


def replace_body(path, seq, change):
    """Rewrite one line's body and the chain after it."""
    connection = sqlite3.connect(path)
    (text,) = connection.execute("SELECT body FROM journal WHERE seq = ?", (seq,)).fetchone()
    connection.close()
    body = json.loads(text)
    change(body)
    quoted = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("'", "''")
    tamper(path, f"UPDATE journal SET body = '{quoted}' WHERE seq = {seq}")
    rechain(path)


@pytest.mark.parametrize(
    ("seq", "change", "sentence"),
    [
        (1, {"host": "elsewhere"}, "what was signed and what the line says differ in host"),
        (1, {"operator": "carol"}, "what was signed and what the line says differ in operator"),
        (1, {"statement": "{}"}, "the statement is malformed (the statement lacks its time or the journal's head)"),
        (1, {"signature": "x"}, "that is not an armoured SSH signature"),
        (2, {"plan_digest": "0" * 64}, "it was signed for another plan"),
        (3, {"as_team": "ops"}, "its line says approve as ops, and its signer says otherwise"),
        (3, {"request": "req-x"}, "there is no request that it answers"),
        (7, {"state": "failed"}, "what was signed and what the line says differ in state"),
    ],
)
def test_a_signed_line_that_was_rewritten_with_its_chain_is_found(crew, path, seq, change, sentence):
    replace_body(path, seq, lambda body: body.update(change))
    found = verified(crew, path)
    line = seq if seq != 2 else 3
    assert found.invalid >= 1
    assert any(m.startswith(f"Line {line},") and sentence in m for m in messages(found, "signature")), found.problems


def test_a_signature_under_another_name_is_found(crew, path):
    tamper(path, "UPDATE journal SET person = 'carol' WHERE seq = 7")
    rechain(path)
    (sentence,) = messages(verified(crew, path), "signature")
    assert sentence.startswith("Line 7, run.closed: what was signed and what the line says differ in operator")


def test_a_key_that_shisa_yaml_no_longer_lists_is_a_problem(crew, path):
    found = verified(crew.with_people(bob=people.Person(teams=("dev",))), path)
    (sentence,) = messages(found, "signature")
    assert sentence.startswith("Line 3, approval.given: the key SHA256:")
    assert sentence.endswith("belongs to nobody in shisa.yaml.")
    assert (found.valid, found.invalid, found.chain) == (3, 1, "ok")


def test_an_unsigned_run_is_counted_and_a_signature_that_cannot_be_judged_is_not_valid(crew, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    opened = people.opened(crew, journal.head(), "2026-11-23T12:00:00.000000Z")
    bare = msgspec.structs.replace(opened, statement=None, signature=None)
    journal.append(bare, run=RUN, step=None, person="alice")
    for half in (msgspec.structs.replace(bare, signature="s"), msgspec.structs.replace(opened, signature=None)):
        journal.append(half, run=RUN, step=None, person="alice")
    waived = {"check": "c", "object": "o", "reason": "r", "until": "u", "statement": "{}", "signature": "s"}
    journal.append(ev.WaiverGiven(**waived), run=RUN, step=STEP, person="bob")
    journal.close()
    found = verified(crew, tmp_path / "journal.db")
    assert (found.unsigned, found.invalid) == (3, 1)
    assert messages(found, "signature") == [
        "Line 4, waiver.given: the statement is malformed (the statement lacks its time or the journal's head)."
    ]


def test_an_answer_is_bound_to_its_question(crew, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    asked = ev.QuestionAsked(team="dev", question="Any saved row?", choices={"none": "No", "saved": "Yes"})
    said = {"choice": "none", "facts": "none", "as_team": "dev"}
    place = {"run": RUN, "step": STEP, "person": "bob"}
    when = "2026-11-23T12:00:00.000000Z"
    line = journal.append(asked, **{**place, "person": "alice"})
    statement = answer_statement(line, at=when, head=journal.head(), person="bob", **said)
    signature = crew.sign("bob", statement, "answer@shisa")
    answered = ev.QuestionAnswered(**said, statement=statement, signature=signature)
    journal.append(answered, **{**place, "step": "other"})
    journal.append(answered, **place)
    journal.append(asked, **{**place, "person": "alice"})
    journal.append(answered, **place)
    journal.append(msgspec.structs.replace(asked, question="May we drop it?"), **{**place, "person": "alice"})
    journal.append(msgspec.structs.replace(answered, choice="saved"), **place)
    journal.close()
    assert messages(verified(crew, tmp_path / "journal.db"), "signature") == [
        "Line 2, question.answered: there is no question that it answers.",
        "Line 5, question.answered: what was signed and what the line says differ in asked.",
        "Line 7, question.answered: what was signed and what the line says differ in asked, choice, subject.",
    ]


def test_a_rejection_is_judged_without_the_policies_of_today(crew, path):
    journal, asked = SqliteJournal(path), people.requested()
    said = crew.decide("bob", "dev", asked, decision="reject", at=people.stamp(datetime.now(UTC)), head=journal.head())
    no = ev.ApprovalRejected(request=asked.request, as_team="dev", reason="", statement=said[0], signature=said[1])
    journal.append(no, run=RUN, step=STEP, person="bob")
    journal.close()
    (problem,) = messages(verified(crew, path), "signature")
    assert problem.endswith("it was signed with another deadline than the request's.")


def test_a_withdrawal_is_bound_to_its_step_and_reason(crew, path):
    journal = SqliteJournal(path)
    said = {"request": people.requested().request, "reason": "saw it again"}
    place = {"run": RUN, "step": STEP, "person": "bob"}
    statement = withdrawal_statement(**said, **place, at="2026-11-23T12:00:00.000000Z", head=journal.head())
    taken = ev.ApprovalWithdrawn(**said, statement=statement, signature=crew.sign("bob", statement))
    journal.append(taken, **place)
    assert messages(verified(crew, path), "signature") == []
    journal.append(msgspec.structs.replace(taken, reason="never mind"), **place)
    journal.append(taken, **place | {"step": "another"})
    journal.close()
    assert messages(verified(crew, path), "signature") == [
        "Line 9, approval.withdrawn: what was signed and what the line says differ in reason.",
        "Line 10, approval.withdrawn: what was signed and what the line says differ in step, subject.",
    ]


def test_a_request_and_a_question_of_one_name_are_not_taken_for_each_other(crew, tmp_path):
    """A request named as a question is kept under: RUN/STEP."""
    place, name = {"run": RUN, "step": STEP}, f"{RUN}/{STEP}"
    said = {
        "statement": crew.decide("bob", "dev", people.requested(request=name))[0],
        "signature": "s",
        "as_team": "dev",
    }
    journal = SqliteJournal(tmp_path / "journal.db")
    question = ev.QuestionAsked(team="dev", question="Any saved row?", choices={"none": "No"})
    for who, body in (
        ("alice", question),
        ("bob", ev.ApprovalGiven(request=name, **said)),
        ("alice", people.requested(request=name)),
        ("bob", ev.QuestionAnswered(choice="none", **said)),
    ):
        journal.append(body, **place, person=who)
    journal.close()
    assert messages(verified(crew, tmp_path / "journal.db"), "signature") == [
        "Line 2, approval.given: there is no request that it answers.",
        "Line 4, question.answered: there is no question that it answers.",
    ]


def test_one_runs_signatures_can_be_judged_alone_and_the_chain_whole(crew, path):
    replace_body(path, 7, lambda body: body.update(state="failed"))
    found = verified(crew, path, run="another")
    assert (found.valid, found.invalid, found.events) == (0, 0, 7)


def test_a_torn_file_is_a_problem_and_no_traceback(crew, path):
    journal = SqliteJournal(path)
    for _ in range(100):
        journal.append(ev.Note(text="x" * 300), run=RUN, step=None, person="alice")
    journal.close()
    data = bytearray(path.read_bytes())
    data[8192:16384] = b"\xff" * 8192
    path.write_bytes(data)
    found = verified(crew, path)
    assert found.chain == "broken"
    assert any("is damaged" in m or "file damaged" in m for m in messages(found, "store"))


def test_anchors_that_cannot_be_read_do_not_count_as_matching(tmp_path):
    with pytest.raises(UsageError, match="There are no anchors in"):
        read_anchors(tmp_path)
    (tmp_path / "a.json").write_text('{"seq": 1}', encoding="utf-8")
    with pytest.raises(UsageError, match=r"a\.json holds neither a signed statement nor a journal head"):
        read_anchors(tmp_path)
    (tmp_path / "a.json").write_text('{"head":"00","seq":1}\n', encoding="utf-8")
    assert read_anchors(tmp_path) == (AnchorPoint(1, "00", "a.json"),)
    (tmp_path / "b.json").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        read_anchors(tmp_path)
