"""Going on without the second person: only who is named, for an hour at most, in the open, and looked at afterwards."""

import dataclasses
import json
import re
import stat
from datetime import timedelta

import msgspec
import pytest

from runner.config.model import Config, Need, Person, Policy
from runner.engine.ports import stamp, wall_clock
from runner.errors import ApprovalError
from runner.journal import open_journal
from runner.journal.events import BreakglassOpened, BreakglassReviewed
from runner.notify.deliver import deliver
from runner.report.flags import flags
from runner.report.summary import summary
from runner.review.afterwards import LookedAt, post_review
from runner.review.breakglass import skipped, who_may
from runner.review.exceptions import exception_statement
from runner.review.requests import requests_of, uses_left
from runner.review.rules_then import rules_then
from runner.review.sshsig import APPROVAL, sign
from tests.runner.engine.stage import Player
from tests.runner.engine.test_approvals import DELETE
from tests.runner.engine.test_retries import LOCKED
from tests.runner.engine.test_second_look import git

TELL = '#!/bin/sh\ncat > "$0.$$.json"\n'
"""Keeps what it is told beside itself."""


@pytest.fixture
def glass(stage):
    """A stage whose policy lets alice, and nobody else, break the glass; a program keeps what it is told."""
    told = stage.folder / "tell"
    told.write_text(TELL)
    told.chmod(told.stat().st_mode | stat.S_IXUSR)
    stage.settings["policies"]["cross"] |= {"need": [{"team": "dev", "n": 1}, {"team": "ops", "n": 1}]}
    stage.settings["policies"]["cross"]["break_glass"] = ["alice"]
    stage.settings["notify"] = {"command": [str(told)]}
    stage.save()
    stage.write(DELETE)
    return stage


def standing(stage, run, now=None):
    return requests_of(stage.records(run), stage.config.config, now or wall_clock())[-1]


def break_it(stage, run, *, person="alice", length=timedelta(hours=1), **changes):
    """Do what ``shisa break-glass`` does at its end; ``changes`` are made to the line before it is signed."""
    now, config = wall_clock(), stage.config
    asked = standing(stage, run).request
    body = BreakglassOpened(
        reason="all customers are down",
        ticket="OPS-1",
        until=stamp(now + length),
        skipped=skipped(asked, (), person, config.config),
        request=asked.id,
        policy_digest=config.digest,
    )
    body = msgspec.structs.replace(body, **changes)
    stage.make_exception(body, run, asked.step, person)
    journal = open_journal(config.config.journal, stage.folder)
    list(deliver(config, journal, run, person=person, clock=wall_clock))
    journal.close()


def test_the_step_starts_without_signatures_and_everybody_who_was_skipped_is_told(glass, accounts):
    first = glass.play(detach=True)
    break_it(glass, first.run)
    again = glass.resume(first.run)
    assert again.ending.exit_code == 0, again.reason
    assert accounts() == [1, 3]
    (opened,) = again.bodies("breakglass.opened")
    assert opened.skipped == ("bob", "carol")
    assert [(body.about, body.to, body.failed) for body in again.bodies("notified")] == [
        ("break-glass", ("bob", "carol"), None)
    ]
    (told,) = (json.loads(path.read_text()) for path in glass.folder.glob("tell.*.json"))
    assert (told["to"], told["step"], told["person"], told["ticket"]) == (["bob", "carol"], "clean", "alice", "OPS-1")
    assert "DELETE" not in json.dumps(told), "no SQL in a chat"
    assert glass.problems() == []
    found = summary(glass.records(first.run), glass.config.config)
    assert (found.state.name, found.post_review) == ("completed", "open")
    assert (flags(found)[0].word, flags(found)[0].tone) == ("BREAK-GLASS", "bad")


def test_guards_are_asked_all_the_same(glass, accounts, database):
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")
    guards = "    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}, severity: warn}]}\n"
    glass.write(DELETE + guards)
    first = glass.play(detach=True)
    break_it(glass, first.run)
    database.execute("INSERT INTO child VALUES (3, 'twin')")
    again = glass.resume(first.run, detach=True)
    assert again.state == "waiting"
    assert "duplicate_keys was accepted up to 1 and is 2 now" in " ".join(again.bodies("approval.stale")[0].reasons)
    assert accounts("SELECT id FROM ONLY account ORDER BY id") == [1, 2, 3]


def test_it_is_used_once(glass, accounts):
    first = glass.play(detach=True)
    break_it(glass, first.run)
    glass.resume(first.run)
    assert standing(glass, first.run).state == "consumed"


def test_it_holds_for_an_hour_at_most_whatever_its_line_says(glass, accounts):
    first = glass.play(detach=True)
    break_it(glass, first.run, length=timedelta(hours=9))
    stands = standing(glass, first.run)
    assert (stands.state, stands.broken_by) == ("approved", "alice")
    assert stands.deadline - wall_clock() < timedelta(hours=1)
    later = wall_clock() + timedelta(hours=1, minutes=1)
    stands = standing(glass, first.run, later)
    assert stands.state == "expired"
    assert stands.reason.startswith("nobody started the step by ")
    assert accounts() == [1, 2, 3]


WHO = {
    "who is not named": ({"person": "bob"}, "bob may not break the glass of cross"),
    "an end that is no time": ({"until": "tonight"}, "its end cannot be read ('tonight')"),
    "other policies": ({"policy_digest": "11"}, "it was signed under other policies than the request's"),
}


@pytest.mark.parametrize(("how", "reason"), WHO.values(), ids=WHO)
def test_it_does_not_count_and_says_why_for(glass, how, reason):
    first = glass.play(detach=True)
    break_it(glass, first.run, **how)
    stands = standing(glass, first.run)
    assert (stands.state, stands.broken_by) == ("waiting", None)
    assert reason in stands.refused[0][1]


def test_no_line_that_says_more_than_was_signed_counts(glass):
    first = glass.play(detach=True)
    break_it(glass, first.run)
    lines = glass.records(first.run)
    place = next(n for n, line in enumerate(lines) if line.body.name == "breakglass.opened")
    config, now = glass.config.config, wall_clock()
    for change in ({"reason": "because"}, {"skipped": ()}, {"signature": ""}):
        lines[place] = dataclasses.replace(lines[place], body=msgspec.structs.replace(lines[place].body, **change))
        assert requests_of(lines, config, now)[-1].state == "waiting"
    moved = [dataclasses.replace(line, step="other") if n == place else line for n, line in enumerate(lines)]
    assert ("alice", "its line stands at another run or step") in requests_of(moved, config, now)[-1].refused


def test_a_no_after_it_still_ends_it(glass, accounts):
    first = glass.play(detach=True)
    break_it(glass, first.run)
    glass.sign(decision="reject", reason="we are on it")
    again = glass.resume(first.run)
    assert (again.state, accounts()) == ("rejected", [1, 2, 3])


FAILURES = {
    "no program": ({}, "shisa.yaml names no notify: {command: …} or {webhook: …}"),
    "a program that is not there": ({"command": ["/nowhere/tell"]}, "/nowhere/tell cannot be run: No such file"),
    "one that fails": ({"command": ["/bin/sh", "-c", "echo no network >&2; exit 3"]}, "ended with 3: no network"),
}


@pytest.mark.parametrize(("notify", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_reviewer_who_could_not_be_told_stands_in_the_journal_and_in_the_report(glass, notify, reason):
    glass.settings["notify"] = notify
    glass.save()
    first = glass.play(detach=True)
    break_it(glass, first.run)
    lines = glass.records(first.run)
    failed = [line.body.failed for line in lines if line.body.name == "notified"]
    assert len(failed) == 1
    assert reason in failed[0]
    assert [flag.word for flag in flags(summary(lines, glass.config.config))].count("NOT NOTIFIED") == 1


LOOK = BreakglassReviewed(note="it was right", as_team="dev", statement="", signature="")


def look(stage, run, person, team="dev", *, signer=None, under=None, **edited):
    """Journal a look without what ``shisa post-review`` refuses; ``edited`` is changed after it was signed."""
    body = msgspec.structs.replace(LOOK, as_team=team, policy_digest=under or stage.config.digest)
    journal, at = stage.journal(person), stamp(wall_clock())
    statement = exception_statement(body, run=run, step=None, person=person, at=at, head=journal.head())
    signature = sign(stage.key(signer or person), APPROVAL, statement.encode())
    body = msgspec.structs.replace(body, **{"statement": statement, "signature": signature} | edited)
    journal.append(body, run=run, step=None, person=person)
    journal.close()
    return body


@pytest.fixture
def broken(glass):
    """A run that was completed behind a broken glass."""
    run = glass.play(detach=True).run
    break_it(glass, run)
    assert glass.resume(run).state == "completed"
    return run


def looked(stage, run):
    return post_review(stage.records(run), stage.config.config)


def test_the_run_is_open_until_somebody_else_has_looked_at_it(glass, broken):
    look(glass, broken, "alice", "ops")
    found = looked(glass, broken)
    assert (found.state, found.refused) == ("open", (("alice", "alice took part in the run"),))
    look(glass, broken, "bob")
    assert looked(glass, broken).state == "done"
    assert glass.problems() == []


LOOKS = {
    "of another's key": ({"signer": "carol"}, r"the key SHA256:\S+ belongs to carol, not to bob"),
    "without a signature": ({"signature": ""}, "that is not an armoured SSH signature"),
    "without a statement": ({"statement": "{}"}, "the statement is malformed"),
    "of another text": ({"note": "it was wrong"}, "what was signed and what the line says differ in note"),
    "as another team": ({"team": "ops"}, "bob is in no team that was done without"),
    "as no team": ({"team": ""}, "bob is in no team that was done without"),
}


@pytest.mark.parametrize(("how", "reason"), LOOKS.values(), ids=LOOKS)
def test_a_look_does_not_count(glass, broken, how, reason):
    look(glass, broken, "bob", **how)
    found = looked(glass, broken)
    assert found.state == "open"
    ((who, why),) = found.refused
    assert who == "bob"
    assert re.search(reason, why)
    assert "POST-REVIEW REFUSED" in [flag.word for flag in flags(summary(glass.records(broken), glass.config.config))]


def test_a_look_with_the_key_of_whoever_broke_the_glass_does_not_count_under_another_name(glass, broken):
    people = glass.settings["people"]
    people["bob"]["keys"], people["alice"]["keys"] = people["alice"]["keys"], people["bob"]["keys"]
    glass.save()
    look(glass, broken, "bob", signer="alice")
    ((_, why),) = looked(glass, broken).refused
    assert why.endswith("is the one that the operator signed with")


def merge(stage, monkeypatch, hours):
    """Merge shisa.yaml as it is now, so many hours from now."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", stamp(wall_clock() + timedelta(hours=hours)))
    if not (stage.folder / ".git").exists():
        git(stage.folder, "init", "-q", "-b", "main")
    git(stage.folder, "add", "shisa.yaml")
    git(stage.folder, "commit", "-q", "-m", "reviewed")


def let_go(stage, person):
    del stage.settings["people"][person]
    stage.settings["people"]["dora"] = {"teams": ["dev"]}
    stage.save()


def then_looked(stage, run):
    return post_review(stage.records(run), stage.config.config, rules_then(stage.config))


def test_a_look_counts_by_the_rules_that_were_merged_when_it_was_made(glass, broken, monkeypatch):
    merge(glass, monkeypatch, -1)
    look(glass, broken, "bob")
    let_go(glass, "bob")
    merge(glass, monkeypatch, 1)
    assert looked(glass, broken) == LookedAt("open", (("bob", "bob is in no team that was done without"),))
    assert then_looked(glass, broken) == LookedAt("done")


def test_a_look_of_somebody_who_had_left_by_then_does_not_count_under_the_rules_of_before(glass, broken, monkeypatch):
    merge(glass, monkeypatch, -2)
    before = glass.config.digest
    let_go(glass, "bob")
    merge(glass, monkeypatch, -1)
    look(glass, broken, "bob", under=before)
    assert then_looked(glass, broken) == LookedAt("open", (("bob", "bob is in no team that was done without"),))


@pytest.mark.parametrize("merged", ["never", "by another branch", "with a mistake"])
def test_a_look_under_rules_that_were_not_merged_is_judged_by_those_of_today(glass, broken, merged, monkeypatch):
    if merged == "by another branch":
        merge(glass, monkeypatch, -1)
        git(glass.folder, "checkout", "-q", "-b", "mine")
        glass.settings["people"]["bob"]["os_user"] = "bob"
        glass.save()
        merge(glass, monkeypatch, -1)
    elif merged == "with a mistake":
        whole = (glass.folder / "shisa.yaml").read_text()
        (glass.folder / "shisa.yaml").write_text("shisa: 2\n")
        merge(glass, monkeypatch, -1)
        (glass.folder / "shisa.yaml").write_text(whole)
    look(glass, broken, "bob")
    let_go(glass, "bob")
    assert then_looked(glass, broken).state == "open"


def test_a_look_of_before_counts_for_no_glass_that_is_broken_after_it(glass, broken):
    earlier = look(glass, broken, "bob")
    assert looked(glass, broken).state == "done"
    lines = {line.body.name: line for line in glass.records(broken)}
    journal = glass.journal("alice")
    for name, person in (("breakglass.opened", "alice"), ("breakglass.reviewed", "bob")):
        journal.append(lines[name].body, run=broken, step=lines[name].step, person=person)
    journal.close()
    assert lines["breakglass.reviewed"].body == earlier
    assert looked(glass, broken) == LookedAt("open", (("bob", "it was signed before the glass was broken"),))


def test_a_line_of_nobody_known_is_refused_before_it_is_journaled(glass):
    first = glass.play(detach=True)
    before = len(glass.records())
    glass.settings["people"]["bob"]["keys"] = []
    glass.save()
    with pytest.raises(ApprovalError, match=r"belongs to nobody in shisa\.yaml"):
        glass.make_exception(LOOK, first.run, None, "bob")
    assert len(glass.records()) == before


def policy(*names):
    return Policy(need=(Need(team="dev", n=1),), break_glass=names)


CREW = {"ann": Person(teams=("ops", "lead")), "ben": Person(teams=("dev",)), "cid": Person(teams=("ops",))}
MAY = [
    ({"a": policy("ann")}, ("ann",)),
    ({"a": policy("ops")}, ("ann", "cid")),
    ({"a": policy("ops"), "b": policy("lead")}, ("ann",)),
    ({"a": policy("ops"), "b": policy()}, ()),
    ({"a": policy()}, ()),
    ({}, ()),
]


@pytest.mark.parametrize(("policies", "people"), MAY)
def test_every_policy_of_the_step_must_name_the_person_or_a_team_of_theirs(policies, people):
    config = Config(shisa=1, people=CREW, policies=policies)
    assert who_may(policies, config) == people
    assert who_may([*policies, "gone"], config) == ()


def test_a_program_that_does_not_end_is_ended_and_counts_as_failed(glass, monkeypatch):
    monkeypatch.setattr("runner.notify.command._SECONDS", 0.3)
    glass.settings["notify"] = {"command": ["/bin/sh", "-c", "sleep 60"]}
    glass.save()
    play = glass.play(Player(), detach=True)
    break_it(glass, play.run)
    failed = [line.body.failed for line in glass.records(play.run) if line.body.name == "notified"]
    assert failed == ["/bin/sh did not end within 0 s"]


def test_no_attempt_is_made_after_the_hour_of_the_broken_glass(glass, database):
    glass.settings["policies"]["cross"]["retries"] = 5
    glass.save()
    glass.write(LOCKED + "    retry: {times: 5, backoff: 4s}\n")
    holder = database.connect(autocommit=False)
    holder.execute("LOCK TABLE account IN EXCLUSIVE MODE")
    first = glass.play(detach=True)
    break_it(glass, first.run, length=timedelta(seconds=2))
    again = glass.resume(first.run, detach=True)
    assert (again.state, again.reason) == ("rejected", "raise is not approved any more")
    assert [body.outcome for body in again.bodies("step.ended")] == ["failed"]
    stands = standing(glass, first.run)
    assert (stands.state, stands.broken_by, uses_left(stands, "raise", wall_clock())) == ("consumed", "alice", 0)
