import pytest

from runner.cli import common
from runner.cli.abort import _tell_of_races
from runner.config.load import read
from runner.engine.fold.state import fold
from runner.errors import OutcomeUnknownError
from runner.journal import events as ev
from runner.steps.outliving import mark_of
from tests.runner.cli.desk import BY_HAND, PURGE, Desk
from tests.runner.cli.test_status import approve, waiting  # noqa: F401

WHY = ("--reason", "the tenant wants the old data")


@pytest.fixture
def stopped(desk: Desk) -> tuple[Desk, str]:
    run, code = desk.run(BY_HAND, {"announce": "done", "look": "stop"})
    assert code == 5
    return desk, run


def lines(desk: Desk, run: str):
    return list(desk.journal().records(run=run))


def test_a_note_stands_in_the_timeline_under_its_writers_name(stopped):
    desk, run = stopped
    ran = desk.shisa("note", "last", "  the tenant is logged out ", who="bob")
    assert ran.code == 0, ran.err
    last = lines(desk, run)[-1]
    assert (last.person, last.body) == ("bob", ev.Note(text="the tenant is logged out"))
    assert "the tenant is logged out (bob)" in desk.shisa("show", run).out


def test_a_note_changes_nothing_of_a_run_and_may_follow_its_end(stopped):
    desk, run = stopped
    desk.shisa("note", run, "one", who="alice")
    assert fold(lines(desk, run)).name == "stopped"
    assert desk.shisa("abort", run, *WHY, who="alice").code == 0
    assert desk.shisa("note", run, "two", who="carol").code == 0
    assert fold(lines(desk, run)).name == "aborted"
    assert desk.shisa("verify").code == 0


@pytest.mark.parametrize(
    ("text", "says"), [("  ", "the remark is empty"), ("a\udcff", "not readable in this locale's")]
)
def test_a_note_that_says_nothing_is_refused(text, says, stopped):
    desk, run = stopped
    before = len(lines(desk, run))
    ran = desk.shisa("note", run, text, who="alice")
    assert ran.code == 2
    assert says in ran.err
    assert len(lines(desk, run)) == before


def test_a_note_by_somebody_whom_shisa_yaml_does_not_know_is_refused(stopped):
    ran = stopped[0].shisa("note", "last", "hello", "--person", "mallory")
    assert ran.code == 2
    assert "knows nobody called mallory" in ran.err


def test_the_operator_ends_a_run_and_signs_the_end(stopped):
    desk, run = stopped
    ran = desk.shisa("abort", run, *WHY, who="alice")
    assert ran.code == 0, ran.err
    closed = lines(desk, run)[-1].body
    assert (closed.state, closed.reason) == ("aborted", WHY[1])
    done = desk.shisa("verify", run, "--format", "json")
    assert (done.code, done.json["signatures"]) == (0, {"valid": 2, "invalid": 0, "unsigned": 0})
    assert desk.shisa("status").err == "no run is open\n"
    again = desk.shisa("resume", run, "--answers", "answers.yaml", who="alice")
    assert again.code == 2
    assert "has ended: aborted" in again.err


def test_somebody_else_does_not_end_a_run(stopped):
    desk, run = stopped
    ran = desk.shisa("abort", run, *WHY, who="carol")
    assert ran.code == 2
    assert f"run {run} belongs to alice, not to carol" in ran.err
    assert fold(lines(desk, run)).closed is None


def test_a_run_that_was_opened_signed_is_not_ended_unsigned_in_its_operators_name(stopped):
    desk, run = stopped
    ran = desk.shisa("abort", run, *WHY, "--person", "alice")
    assert ran.code == 2
    assert "was opened with a signature, so its end is signed, too" in ran.err
    assert fold(lines(desk, run)).closed is None


def test_a_run_has_one_end(stopped):
    desk, run = stopped
    assert desk.shisa("abort", run, *WHY, who="alice").code == 0
    ran = desk.shisa("abort", run, *WHY, who="alice")
    assert ran.code == 2
    assert "has ended: aborted" in ran.err


def test_a_run_does_not_end_while_nobody_knows_whether_a_step_happened(stopped):
    desk, run = stopped
    journal = desk.journal()
    journal.append(ev.StepIntended(step_digest="ab" * 32), run=run, step="look", person="alice")
    ran = desk.shisa("abort", run, *WHY, who="alice")
    assert ran.code == 7
    assert "cannot end while nobody knows whether look happened" in ran.err
    assert f"shisa resolve {run} look done|not-done" in ran.err
    assert fold(journal.records(run=run)).closed is None


def test_an_abort_takes_the_request_with_it(waiting):  # noqa: F811
    desk, run = waiting
    assert desk.shisa("abort", run, *WHY, who="alice").code == 0
    ran = desk.shisa("withdraw", run, "purge", *WHY, who="bob")
    assert ran.code == 4
    assert "the run was closed" in ran.err


def test_an_approval_is_withdrawn_by_who_gave_it_and_counts_no_more(waiting):  # noqa: F811
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    approve(desk, run, "carol", "ops")
    ran = desk.shisa("withdraw", "last", "purge", "--reason", "an older backup than I thought", who="bob")
    assert ran.code == 0, ran.err
    (request,) = desk.shisa("status", "--format", "json").json[0]["requests"]
    assert request["state"] == "withdrawn"
    assert request["reason"] == "bob withdrew: an older backup than I thought"


@pytest.mark.parametrize(
    ("who", "step", "code", "says"),
    [
        ("carol", "purge", 4, "carol has not approved this step"),
        ("bob", "restore", 2, "step restore of run"),
    ],
)
def test_what_was_not_given_cannot_be_withdrawn(who, step, code, says, waiting):  # noqa: F811
    desk, run = waiting
    approve(desk, run, "bob", "dev")
    ran = desk.shisa("withdraw", run, step, *WHY, who=who)
    assert ran.code == code
    assert says in ran.err
    (request,) = desk.shisa("status", "--format", "json").json[0]["requests"]
    assert request["state"] == "waiting"


def test_a_reason_is_demanded(stopped):
    assert stopped[0].shisa("abort", "last", who="alice").code == 2
    ran = stopped[0].shisa("abort", "last", "--reason", " ", who="alice")
    assert "the reason is empty" in ran.err


@pytest.fixture
def unknown(stopped):
    """A run whose program vanished while it ran a step."""
    desk, run = stopped
    desk.journal().append(ev.StepIntended(step_digest="ab" * 32), run=run, step="look", person="alice")
    return desk, run


def test_a_step_that_may_still_be_under_way_is_not_settled_by_hand(unknown):
    desk, run = unknown
    ran = desk.shisa("resolve", run, "look", "done", *WHY, who="alice")
    assert ran.code == 2
    assert "may still be under way" in ran.err
    assert desk.shisa("resolve", run, "look", "done", *WHY, "--program-ended", who="alice").code == 0


@pytest.mark.parametrize(("said", "outcome"), [("done", "done"), ("not-done", "failed")])
def test_what_the_operator_saw_settles_a_step_that_resume_could_not(said, outcome, unknown):
    desk, run = unknown
    pause = ev.RunPaused(state="unknown", reason="look: nobody knows")
    desk.journal().append(pause, run=run, step=None, person="alice")
    ran = desk.shisa("resolve", run, "look", said, "--reason", "seen with psql", who="alice")
    assert ran.code == 0, ran.err
    assert f"next: shisa resume {run}" in ran.err
    state = fold(lines(desk, run))
    assert (state.step("look").outcome, state.step("look").resolved.reason) == (outcome, "seen with psql")
    assert desk.shisa("abort", run, *WHY, who="alice").code == 0


@pytest.fixture
def unknown_purge(desk, database):
    """A run whose program vanished while it ran a step on a target."""
    database.execute("CREATE TABLE session (id int, ended bool)")
    desk.configure(database.dsn)
    run, _ = desk.run(PURGE, {"*": "go"}, "--detach")
    journal = desk.journal()
    journal.append(ev.StepIntended(step_digest="ab" * 32), run=run, step="purge", person="alice")
    journal.append(ev.RunPaused(state="unknown", reason="purge: nobody knows"), run=run, step=None, person="alice")
    return desk, run


@pytest.mark.parametrize(("name", "doing"), [("{} lock", "holds the target for its run"), ("{}/purge", "idle")])
def test_a_step_is_not_settled_while_a_session_of_its_run_is_there(unknown_purge, database, name, doing):
    desk, run = unknown_purge
    session = database.connect(application_name=name.format(f"shisa/{run}"))
    pid = session.info.backend_pid
    for words in ((), ("--program-ended",)):
        ran = desk.shisa("resolve", run, "purge", "done", *WHY, *words, who="alice")
        assert ran.code == 2
        assert f"purge may still be under way: live: process {pid}, {name.format(f'shisa/{run}')} from 127.0" in ran.err
        assert f"{doing}: purge, taken up by alice on " in ran.err
        assert f"SELECT pg_terminate_backend({pid}); then look once more" in ran.err
    database.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
    assert desk.shisa("resolve", run, "purge", "done", *WHY, who="alice").code == 0


def test_a_step_is_not_settled_while_its_program_works_on(unknown_purge):
    desk, run = unknown_purge
    with mark_of(desk.folder / "journal.db.kept", run, "purge").held():
        ran = desk.shisa("resolve", run, "purge", "done", *WHY, "--program-ended", who="alice")
    assert ran.code == 2
    assert "the program of purge is still at work on this machine" in ran.err
    assert desk.shisa("resolve", run, "purge", "done", *WHY, who="alice").code == 0


def test_where_the_target_cannot_be_asked_the_operator_says_that_the_program_has_ended(unknown_purge):
    desk, run = unknown_purge
    desk.configure()
    ran = desk.shisa("resolve", run, "purge", "done", *WHY, who="alice")
    assert ran.code == 2
    assert "nobody can tell whether purge is still under way: live: No server listens at" in ran.err
    assert desk.shisa("resolve", run, "purge", "done", *WHY, "--program-ended", who="alice").code == 0


@pytest.mark.parametrize(
    ("who", "step", "says"),
    [
        ("carol", "look", "belongs to alice, not to carol"),
        ("alice", "announce", "the outcome of announce of run"),
        ("alice", "nothing", "unknown are: look"),
    ],
)
def test_a_step_is_settled_by_the_operator_and_only_where_it_is_unknown(who, step, says, unknown):
    desk, run = unknown
    before = len(lines(desk, run))
    ran = desk.shisa("resolve", run, step, "done", *WHY, "--program-ended", who=who)
    assert ran.code == 2
    assert says in ran.err
    assert len(lines(desk, run)) == before


def test_a_step_begun_while_the_run_was_being_ended_is_told_as_unknown(stopped):
    desk, run = stopped
    journal = desk.journal()
    seen = fold(journal.records(run=run))
    journal.append(ev.StepIntended(step_digest="ab" * 32), run=run, step="look", person="alice")
    closed = journal.append(ev.RunClosed(state="aborted"), run=run, step=None, person="alice")
    with pytest.raises(OutcomeUnknownError, match="its program began look at the same moment"):
        _tell_of_races(common.Desk(read(desk.folder / "shisa.yaml"), journal), seen, closed)
