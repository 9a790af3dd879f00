"""``shisa review``, ``approve`` and ``reject`` where no terminal is needed; tests/e2e has the screens."""

import re

import pytest

from tests.runner.cli.desk import PURGE
from tests.runner.cli.test_journal import git
from tests.runner.cli.test_status import WAITING, approve, waiting  # noqa: F401

BOB = ("-c", "user.name=Bob", "-c", "user.email=bob@desk")


def test_the_inbox_tells_who_asks_for_whom_and_until_when(waiting):  # noqa: F811
    desk, run = waiting
    ran = desk.shisa("review")
    assert ran.code == 0
    assert f"{run}  " in ran.err
    assert "asked by alice" in ran.err
    assert "missing: 1 of dev for cross-review: bob" in ran.err
    assert "missing: 1 of ops for cross-review: carol" in ran.err
    assert f"next: shisa review {run} purge" in ran.err


@pytest.mark.parametrize(
    ("words", "who", "said"),
    [
        (("--mine",), "bob", "purge  Remove"),
        (("--mine",), "carol", "purge  Remove"),
        (("--mine",), "alice", "nothing waits for a second person like alice"),
        (("--as", "dev"), None, "purge  Remove"),
        (("--as", "cs"), None, "nothing waits for a second person of team cs"),
    ],
)
def test_the_inbox_of_one_person_or_team_holds_what_they_could_sign(words, who, said, waiting):  # noqa: F811
    desk, _ = waiting
    ran = desk.shisa("review", *words, who=who)
    assert (ran.code, said in ran.err) == (0, True), ran.err


def test_whoever_has_signed_finds_the_request_no_more_in_their_inbox(waiting):  # noqa: F811
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    assert "nothing waits for a second person like bob" in desk.shisa("review", "--mine", who="bob").err
    assert "approved by bob as dev" in desk.shisa("review", "--mine", who="carol").err


def test_who_wrote_the_step_finds_nothing_to_sign_and_is_not_named(desk, database):
    database.execute("CREATE TABLE session (ended bool); INSERT INTO session VALUES (true), (true), (true)")
    desk.configure(database.dsn)
    settings = desk.folder / "shisa.yaml"
    text = settings.read_text().replace(", {team: ops, n: 1}]", "], exclude_authors: true")
    for name, team in {"alice": "ops", "bob": "dev", "carol": "dev"}.items():
        text = re.sub(rf"{name}: {{teams: \[\w+]", f"{name}: {{git: [{name}@desk], teams: [{team}]", text)
    settings.write_text(text)
    (desk.folder / "book.yaml").write_text(PURGE)
    for words in ("init", "--quiet"), ("add", "book.yaml"), (*BOB, "commit", "--quiet", "-m", "Purge"):
        git(desk, *words)
    run, code = desk.run(PURGE, {"*": "go"}, "--detach")
    assert code == WAITING
    assert "missing: 1 of dev for cross-review: carol\n" in desk.shisa("review").err
    assert "nothing waits for a second person like bob" in desk.shisa("review", "--mine", who="bob").err
    assert f"{run}  purge" in desk.shisa("review", "--mine", who="carol").err


def test_an_empty_inbox_is_said(waiting):  # noqa: F811
    desk, run = waiting
    assert desk.shisa("reject", run, "purge", "--reason", "not tonight", who="bob").code == 0
    ran = desk.shisa("review")
    assert (ran.code, ran.err) == (0, "nothing waits for a second person\n")


def test_a_rejection_needs_no_terminal_and_ends_the_request(waiting):  # noqa: F811
    desk, run = waiting
    ran = desk.shisa("reject", "last", "purge", "--reason", "not tonight", who="carol")
    assert (ran.code, ran.err) == (0, f"purge of {run}: rejected by carol, signed\n")
    again = desk.shisa("reject", run, "purge", "--reason", "once more", who="bob")
    assert again.code == 4
    assert "the request of purge is rejected: carol rejected it: not tonight" in again.err
    assert f"hint: `shisa show {run}` tells what became of it" in again.err
    resumed = desk.shisa("resume", run, "--detach", who="alice")
    assert resumed.code == 4
    assert "not tonight" in resumed.err
    assert f"next: shisa resume {run} asks for approval again" in resumed.err


@pytest.mark.parametrize("words", [("review", "last"), ("approve", "last", "purge")])
def test_nothing_is_signed_without_a_terminal(words, waiting):  # noqa: F811
    desk, _ = waiting
    before = len(list(desk.journal().records()))
    ran = desk.shisa(*words, who="bob")
    assert ran.code == 2
    assert "standard input or output is not a terminal" in ran.err
    assert len(list(desk.journal().records())) == before


def test_one_signature_of_two_leaves_the_other_missing(waiting):  # noqa: F811
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    assert "missing: 1 of ops for" in desk.shisa("review").err
    ran = desk.shisa("reject", run, "purge", "--reason", "changed my mind", who="bob")
    assert "purge of " in ran.err
    assert ran.code == 0, "who has approved may still say no"
    assert "rejected by bob" in desk.shisa("show", run).out
