"""What cannot go well ends in one sentence, a hint and an exit code; the database stays as it was."""

import contextlib
import gzip
import json
import os
import sqlite3
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.e2e import books
from tests.e2e.stage import PURGE, Ran, Stage, dump

pytestmark = pytest.mark.long  # one version of PostgreSQL is enough
GROUPS = yaml.safe_load(Path(__file__).with_name("bad_input.yaml").read_text())


def odd(ran: Ran) -> list[str]:
    """Say what is wrong with the way in which something was refused."""
    last = [line for line in ran.err.splitlines() if line.startswith(("shisa: ", "run "))]
    return ["a traceback"] * ("Traceback" in ran.said) + ["not one sentence at the end"] * (len(last) != 1)


def ask(stage: Stage, case: dict) -> list[str]:
    """Make a call that must be refused; what is wrong with the refusal."""
    dsn = make_conninfo(**conninfo_to_dict(stage.database.dsn))
    names = {"dsn": dsn, "user": conninfo_to_dict(dsn)["user"]}
    stage.runbook(getattr(books, case["book"]) if "book" in case else case.get("file", PURGE))
    stage.configure(**_filled(case.get("config", {}), names))
    before = stage.events()
    words = case.get("call") or ["run", "purge.yaml", "--detach", "--answers", str(stage.answers(**{"*": "go"}))]
    ran = stage.shisa("alice", *words)
    wrong = odd(ran)
    if ran.code != case["code"]:
        wrong.append(f"exit code {ran.code} instead of {case['code']}")
    at = 0
    for text in (text.format(**names) for text in case["says"]):
        found = " ".join(ran.err.split()).find(text, at)
        wrong += [f"it does not say {text!r}"] if found < 0 else []
        at = max(at, found)
    if (written := stage.events()[len(before) :]) != case.get("journal", []):
        wrong.append(f"the journal says {written}")
    return [f"{case['name']}: {each}\n{ran.said}" for each in wrong]


def _filled(value, names):
    if isinstance(value, dict):
        return {key: _filled(each, names) for key, each in value.items()}
    return value.format(**names) if isinstance(value, str) else value


@pytest.mark.parametrize("group", GROUPS)
def test_what_cannot_go_well_is_said_in_one_sentence_and_changes_nothing(stage, group):
    contents = stage.contents()
    wrong = [each for case in GROUPS[group] for each in ask(stage, case)]
    assert not wrong, "\n".join(wrong)
    assert stage.contents() == contents


FOREIGN = {
    "empty": b"",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "gzip": gzip.compress(b"the backup is on the other disk\n"),
    "text": b"the backup is on the other disk\n",
}
BACKUPS = {
    "empty": "empty is empty. The dump that should have filled it may have failed",
    "picture": "picture is not a backup written by pg_dump. Name a file of pg_dump -Fc, -Ft or -Fp",
    "gzip": "gzip is not a backup written by pg_dump",
    "text": "text is not a backup written by pg_dump",
    "cut": "cut is truncated or damaged",
    "folder": "folder is a folder without toc.dat",
    "other": "other is a backup of the database postgres, not of",
    "missing": "missing",
}
"""The backup, and what is said of it."""


@pytest.fixture
def archive(stage, archive_tools):
    """A backup of the customers, taken before more came."""
    made = stage.folder / "customers.dump"
    stage.database.execute(books.CUSTOMERS)
    dump(archive_tools, stage.database.dsn, made)
    stage.database.execute(books.MORE_CUSTOMERS)
    return made


def test_a_backup_that_cannot_be_read_closes_the_gate_before_anything_is_restored(stage, archive, archive_tools):
    """And the journal says how far it came: the step before was done."""
    whole = archive.read_bytes()
    for name, content in FOREIGN.items():
        (stage.folder / name).write_bytes(content)
    (stage.folder / "cut").write_bytes(whole[: len(whole) // 2])
    (stage.folder / "folder").mkdir()
    dump(archive_tools, stage.database.server.dsn("postgres"), stage.folder / "other")
    stage.runbook(books.RESTORE)
    stage.database.execute("CREATE TABLE begun AS SELECT 1 AS n")
    contents, answers = stage.contents(), stage.answers(begin="go")
    for name, reason in BACKUPS.items():
        before = len(stage.events())
        ran = stage.shisa("alice", "run", "purge.yaml", "-p", f"backup={name}", "--answers", answers, "--detach")
        assert (odd(ran), ran.code) == ([], 1), ran.said
        assert "sequence-drift keeps the gate shut; what it found stands above" in ran.err, ran.said
        assert reason in json.loads(stage.shisa("alice", "show", "last", "--format", "json").out)["reason"]
        assert "hint: `shisa explain sequence-drift` tells" in ran.err
        assert stage.events()[before:] == [
            *("run.opened", "step.entered", "step.intended", "step.ended"),
            *("step.entered", "guards.asked", "run.paused"),
        ]
    assert stage.contents() == contents


def test_a_restore_that_would_bring_nothing_is_a_failure_and_not_done(stage, archive, archive_tools):
    dump(archive_tools, stage.database.dsn, stage.folder / "sessions", "-t", "session")
    stage.runbook(books.RESTORE.replace("schemas: [public]", "tables: [public.customer]"))
    contents = stage.contents()
    answers = stage.answers(begin="skip", restore="go")
    waits = stage.shisa("alice", "run", "purge.yaml", "-p", "backup=sessions", "--answers", answers, "--detach")
    assert waits.code == 6, waits.said
    stage.sign()
    ran = stage.shisa("alice", "resume", "last", "--answers", answers)
    assert (odd(ran), ran.code) == ([], 3), ran.said
    assert "not begun: nothing in sessions fits what this step selects" in ran.err
    assert stage.contents() == contents
    assert stage.records()[-1].body.state == "failed"


def test_a_standby_takes_no_step_that_writes(stage, own_server):
    server = own_server()
    server.stop()
    (server.data / "standby.signal").touch()
    server.start()
    stage.configure(dsn=server.dsn())
    ran = stage.shisa("alice", "run", "purge.yaml", "--detach")
    assert (odd(ran), ran.code) == ([], 2), ran.said
    assert "target live is a standby, and step purge writes" in ran.err
    assert "hint: point the target at the primary" in ran.err
    assert stage.events() == []


def sqlite_of_another_program(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE event (seq INTEGER)")
        connection.commit()


JOURNALS = {
    "a folder": (Path.mkdir, "journal.db"),
    "text": (lambda path: path.write_text("all is well\n"), "is not a"),
    "no bytes": (Path.touch, "is empty, which no journal ever is"),
    "another program's": (sqlite_of_another_program, "is an SQLite database, but not a shisa journal"),
}


@pytest.mark.parametrize(("make", "says"), JOURNALS.values(), ids=JOURNALS)
def test_without_a_journal_that_can_be_written_nothing_begins(stage, make, says):
    make(stage.journal)
    contents = stage.contents()
    for words in (("run", "purge.yaml", "--detach"), ("runs",), ("resume", "last")):
        ran = stage.shisa("alice", *words)
        assert (odd(ran), ran.code) == ([], 8), ran.said
        assert f"The journal {stage.journal}" in ran.err
        assert says in ran.err
        assert "\n  hint: " in ran.err
    assert stage.contents() == contents


def test_a_journal_that_becomes_unwritable_stops_the_run_before_the_effect(stage):
    """Root may write everywhere, so its right to override permissions is taken away."""
    waits = stage.shisa("alice", "run", "purge.yaml", "--detach")
    assert waits.code == 6, waits.said
    stage.sign()
    answers = stage.answers(purge="go")
    stage.journal.chmod(0o400)
    stage.folder.chmod(0o500)
    bare = [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    ran = stage.shisa("alice", "resume", "last", "--detach", "--answers", answers, before=bare)
    stage.folder.chmod(0o700)
    assert (odd(ran), ran.code) == ([], 8), ran.said
    assert stage.sessions() == 10


def test_without_a_configuration_the_hint_says_how_to_make_one(stage):
    stage.config.unlink()
    for words in (("run", "purge.yaml", "--detach"), ("review",), ("runs",), ("resume", "last")):
        ran = stage.shisa("alice", *words)
        assert (odd(ran), ran.code) == ([], 2), ran.said
        assert "there is no shisa.yaml here or in any folder above" in ran.err
        assert "hint: `shisa init` writes one" in ran.err
