"""``shisa journal`` on a real server: install, load the rules, move a journal there, keep its head elsewhere."""

import json
import subprocess
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.runner.cli.desk import BY_HAND, Desk
from tests.runner.engine.stage import as_user
from tests.runner.journal.team.ground import roles

TWO_MOMENTS = """\
shisa: 1
id: two-moments
title: Somebody works between two looks
owner: ops
rank: B
targets:
  live: {description: a database}
steps:
  - id: look
    title: Keep how it is
    target: live
    check: settings
    with: {expect: [work_mem>0], baseline: capture}
  - id: pause
    title: Somebody works
    manual: Wait for it.
    expected: They are done.
  - id: again
    title: Nothing has changed
    target: live
    check: settings
    with: {expect: [work_mem>0], baseline: compare}
"""


@pytest.fixture
def team(desk: Desk, database, server, monkeypatch):
    """The desk, and the URIs of an empty database: its owner's, and one without a user for everybody."""
    with psycopg.connect(server.dsn(), autocommit=True) as root:
        roles(root, server)
    parts = urlsplit(database.dsn)
    shared = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    monkeypatch.setenv("PGUSER", "alice")
    return desk, database.dsn, shared


def point(desk: Desk, place: str, live: str) -> None:
    """Let shisa.yaml name the team journal, and a target that is there."""
    desk.configure(live)
    path = desk.folder / "shisa.yaml"
    path.write_text(path.read_text().replace("journal: journal.db", f"journal: {json.dumps(place)}"))


def installed(team, server) -> Desk:
    desk, owner, shared = team
    assert desk.shisa("journal", "init", owner).code == 0
    point(desk, shared, server.dsn())
    assert desk.shisa("journal", "sync", "--owner", owner).code == 0
    return desk


def test_a_journal_is_installed_filled_with_rules_used_and_verified(team, server):
    desk, owner, shared = team
    first = desk.shisa("journal", "init", owner)
    assert (first.code, "is installed, format 2" in first.err, "secret" in first.err) == (0, True, False)
    again = desk.shisa("journal", "init", owner)
    assert (again.code, "is brought up to date" in again.err) == (0, True)
    point(desk, shared, server.dsn())
    refused = desk.shisa("note", "last", "hello", who="alice")
    assert refused.code in {2, 8}, "another test may have let the role in"
    assert "`shisa journal sync`" in refused.err
    loaded = desk.shisa("journal", "sync", "--owner", owner)
    assert loaded.code == 0
    assert ": people 3, policies 1, targets 1" in loaded.err
    run, code = desk.run(BY_HAND, {"*": "done"})
    assert code == 0
    assert run in desk.shisa("runs").out
    verified = desk.shisa("verify")
    assert (verified.code, "the journal is whole" in verified.out) == (0, True), verified.out


def test_a_file_that_differs_is_refused_before_anything_is_done(team, server):
    desk = installed(team, server)
    path = desk.folder / "shisa.yaml"
    path.write_text(path.read_text().replace("request_ttl: 1h", "request_ttl: 9h"))
    ran = desk.shisa("note", "last", "hello", who="alice")
    assert ran.code == 2
    assert "shisa.yaml and the team journal differ in policies.cross-review.request_ttl" in ran.err
    assert "the journal's copy rules (postgres loaded it" in ran.err
    assert desk.shisa("runs").code == 0, "looking is free"


def test_only_a_member_of_the_owner_loads_rules(team, server):
    desk = installed(team, server)
    ran = desk.shisa("journal", "sync")
    assert ran.code == 8
    assert "This role does not own the team journal" in ran.err
    assert "GRANT shisa_owner TO" in ran.err


def test_a_copied_journal_is_the_same_byte_for_byte_and_goes_on(team, server):
    desk, owner, shared = team
    run, _ = desk.run(BY_HAND, {"*": "done"})
    before = list(desk.journal().lines())
    assert desk.shisa("journal", "init", owner).code == 0
    point(desk, shared, server.dsn())
    copied = desk.shisa("journal", "copy", "journal.db", "--owner", owner)
    assert (copied.code, f"copied {len(before)} lines" in copied.err) == (0, True), copied.err
    assert desk.shisa("journal", "sync", "--owner", owner).code == 0
    from runner.journal import open_journal

    journal = open_journal(as_user(owner, "bob"), desk.folder)
    assert list(journal.lines()) == before
    journal.close()
    assert desk.shisa("note", run, "moved here", who="alice").code == 0
    assert desk.shisa("verify").code == 0
    twice = desk.shisa("journal", "copy", "journal.db", "--owner", owner)
    assert (twice.code, "has" in twice.err, "two chains do not make one" in twice.err) == (8, True, True)


def test_a_baseline_moves_with_the_journal_and_is_compared_on_another_machine(team, server, tmp_path):
    desk, owner, shared = team
    desk.configure(server.dsn())
    run, code = desk.run(TWO_MOMENTS, {"*": "done", "pause": "stop"})
    assert code == 5
    assert desk.shisa("journal", "init", owner).code == 0
    point(desk, shared, server.dsn())
    copied = desk.shisa("journal", "copy", "journal.db", "--owner", owner)
    assert (copied.code, "not copied" in copied.err) == (0, False), copied.err
    assert desk.shisa("journal", "sync", "--owner", owner).code == 0
    for each in (desk.folder / "journal.db.kept").iterdir():
        each.unlink()
    (desk.folder / "answers.yaml").write_text('{"*": "done"}')
    resumed = desk.shisa("resume", run, "--answers", "answers.yaml", who="alice")
    assert resumed.code == 0, resumed.err


def test_a_baseline_that_is_gone_is_told_and_the_rest_is_copied(team, server):
    desk, owner, shared = team
    desk.configure(server.dsn())
    desk.run(TWO_MOMENTS, {"*": "done", "pause": "stop"})
    (kept,) = (desk.folder / "journal.db.kept").iterdir()
    kept.unlink()
    assert desk.shisa("journal", "init", owner).code == 0
    point(desk, shared, server.dsn())
    copied = desk.shisa("journal", "copy", "journal.db", "--owner", owner)
    missing = f"not copied: The attachment journal.db.kept/{kept.name} is missing"
    assert (copied.code, missing in copied.err) == (0, True), copied.err


def test_a_journal_that_was_edited_is_not_copied(team, server):
    desk, owner, shared = team
    desk.run(BY_HAND, {"*": "done"})
    desk.tamper("UPDATE journal SET person = 'bob' WHERE seq = 2")
    assert desk.shisa("journal", "init", owner).code == 0
    point(desk, shared, server.dsn())
    ran = desk.shisa("journal", "copy", "journal.db", "--owner", owner)
    assert (ran.code, "Line 2 does not follow from line 1" in ran.err) == (8, True), ran.err
    with psycopg.connect(owner) as root:
        assert root.execute("SELECT count(*) FROM shisa.journal").fetchone() == (0,)


def git(desk: Desk, *words: str) -> None:
    given = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(desk.folder), *words]
    subprocess.run(given, check=True, capture_output=True)


@pytest.fixture
def repository(desk: Desk, monkeypatch) -> Desk:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "alice@desk")
    desk.run(BY_HAND, {"*": "done"})
    git(desk, "init", "-q")
    git(desk, "commit", "-q", "--allow-empty", "-m", "first")
    return desk


@pytest.mark.parametrize("kept", [("--tag",), ("--folder", "kept")])
def test_an_anchor_finds_a_tail_that_was_cut_off(kept, repository):
    desk = repository
    done = desk.shisa("journal", "anchor", *kept, who="alice")
    assert done.code == 0, done.err
    compared = ("--tags", ".") if kept == ("--tag",) else ("--anchors", "kept")
    assert desk.shisa("verify", *compared).code == 0
    desk.tamper("DELETE FROM journal WHERE seq > 4")
    found = desk.shisa("verify", *compared, "--format", "json")
    assert found.code == 8
    assert found.json["chain"] == "ok", "the chain alone cannot tell"
    assert "the journal ends at line 4: its tail was cut off" in found.json["problems"][0]["message"]


def test_an_anchor_lands_in_the_repository_that_was_named_whatever_the_environment_says(
    repository, tmp_path, monkeypatch
):
    desk, other = repository, tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", other], check=True, capture_output=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert desk.shisa("journal", "anchor", "--tag", who="alice").code == 0
    assert desk.shisa("verify", "--tags", ".").code == 0
    monkeypatch.delenv("GIT_DIR")
    assert (
        "shisa-journal-"
        in subprocess.run(["git", "-C", desk.folder, "tag"], check=True, capture_output=True, text=True).stdout
    )


def test_an_anchor_is_set_once_a_head_and_a_tag_of_something_else_is_refused(repository):
    desk = repository
    head = desk.journal().head().seq
    git(desk, "tag", "-a", "-m", "not a head", f"shisa-journal-{head}")
    refused = desk.shisa("journal", "anchor", "--tag", who="alice")
    assert (refused.code, "holds no journal head" in refused.err) == (2, True), refused.err
    assert desk.shisa("verify", "--tags", ".").code == 2


def test_without_tags_there_is_nothing_to_compare_with(repository):
    ran = repository.shisa("verify", "--tags", ".")
    assert (ran.code, "There are no tags shisa-journal-" in ran.err) == (2, True)


def test_a_place_that_is_no_database_is_told(desk):
    ran = desk.shisa("journal", "init", "journal.db")
    assert (ran.code, "journal.db is a file" in ran.err) == (2, True)
    ran = desk.shisa("journal", "sync")
    assert (ran.code, "journal.db is a file" in ran.err) == (2, True)
