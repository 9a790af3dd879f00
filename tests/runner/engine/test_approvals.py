"""The second person, seen from a run: what an approval is for, and what makes it worthless."""

import os
import subprocess
import threading
from datetime import timedelta

import psycopg
import pytest

from runner.engine.effect import act
from runner.engine.ports import wall_clock
from runner.errors import ApprovalError, ConfigError, GateClosedError, UsageError
from runner.journal import open_journal
from runner.journal.events import ApprovalExpired, Note
from runner.review.decide import withdraw
from runner.review.requests import requests_of
from tests.runner.engine.stage import Player, Stage

DELETE = """\
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
"""
TWINS = """\
    guards: {before: [{check: duplicate-keys-in-tree, with: {parent: public.account}, severity: warn}]}
"""


class Acts:
    """Does one thing after the other, one at each call."""

    def __init__(self, *acts):
        self.left = list(acts)

    def __call__(self, view, request=None):
        if self.left:
            self.left.pop(0)(view, request)


def test_an_approved_step_runs_and_consumes_its_approval(stage, accounts):
    stage.write(DELETE)
    play = stage.play(Player(on_wait=stage.sign))
    (request,) = play.bodies("approval.requested")
    assert play.ending.exit_code == 0
    assert play.bodies("step.intended")[0].requests == (request.request,)
    assert set(play.session.requests().values()) == {"consumed"}
    assert accounts() == [1, 3]
    assert stage.problems() == []


def test_without_an_approval_nothing_starts_and_the_run_waits(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    assert (first.state, first.ending.exit_code) == ("waiting", 6)
    again = stage.resume(first.run, detach=True)
    assert (again.state, again.names.count("approval.requested")) == ("waiting", 1)
    assert accounts() == [1, 2, 3]
    stage.sign()
    assert stage.resume(first.run).ending.exit_code == 0
    assert accounts() == [1, 3]


def test_the_operator_cannot_approve_and_nothing_starts(stage, accounts):
    stage.settings["people"]["alice"]["teams"] = ["ops", "dev"]
    stage.save()
    stage.write(DELETE)
    first = stage.play(detach=True)
    with pytest.raises(ApprovalError, match="alice is the operator, and nobody approves their own step"):
        stage.sign(person="alice")
    assert stage.resume(first.run, detach=True).ending.exit_code == 6
    assert accounts() == [1, 2, 3]


def test_a_rejection_ends_with_4_and_its_reason_and_a_resume_asks_anew(stage, accounts):
    stage.write(DELETE)
    reject = Acts(lambda _, request: stage.sign(request=request, decision="reject", reason="ben pays tomorrow"))
    first = stage.play(Player(on_wait=reject))
    assert (first.state, first.ending.exit_code) == ("rejected", 4)
    assert "rejected by bob: ben pays tomorrow" in first.reason
    again = stage.resume(first.run, Player(on_wait=stage.sign))
    assert (again.ending.exit_code, again.names.count("approval.requested")) == (0, 2)
    assert accounts() == [1, 3]


def test_who_was_away_is_told_of_the_rejection_before_anybody_is_asked_anew(stage):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign(decision="reject", reason="not today")
    told = stage.resume(first.run, detach=True)
    assert (told.ending.exit_code, told.names.count("approval.requested")) == (4, 1)
    assert "rejected by bob: not today" in told.reason
    assert stage.resume(first.run, detach=True).names.count("approval.requested") == 2


def test_a_request_that_nobody_decides_expires(stage, accounts):
    stage.write(DELETE)
    later = wall_clock() + timedelta(hours=2)
    first = stage.play(detach=True)
    again = stage.resume(first.run, Player(), clock=lambda: later)
    assert (again.state, again.ending.exit_code) == ("rejected", 4)
    assert "expired" in again.reason
    assert again.names.count("approval.expired") == 1
    third = stage.resume(first.run, Player(on_wait=stage.sign))
    assert (third.ending.exit_code, third.names.count("approval.requested")) == (0, 2)
    assert accounts() == [1, 3]


def test_that_a_request_expired_is_journaled_once_also_where_the_program_was_killed_behind_the_line(stage):
    stage.write(DELETE)
    later = wall_clock() + timedelta(hours=2)
    first = stage.play(detach=True)
    (request,) = first.bodies("approval.requested")
    journal = stage.journal("alice")
    journal.append(ApprovalExpired(request=request.request, reason="late"), run=first.run, step="clean", person="alice")
    journal.close()
    again = stage.resume(first.run, clock=lambda: later)
    assert (again.ending.exit_code, again.reason) == (4, "clean: expired: late")
    assert again.names.count("approval.expired") == 1


def test_an_approval_that_waited_too_long_for_its_step_has_expired(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign()
    later = wall_clock() + timedelta(minutes=16)
    again = stage.resume(first.run, clock=lambda: later)
    assert again.ending.exit_code == 4
    assert "expired" in again.reason
    assert accounts() == [1, 2, 3]


def take_back(stage):
    """Withdraw bob's approval, as he does in another process."""
    journal, now = open_journal(stage.config.config.journal, stage.folder), wall_clock()
    (standing,) = requests_of(journal.records(), stage.config.config, now)
    withdraw(journal, standing, person="bob", key=None, reason="wrong", now=now)
    journal.close()


def test_a_withdrawal_while_the_operator_is_asked_stops_the_start(stage, accounts):
    stage.write(DELETE)

    play = stage.play(Player(on_wait=stage.sign, on_go=lambda _view: take_back(stage)))
    assert play.ending.exit_code == 4
    assert "clean is not approved any more" in play.reason
    assert "step.intended" not in play.names
    assert accounts() == [1, 2, 3]


def test_a_withdrawal_behind_the_last_look_stops_the_start_too(stage, accounts, monkeypatch):
    real = act.intend

    def late(look, *given):
        take_back(stage)
        return real(look, *given)

    monkeypatch.setattr(act, "intend", late)
    stage.write(DELETE)
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.reason) == ("rejected", "clean is not approved any more")
    assert "step.intended" not in play.names
    assert accounts() == [1, 2, 3]


@pytest.mark.parametrize(("decision", "verb"), [("approve", "withdrew"), ("reject", "rejected")])
def test_a_no_at_the_very_moment_of_the_intent_comes_before_it(stage, accounts, monkeypatch, decision, verb):
    def at_once(*_):
        if decision == "reject":
            stage.sign(decision="reject", reason="wrong", person="bob")
        else:
            take_back(stage)

    monkeypatch.setattr(act, "demand_approval", at_once)
    stage.write(DELETE)
    play = stage.play(Player(on_wait=stage.sign))
    assert (play.state, play.reason) == ("rejected", f"bob {verb} at the moment when clean was to begin: wrong")
    assert "step.intended" not in play.names
    assert accounts() == [1, 2, 3]


def test_an_approval_that_expires_behind_the_last_look_starts_nothing(stage, accounts, monkeypatch):
    real, late = act.intend, [timedelta()]

    def waits(look, *given):
        late[0] = timedelta(seconds=20)
        return real(look, *given)

    monkeypatch.setattr(act, "intend", waits)
    stage.settings["policies"]["cross"]["approval_ttl"] = "15s"
    stage.save()
    stage.write(DELETE)
    play = stage.play(Player(on_wait=stage.sign), clock=lambda: wall_clock() + late[0])
    assert (play.state, play.reason) == ("rejected", "clean is not approved any more")
    assert accounts() == [1, 2, 3]


def test_what_others_journal_while_this_process_appends_is_not_overlooked(stage):
    stage.write(DELETE)
    session = stage.open()
    journal = open_journal(stage.config.config.journal, stage.folder)
    journal.append(Note(text="of another run"), run="261123-000000", step=None, person="carol")
    journal.append(Note(text="theirs"), run=session.run, step=None, person="bob")
    journal.close()
    session.append(Note(text="mine"))
    assert [record.body.text for record in session.records[1:]] == ["theirs", "mine"]
    session.let_go()
    session.journal.close()


@pytest.fixture
def twins(database):
    """Two tables of one tree that share the key 1."""
    database.execute("CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (1, 'twin')")


def test_what_got_worse_after_the_approval_voids_it_and_is_asked_again(stage, accounts, database, twins):
    stage.write(DELETE + TWINS)
    worse = Acts(lambda *_: (stage.sign(), database.execute("INSERT INTO child VALUES (3, 'twin')")), stage.sign)
    play = stage.play(Player(on_wait=worse))
    (stale,) = play.bodies("approval.stale")
    assert play.ending.exit_code == 0
    assert [one for one in stale.reasons if "duplicate_keys was accepted up to 1 and is 2 now" in one]
    assert play.names.count("approval.requested") == 2
    assert play.bodies("step.intended")[0].requests == (play.bodies("approval.requested")[1].request,)


def test_what_one_guard_was_accepted_with_is_no_limit_of_another_of_the_same_check(stage, accounts, database):
    counts = "SELECT count(*)::int FROM account WHERE owner = 'eve'"
    stage.write(
        DELETE
        + f"""\
    guards:
      before:
        - {{check: sql, severity: warn, with: {{sql: SELECT balance FROM account WHERE id = 3, at_most: 5}}}}
        - {{check: sql, severity: warn, with: {{sql: "{counts}", at_most: 0}}}}
"""
    )
    first = stage.play(detach=True)
    stage.sign()
    database.execute("INSERT INTO account VALUES (4, 'eve')")
    again = stage.resume(first.run, detach=True)
    (stale,) = again.bodies("approval.stale")
    assert stale.reasons == ("sql#2 on live: answer is warn now, and was not when it was accepted",)
    assert accounts() == [1, 2, 3, 4]


def test_what_got_better_after_the_approval_leaves_it_valid(stage, accounts, database, twins):
    stage.write(DELETE + TWINS)
    better = Acts(lambda *_: (stage.sign(), database.execute("DELETE FROM child")))
    play = stage.play(Player(on_wait=better))
    assert play.ending.exit_code == 0
    assert "approval.stale" not in play.names
    assert [body.verdict for body in play.bodies("guards.asked")] == ["warn", "pass"]


def test_a_byte_of_the_runbook_changed_after_the_approval_voids_it(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign()
    text = stage.runbook.read_bytes()
    stage.runbook.write_bytes(text.replace(b"Delete an account", b"Delete no account"))
    again = stage.resume(first.run)
    assert again.ending.exit_code == 4
    assert "runbook.yaml was changed after the run opened" in again.reason
    assert again.bodies("approval.stale")[0].reasons == (again.reason,)
    assert accounts() == [1, 2, 3]
    stage.runbook.write_bytes(text)
    third = stage.resume(first.run, detach=True)
    assert (third.ending.exit_code, third.names.count("approval.requested")) == (6, 2)


def test_a_byte_of_the_runbook_changed_before_anybody_was_asked_stops_the_run(stage):
    stage.write("  - {id: tell, title: Tell, manual: Tell them., expected: They know.}\n")
    first = stage.play(Player(answers={"tell": "stop"}))
    stage.runbook.write_bytes(stage.runbook.read_bytes().replace(b"Tell them.", b"Say it."))
    again = stage.resume(first.run)
    assert (again.ending.exit_code, again.reason) == (4, f"{stage.runbook} was changed after the run opened")


def test_what_somebody_has_rejected_stays_rejected_when_the_runbook_is_changed(stage):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign(decision="reject", reason="not today")
    stage.runbook.write_bytes(stage.runbook.read_bytes().replace(b"Delete an account", b"Delete no account"))
    again = stage.resume(first.run)
    assert "runbook.yaml was changed after the run opened" in again.reason
    assert "approval.stale" not in again.names
    assert set(again.session.requests().values()) == {"rejected"}


def test_another_policy_in_shisa_yaml_than_at_the_request_voids_the_approval(stage, accounts):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign()
    stage.settings["policies"]["cross"]["need"].append({"team": "ops", "n": 1})
    stage.save()

    def both(_view, request):
        stage.sign(request=request)
        stage.sign(request=request, person="carol", team="ops")

    again = stage.resume(first.run, Player(on_wait=both))
    assert again.ending.exit_code == 0
    assert again.names.count("approval.requested") == 2
    assert {record.person for record in again.session.records if record.body.name == "approval.given"} >= {"carol"}


def test_a_step_that_needed_nobody_when_it_was_entered_needs_whom_it_needs_now(stage, accounts):
    """A function was called harmless while the step was shown, and is not any more when the run is taken up."""
    stage.settings["functions"] = {"harmless": ["sweep"]}
    stage.save()
    stage.write("  - id: sweep\n    title: Sweep\n    target: live\n    sql: SELECT sweep()\n")
    first = stage.play(Player(answers={"sweep": "stop"}))
    assert first.bodies("step.entered")[0].policies == ()
    del stage.settings["functions"]
    stage.save()
    again = stage.resume(first.run, detach=True)
    assert (again.state, again.names[-1]) == ("waiting", "run.paused")
    assert again.bodies("step.entered")[-1].policies == ("cross",)
    assert "step.intended" not in again.names


def test_a_target_that_leads_elsewhere_than_when_the_run_opened_is_refused(stage, server, database):
    stage.write(DELETE)
    first = stage.play(detach=True)
    stage.sign()
    stage.settings["targets"]["live"]["dsn"] = server.dsn()
    stage.save()
    with pytest.raises(GateClosedError, match="target live leads to another database than when the run opened"):
        stage.resume(first.run)


def test_a_target_that_is_moved_while_the_run_goes_on_closes_the_gate(stage, accounts, database, server):
    """The name of the database stays, and another database stands behind it."""
    stage.write(DELETE)
    aside = f"{database.name}_aside"

    def swap(_view):
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (database.name,)
            )
            admin.execute(f"ALTER DATABASE {database.name} RENAME TO {aside}")
            admin.execute(f"CREATE DATABASE {database.name} TEMPLATE {aside}")

    try:
        play = stage.play(Player(on_wait=stage.sign, on_go=swap))
        assert play.ending.exit_code == 1
        assert "target live is not the database of this run any more" in play.reason
        assert "step.intended" not in play.names
    finally:
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {aside} WITH (FORCE)")


@pytest.mark.long
def test_a_standby_is_refused_as_a_target_of_a_step_that_writes(stage, own_server):
    server = own_server()
    (server.data / "standby.signal").touch()
    server.restart()
    stage.settings["targets"]["live"]["dsn"] = server.dsn()
    stage.save()
    stage.write(DELETE)
    with pytest.raises(UsageError, match="target live is a standby, and step clean writes"):
        stage.play()
    assert stage.records() == []


PRODUCTION = {
    "unsigned": ({"key": None}, UsageError, "the run must be signed"),
    "answers from a file": ({"unattended": True}, UsageError, "answers come from a person"),
    "a journal on this machine": ({}, ConfigError, "the journal journal.db is on this machine only"),
}


@pytest.mark.parametrize(("options", "kind", "reason"), PRODUCTION.values(), ids=PRODUCTION)
def test_production_takes_no_run_that_is(stage, options, kind, reason):
    stage.settings["targets"]["live"]["environment"] = "production"
    stage.save()
    stage.write(DELETE)
    with pytest.raises(kind, match=reason):
        stage.play(**options)
    assert stage.records() == []


def test_production_takes_a_local_journal_for_a_reason(stage, accounts):
    stage.settings["targets"]["live"]["environment"] = "production"
    stage.settings["journal_local"] = "one operator, one machine"
    stage.save()
    stage.write(DELETE)
    assert stage.play(Player(on_wait=stage.sign)).ending.exit_code == 0
    assert accounts() == [1, 3]


def test_who_waits_lets_go_when_another_program_takes_the_run_up(stage, accounts):
    insert = DELETE.replace("DELETE FROM account WHERE id = 2", "INSERT INTO account VALUES (4, 'dan')")
    stage.write(insert + "  - {id: tell, title: Tell, manual: Tell them.}\n")
    elsewhere = []

    def come(view, _request):
        def resume():
            other = Stage.at(stage.folder)
            elsewhere.append(other.resume(view.run, Player(answers={"tell": "stop"}, on_wait=other.sign)))

        elsewhere.append(threading.Thread(target=resume))
        threading.Timer(0.3, elsewhere[0].start).start()

    play = stage.play(Player(on_wait=come))
    elsewhere[0].join()
    assert (play.state, play.ending.exit_code) == ("taken", 5)
    assert f"alice took run {play.run} up on " in play.reason
    assert elsewhere[1].state == "stopped"
    assert accounts() == [1, 2, 3, 4]
    assert stage.resume(play.run).ending.exit_code == 0
    assert accounts() == [1, 2, 3, 4]


INCIDENT = """
CREATE SCHEMA base;
CREATE TABLE base.customer (id serial PRIMARY KEY, name text);
INSERT INTO base.customer (name) SELECT 'x' FROM generate_series(1, 50);
CREATE TABLE base.plan (name text); INSERT INTO base.plan VALUES ('free');
"""
RESTORE = """\
  - id: bring-back
    title: Bring the plans back
    target: live
    restore: {from: "{{ backup }}", schemas: [base], section: data, sequences: from-backup}
    guards: {before: [{check: sequence-drift}]}
    approval: cross
"""


@pytest.fixture
def rewinding(stage, database, archive_tools, monkeypatch):
    """A run whose restore would put a sequence back from 150 to 50; gives the parameters."""
    database.execute(INCIDENT)
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")
    backup = stage.folder / "base.dump"
    subprocess.run([archive_tools.path("pg_dump"), "-Fc", "-n", "base", "-f", backup, "-d", database.dsn], check=True)
    database.execute(
        "INSERT INTO base.customer (name) SELECT 'y' FROM generate_series(1, 100);"
        "DELETE FROM base.customer WHERE id <= 50; TRUNCATE base.plan"
    )
    stage.write(RESTORE, head="params: {backup: {type: path}}\n")
    return {"backup": str(backup)}


def test_a_remedy_amends_the_plan_voids_approvals_and_survives_a_resume(stage, accounts, rewinding):
    first = stage.play(Player(remedy=True), params=rewinding, detach=True)
    (amended,) = first.bodies("plan.amended")
    assert first.ending.exit_code == 6
    assert amended.set == {"restore.sequences": "keep"}
    assert first.session.plan.order == ("bring-back", "bring-back.remedy1")
    again = stage.resume(first.run, Player(on_wait=stage.sign))
    assert again.ending.exit_code == 0, again.reason
    assert again.session.plan.order == ("bring-back", "bring-back.remedy1")
    assert [body.outcome for body in again.bodies("step.ended")] == ["done", "done"]
    assert accounts("SELECT count(*) FROM base.customer") == [150]
    assert accounts("SELECT last_value FROM base.customer_id_seq") == [150]
    assert stage.problems() == []


def test_without_the_remedy_the_run_stays_blocked(stage, accounts, rewinding):
    play = stage.play(params=rewinding)
    assert play.ending.exit_code == 1
    assert "sequence-drift says block" in play.reason
    assert accounts("SELECT last_value FROM base.customer_id_seq") == [150]


def test_an_approval_does_not_outlive_the_amendment_of_its_step(stage, accounts, rewinding, database):
    """Approved while harmless, then somebody makes the guard block; the remedy needs an approval of its own."""
    database.execute("SELECT setval('base.customer_id_seq', 50); DELETE FROM base.customer")
    first = stage.play(params=rewinding, detach=True)
    assert first.ending.exit_code == 6
    stage.sign()
    database.execute("SELECT setval('base.customer_id_seq', 150); INSERT INTO base.customer VALUES (150, 'late')")
    blocked = stage.resume(first.run)
    assert (blocked.state, blocked.names.count("approval.stale")) == ("blocked", 1)
    amended = stage.resume(first.run, Player(remedy=True), detach=True)
    assert amended.ending.exit_code == 6
    states = list(amended.session.requests().values())
    assert states == ["stale", "waiting"]
    assert accounts("SELECT last_value FROM base.customer_id_seq") == [150]
