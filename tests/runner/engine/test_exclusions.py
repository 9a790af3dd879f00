"""Who wrote what would run does not sign it, where the policy asks for that: a real Git history."""

import os
import shutil
import subprocess

import pytest

from runner.engine.people.excluding import places
from runner.engine.ports import wall_clock
from runner.engine.preflight.preflight import preflight
from runner.errors import ApprovalError
from runner.review.keys import generate_key
from runner.review.requests import requests_of
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from runner.runbook.params import resolve
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE
from tests.runner.engine.test_loops import FOR_EACH

FIRST = DELETE
SECOND = DELETE.replace("clean", "purge").replace("id = 2", "id = 3")


@pytest.fixture
def written(stage):
    """A stage with two developers, bob and dan, in a repository; gives how somebody commits the runbook's steps."""
    dan = generate_key(stage.folder / "dan.key", "dan@test").line
    stage.settings["people"]["dan"] = {"teams": ["dev"], "keys": [dan], "git": ["Dan Doe"]}
    stage.settings["people"]["bob"]["git"] = ["bob@dev.example", "bob@home.example"]
    stage.settings["people"]["alice"]["git"] = ["alice@ops.example"]
    stage.settings["policies"]["cross"]["exclude_authors"] = True
    stage.save()
    git(stage, "init", "--quiet")

    def commit(steps, name, mail):
        stage.write(steps)
        git(stage, "add", "runbook.yaml")
        git(stage, "-c", f"user.name={name}", "-c", f"user.email={mail}", "commit", "--quiet", "-m", "Change")

    commit.stage = stage
    commit("", "Alice", "alice@ops.example")
    return commit


def git(stage, *words):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(["git", *words], cwd=stage.folder, env=clean, check=True, capture_output=True)


def standing(stage):
    return requests_of(stage.records(), stage.config.config, wall_clock())[-1]


def test_the_author_of_the_step_does_not_count_and_another_of_the_team_does(written, stage, accounts):
    written(FIRST, "Bob", "bob@home.example")
    first = stage.play(detach=True)
    (request,) = first.bodies("approval.requested")
    assert request.excluded == {"bob": "wrote lines 6 to 10 of runbook.yaml"}
    with pytest.raises(ApprovalError, match="bob is excluded: they wrote lines 6 to 10"):
        stage.sign()
    stage.sign(person="dan")
    assert stage.resume(first.run).ending.exit_code == 0
    assert accounts() == [1, 3]
    assert stage.problems() == []


def test_only_the_lines_of_the_step_tell_who_wrote_it(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    written(FIRST + SECOND, "dan doe", "dan@anywhere.example")
    first = stage.play(Player(on_wait=lambda *_: stage.sign(person="dan")), detach=False)
    assert first.state != "completed"
    asked = first.bodies("approval.requested")
    assert [body.excluded for body in asked] == [
        {"bob": "wrote lines 6 to 10 of runbook.yaml"},
        {"dan": "wrote lines 11 to 15 of runbook.yaml"},
    ]


def test_the_author_of_the_first_commit_of_all_does_not_count_either(written, stage):
    git(stage, "checkout", "--quiet", "--orphan", "anew")
    written(FIRST, "Bob", "bob@home.example")
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert set(request.excluded) == {"bob"}


def test_a_commit_that_names_no_author_closes_the_gate(written, stage):
    """Git itself makes none; somebody does to whom their own name would be in the way."""
    written(FIRST, "Bob", "bob@home.example")
    tree = git(stage, "rev-parse", "HEAD^{tree}").stdout.decode().strip()
    crafted = f"tree {tree}\nauthor Bob bob@home.example 1700000000 +0000\ncommitter B <b@x> 1700000000 +0000\n\nIn\n"
    (stage.folder / "crafted").write_text(crafted)
    commit = git(stage, "hash-object", "-t", "commit", "-w", "--literally", "crafted").stdout.decode().strip()
    git(stage, "update-ref", "HEAD", commit)
    play = stage.play(detach=True)
    assert (play.state, play.reason) == ("blocked", f"commit {commit[:12]} does not say who wrote runbook.yaml")


def test_of_a_step_that_two_wrote_neither_signs(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    written(FIRST.replace("Delete an account", "Delete one account"), "Dan Doe", "dan@anywhere.example")
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert (
        "clean can never be approved under cross: the policy needs 1 of team dev besides alice, bob and dan"
        in play.reason
    )
    assert "approval.requested" not in play.names


def test_where_nobody_is_left_who_may_break_the_glass_is_told_and_asked(written, stage):
    stage.settings["policies"]["cross"]["break_glass"] = ["alice"]
    stage.settings["people"].pop("dan")
    stage.save()
    written(FIRST, "Bob", "bob@home.example")
    player = Player()
    play = stage.play(player, detach=True)
    assert play.state == "waiting"
    assert any("alice may break the glass." in said for said in player.said)


def test_an_author_whom_nobody_knows_closes_the_gate(written, stage):
    written(FIRST, "Mallory", "m@x.example")
    play = stage.play()
    assert play.state == "blocked"
    assert "Mallory <m@x.example> wrote lines 6 to 10 of runbook.yaml, and is nobody in shisa.yaml" in play.reason
    assert play.ending.hint == "write `git: [m@x.example]` at the person who that is"


def test_lines_that_are_in_no_commit_close_the_gate(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    stage.runbook.write_text(stage.runbook.read_text().replace("id = 2", "id = 3"))
    play = stage.play()
    assert play.state == "blocked"
    assert "line 9 of runbook.yaml is in no commit: nobody wrote it yet" in play.reason


def test_a_file_outside_of_any_history_closes_the_gate(stage):
    stage.settings["policies"]["cross"]["exclude_authors"] = True
    stage.save()
    stage.write(FIRST)
    play = stage.play()
    assert play.state == "blocked"
    assert "nobody can tell who wrote runbook.yaml: fatal: not a git repository" in play.reason


HIDES = {
    "a list of revisions to ignore": ("config", "blame.ignoreRevsFile", "ignored"),
    "another repository in the environment": None,
}


@pytest.mark.parametrize("how", HIDES)
def test_no_setting_hides_an_author(written, stage, monkeypatch, tmp_path, how):
    written(FIRST, "Bob", "bob@home.example")
    if HIDES[how] is None:
        other = tmp_path / "other"
        subprocess.run(["git", "init", "--quiet", other], check=True, capture_output=True)
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other))
    else:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=stage.folder, check=True, capture_output=True).stdout
        (stage.folder / "ignored").write_bytes(head)
        git(stage, *HIDES[how])
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert set(request.excluded) == {"bob"}


def test_a_mailmap_makes_nobody_another_author(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    (stage.folder / ".mailmap").write_text("Dan Doe <dan@anywhere.example> <bob@home.example>\n")
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert set(request.excluded) == {"bob"}


@pytest.mark.parametrize("program", ["clean", "process"])
def test_no_filter_of_the_repository_is_run_or_hides_a_line(written, stage, tmp_path, program):
    written(FIRST, "Bob", "bob@home.example")
    ran = tmp_path / "ran"
    (stage.folder / ".gitattributes").write_text("*.yaml filter=hide\n")
    git(stage, "config", f"filter.hide.{program}", f"touch {ran}; git show HEAD:runbook.yaml")
    stage.runbook.write_text(stage.runbook.read_text().replace("id = 2", "id = 3"))
    assert "line 9 of runbook.yaml is in no commit: nobody wrote it yet" in stage.play().reason
    assert not ran.exists()


def test_a_keyword_that_git_takes_for_its_own_hides_no_text(written, stage):
    written(FIRST.replace("id = 2", "id = 2 -- $Id$"), "Bob", "bob@home.example")
    (stage.folder / ".gitattributes").write_text("*.yaml ident\n")
    stage.runbook.write_text(stage.runbook.read_text().replace("$Id$", "$Id:DROP$"))
    assert "line 9 of runbook.yaml is in no commit: nobody wrote it yet" in stage.play().reason


def test_a_history_that_is_cut_off_names_nobody(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    written(FIRST + SECOND, "Dan Doe", "dan@anywhere.example")
    git(stage, "clone", "--quiet", "--depth=1", f"file://{stage.folder}", "copy")
    shutil.rmtree(stage.folder / ".git")
    (stage.folder / "copy" / ".git").rename(stage.folder / ".git")
    play = stage.play()
    assert (play.state, "the history of runbook.yaml is cut off at " in play.reason) == ("blocked", True)
    assert play.ending.hint == "`git fetch --unshallow` gets it, or use a policy without exclude_authors"


def test_lines_that_were_moved_and_not_committed_keep_their_authors(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    other = SECOND.replace("approval: cross", "approval: open")
    stage.settings["policies"]["open"] = {"need": [{"team": "ops", "n": 1}]}
    stage.save()
    stage.write("  - {id: look, title: Look, manual: Look., expected: Fine.}\n" + FIRST + other)
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert request.excluded == {"bob": "wrote lines 7 to 11 of runbook.yaml"}


def test_the_author_of_an_include_and_of_the_step_that_includes_it_are_excluded(written, stage):
    inner = FIRST.replace("    approval: cross\n", "    approval: cross\n    no_rollback: it is a test\n")
    (stage.folder / "inner.yaml").write_text(
        f"shisa: 1\nid: inner\ntitle: Inner\ntargets: {{live: {{}}}}\nsteps:\n{inner}"
    )
    git(stage, "add", "inner.yaml")
    git(stage, "-c", "user.name=Dan Doe", "-c", "user.email=d@x.example", "commit", "--quiet", "-m", "Inner")
    stage.settings["people"]["carol"]["teams"] = ["dev"]
    stage.save()
    written("  - {id: part, title: Part, include: {runbook: inner.yaml}}\n", "Bob", "bob@dev.example")
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert request.excluded == {"bob": "wrote line 6 of runbook.yaml", "dan": "wrote lines 6 to 11 of inner.yaml"}


def test_an_iteration_was_written_where_its_loop_was(stage):
    stage.write(DELETE + FOR_EACH)
    (where,) = places([load(stage.runbook)], "each[2]/empty")
    assert [*where[1]] == [*range(11, 24)]


def test_one_policy_of_several_is_enough_to_exclude_the_authors(written, stage):
    cross = stage.settings["policies"]["cross"]
    stage.settings["policies"]["open"] = {key: value for key, value in cross.items() if key != "exclude_authors"}
    stage.settings["targets"]["live"]["policy"] = "open"
    stage.save()
    written(FIRST, "Bob", "bob@home.example")
    (request,) = stage.play(detach=True).bodies("approval.requested")
    assert (request.policies, set(request.excluded)) == (("cross", "open"), {"bob"})


def test_a_policy_that_does_not_ask_for_it_excludes_nobody(written, stage, accounts):
    del stage.settings["policies"]["cross"]["exclude_authors"]
    stage.save()
    written(FIRST, "Bob", "bob@home.example")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.bodies("approval.requested")[0].excluded == {}
    assert accounts() == [1, 3]
    assert standing(stage).state == "consumed"


def said(stage, **options):
    """What a preflight says of the policies: verdict, subject, sentence."""
    loaded = load(stage.runbook)
    plan = plan_of(loaded, resolve(loaded.runbook.params, {}))
    options = {"operator": "alice", "signed": True, "clock": wall_clock} | options
    found = preflight(plan, stage.config, {}, **options)
    return [(str(each.verdict), each.subject, each.message) for each in found.items if each.area == "policy"]


def test_a_preflight_says_who_is_left_to_sign_and_who_is_not_and_why(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    written(FIRST + SECOND, "Alice", "alice@ops.example")
    assert said(stage) == [
        (
            "pass",
            "cross at clean",
            "for dev only dan can sign (bob wrote lines 6 to 10 of runbook.yaml).",
        ),
        ("pass", "cross at purge", "for dev 1 of bob, dan can sign."),
    ]
    stage.settings["policies"]["cross"]["need"] = [{"team": "dev", "n": 1}, {"team": "ops", "n": 1}]
    stage.save()
    assert said(stage)[1][2] == "for dev 1 of bob, dan can sign; for ops only carol can sign (alice is the operator)."


def test_a_preflight_says_that_nobody_is_left_before_a_run_comes_so_far(written, stage):
    written(FIRST, "Bob", "bob@home.example")
    written(FIRST.replace("Delete an account", "Delete one account"), "Dan Doe", "dan@anywhere.example")
    ((verdict, subject, message),) = said(stage)
    assert (verdict, subject) == ("block", "cross at clean")
    assert message.startswith("it can never be approved: the policy needs 1 of team dev besides alice, bob and dan")
    assert "for dev nobody can sign (bob wrote " in message


def test_a_preflight_says_whose_lines_nobody_knows(written, stage):
    written(FIRST, "Mallory", "m@x.example")
    assert said(stage) == [
        (
            "block",
            "cross at clean",
            "Mallory <m@x.example> wrote lines 6 to 10 of runbook.yaml, and is nobody in shisa.yaml",
        )
    ]


def test_a_preflight_asks_for_the_authors_of_a_group_as_a_whole(written, stage):
    group = "    approval: cross\n    group: both\n"
    written(FIRST.replace("    approval: cross\n", group), "Bob", "bob@home.example")
    written((FIRST + SECOND).replace("    approval: cross\n", group), "Dan Doe", "dan@x.example")
    ((verdict, subject, _),) = said(stage)
    assert (verdict, subject) == ("block", "cross at clean, purge")
