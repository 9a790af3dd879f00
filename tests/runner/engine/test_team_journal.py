"""Whole runs on a team journal: each person by their own login, the database as the second judge."""

import threading
import time
from pathlib import Path

import psycopg
import pytest

from runner.errors import ApprovalError, ConfigError, JournalError, UsageError
from runner.journal.postgres.rules import demand_same, sync
from runner.journal.postgres.store import PostgresJournal
from tests.runner.engine.stage import Player, Stage, as_user
from tests.runner.engine.test_approvals import DELETE


@pytest.fixture
def team(stage, team_journal, database, tmp_path, monkeypatch) -> Stage:
    """The stage of other tests, on a team journal."""
    made = Stage.of(tmp_path / "team", database.dsn, journal=team_journal)
    made.write(DELETE)
    return made


def test_an_approved_step_runs_and_its_approval_is_vouched_for_twice(team, accounts):
    play = team.play(Player(on_wait=team.sign))
    assert play.ending.exit_code == 0
    assert [each.assurance for each in play.bodies("approval.given")] == ["db+signed"]
    assert set(play.session.requests().values()) == {"consumed"}
    assert accounts() == [1, 3]
    assert team.problems() == []


def test_a_decision_wakes_the_waiting_operator_within_a_second(team):
    decided: list[float] = []

    def sign_later(view, request):
        def later():
            time.sleep(0.7)  # the operator's program waits by then; what is measured begins after it
            team.sign(view, request)
            decided.append(time.monotonic())

        threading.Thread(target=later).start()

    seen = []
    play = team.play(Player(on_wait=sign_later, on_go=lambda _view: seen.append(time.monotonic())))
    assert play.ending.exit_code == 0
    assert seen[0] - decided[0] < 1.0


def test_policies_that_were_loaded_meanwhile_stop_the_start(team, accounts):
    def load_others(_view):
        team.settings["policies"]["cross"]["need"] = [{"team": "dev", "n": 1}, {"team": "ops", "n": 1}]
        sync(team.settings["journal"], changed(team))

    play = team.play(Player(on_wait=team.sign, on_go=load_others))
    assert play.state == "rejected"
    assert "others than the journal's" in play.reason
    assert accounts() == [1, 2, 3]


def changed(team):
    """What somebody else's shisa.yaml says, while this process has the old one."""
    other = Stage(team.folder / "other", team.settings)
    other.folder.mkdir()
    Path(other.folder / "shisa.yaml").write_text((team.folder / "shisa.yaml").read_text())
    other.save()
    return other.config


def test_a_file_that_differs_from_the_journals_copy_is_refused_with_the_places(team):
    demand_same(team.settings["journal"], team.config)
    text = (team.folder / "shisa.yaml").read_text()
    (team.folder / "shisa.yaml").write_text(text.replace('"n": 1', '"n": 2').replace('"15min"', '"2h"'))
    with pytest.raises(ConfigError, match=r"differ in policies\.cross\.approval_ttl, policies\.cross\.need$"):
        demand_same(team.settings["journal"], team.config)


def test_a_run_under_another_file_is_refused_by_the_database_as_well(team):
    text = (team.folder / "shisa.yaml").read_text()
    (team.folder / "shisa.yaml").write_text(text.replace('"15min"', '"2h"'))
    journal = team.journal()
    with pytest.raises(JournalError, match="others than the journal's"):
        team.open(journal=journal)
    journal.close()


def test_nobody_writes_into_another_persons_run(team):
    play = team.play(detach=True)
    journal = team.journal("carol")
    with pytest.raises(JournalError, match=f"run {play.run} belongs to alice, not to carol"):
        journal.append(play.bodies("step.entered")[0], run=play.run, step="clean", person="carol")
    journal.close()


def test_a_signature_is_judged_though_the_database_took_it(team, accounts):
    def forge(view, request):
        journal = team.journal("bob")
        given = approval(request.request)
        journal.append(given, run=view.run, step=view.path, person="bob")
        journal.close()
        team.sign(view, request, decision="reject", reason="not mine")

    play = team.play(Player(on_wait=forge))
    assert play.state == "rejected"
    assert accounts() == [1, 2, 3]


def approval(request):
    from runner.journal.events import ApprovalGiven

    return ApprovalGiven(request=request, as_team="dev", statement="{}", signature="forged", assurance="db+signed")


def test_one_who_left_the_team_does_not_count_though_they_signed(team, accounts):
    def leave(_view):
        with psycopg.connect(team.settings["journal"], autocommit=True) as root:
            root.execute("UPDATE shisa.person SET teams = '{ops}' WHERE name = 'bob'")

    play = team.play(Player(on_wait=team.sign, on_go=leave))
    assert play.state == "rejected"
    assert "not enough people have approved step clean" in play.reason
    assert accounts() == [1, 2, 3]
    assert "step.intended" not in play.names


def test_the_database_refuses_what_the_reviewers_program_would_have_let_through(team):
    play = team.play(detach=True)
    (request,) = play.bodies("approval.requested")
    journal = team.journal("carol")
    with pytest.raises(ApprovalError, match="carol is not in team dev"):
        journal.append(approval(request.request), run=play.run, step="clean", person="carol")
    journal.close()


def test_production_takes_no_journal_in_its_own_cluster(team):
    team.settings["targets"]["live"]["environment"] = "production"
    team.save()
    with pytest.raises(UsageError, match="target live is production, and the journal lies in its cluster"):
        team.open()


def test_a_journal_that_goes_away_before_the_effect_stops_the_run_with_8(team, accounts, database):
    place = team.settings["journal"]
    name = psycopg.conninfo.conninfo_to_dict(place)["dbname"]

    def lock_out(_view):
        root = database.connect()
        root.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        root.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,))

    journal = PostgresJournal(as_user(place, "alice"), patience_s=0.3)
    try:
        with pytest.raises(JournalError) as away:
            team.play(Player(on_wait=team.sign, on_go=lock_out), journal=journal)
    finally:
        database.connect().execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    journal.close()
    assert away.value.exit_code == 8
    assert "The team journal" in away.value.message
    assert accounts() == [1, 2, 3]
    run = team.records()[0].run
    assert team.resume(run).ending.exit_code == 0
    assert accounts() == [1, 3]


def test_who_left_shisa_yaml_is_let_in_no_more(team):
    member = "SELECT pg_has_role('carol', 'shisa_reviewer', 'MEMBER')"
    before = dict(team.settings["people"])
    with psycopg.connect(team.settings["journal"], autocommit=True) as root:
        assert root.execute(member).fetchone() == (True,)
        try:
            del team.settings["people"]["carol"]
            team.save()
            assert root.execute(member).fetchone() == (False,)
        finally:
            team.settings["people"] = before
            team.save()
        assert root.execute(member).fetchone() == (True,)
