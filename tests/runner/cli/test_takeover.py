"""``shisa takeover``, and what ``status`` and ``show`` say of sessions that are still on the server."""

import pytest

from runner.journal.events import StepIntended
from tests.runner.cli.desk import PURGE, Desk, fits

ROWS = "CREATE TABLE session (id int, ended bool); INSERT INTO session SELECT g, g <= 3 FROM generate_series(1, 10) g"


@pytest.fixture
def waiting(desk: Desk, database) -> tuple[Desk, str]:
    """A run of alice's that waits for reviewers; she has left it."""
    database.execute(ROWS)
    desk.configure(database.dsn)
    run, _ = desk.run(PURGE, {"*": "go"}, "--detach")
    return desk, run


@pytest.fixture
def ghost(waiting, database):
    """A session that a program of the run has left in the middle of a transaction."""
    _, run = waiting
    left = database.connect(application_name=f"shisa/{run}/purge", autocommit=False)
    left.execute("LOCK TABLE session IN EXCLUSIVE MODE")
    return left


def test_sessions_of_a_run_are_told_by_status_and_show(waiting, ghost):
    desk, run = waiting
    told = f"ON THE SERVER: live: process {ghost.info.backend_pid}, shisa/{run}/purge"
    for words in ("status",), ("show", run):
        said = " ".join(desk.shisa(*words).out.split())
        assert told in said
        assert "idle in transaction, in a transaction since " in said
        assert "locks session Exclusive" in said
        found = desk.shisa(*words, "--format", "json").json
        fits(words[0], found)
        (one,) = found if isinstance(found, list) else [found]
        assert [(each["pid"], each["target"]) for each in one["ghosts"]] == [(ghost.info.backend_pid, "live")]
        assert one["ghosts_unknown"] == []


def test_a_step_whose_program_is_at_work_is_told_as_under_way_and_not_as_of_unknown_outcome(waiting, database):
    desk, run = waiting
    journal = desk.journal()
    journal.append(StepIntended(step_digest="0" * 64), run=run, step="purge", person="alice")
    journal.close()
    dead = " ".join(desk.shisa("show", run).out.split())
    assert "state UNKNOWN" in dead
    assert "OUTCOME UNKNOWN nobody can tell yet whether purge happened" in dead
    database.connect(application_name=f"shisa/{run} lock")
    alive = " ".join(desk.shisa("show", run).out.split())
    assert "state AT WORK" in alive
    assert "step purge under way" in alive
    assert "OUTCOME UNKNOWN" not in alive
    assert f"{run} AT WORK" in " ".join(desk.shisa("status").out.split())
    assert desk.shisa("show", run, "--format", "json").json["state"] == "unknown"


def test_a_target_that_cannot_be_asked_is_told_as_unknown(waiting):
    desk, run = waiting
    desk.configure()
    for words in ("status",), ("show", run):
        said = " ".join(desk.shisa(*words).out.split())
        assert "UNKNOWN what runs on the server: live: No server listens at 127.0.0.1:1." in said


def test_without_being_told_nothing_is_ended(waiting, ghost):
    desk, run = waiting
    ran = desk.shisa("takeover", run, who="carol")
    assert ran.code == 0
    assert f"STILL THERE     live: process {ghost.info.backend_pid}" in ran.out
    assert f"run {run} is carol's now; what was approved for alice must be approved again" in ran.err
    assert ghost.execute("SELECT 1").fetchone() == (1,)


def test_told_so_it_ends_what_is_left_and_the_journal_proves_who_did(waiting, ghost):
    desk, run = waiting
    ran = desk.shisa("takeover", run, "--end", "--reason", "the laptop is dead", "--format", "json", who="carol")
    assert (ran.code, ran.json) == (0, {"run": run, "operator": "carol", "steps": [], "left": []})
    assert f"1 session of this run still on the server:\n  live: process {ghost.info.backend_pid}" in ran.err
    shown = " ".join(desk.shisa("show", run).out.split())
    assert "HANDED OVER from alice to carol on " in shown
    assert "sessions still on its targets: 1: the laptop is dead" in shown
    assert f"ended sessions that the other program had left: {ghost.info.backend_pid}" in shown
    assert desk.shisa("verify").code == 0
    assert desk.shisa("resume", run, "--detach", who="alice").err.startswith(f"shisa: run {run} belongs to carol")


def test_a_line_that_names_another_heir_than_signed_is_found(waiting):
    desk, run = waiting
    assert desk.shisa("takeover", run, who="carol").code == 0
    desk.tamper('UPDATE journal SET body = replace(body, \'"to_person":"carol"\', \'"to_person":"bob"\')')
    ran = desk.shisa("verify")
    assert ran.code == 8
    assert "what was signed and what the line says differ in operator" in ran.out + ran.err
