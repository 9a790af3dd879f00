"""One run at a time on a target, whoever starts it, and one program at a time for a run."""

import os
import threading

import pytest

from runner.engine.target.locks import base_lock
from runner.errors import ApprovalError, RunTakenError, TargetLockedError
from runner.journal import open_journal
from runner.journal.events import ApprovalWithdrawn, Note, RunHandedOver, RunResumed, StepIntended
from runner.postgres.lock import Lock
from runner.postgres.transaction import Transaction
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from tests.runner.engine.stage import Player, Stage

ADD = """\
  - id: add
    title: Add an account
    target: live
    sql: INSERT INTO account VALUES (4, 'dan')
"""
CLEAN = """\
  - id: clean
    title: Delete an account
    target: live
    sql: DELETE FROM account WHERE id = 2
    approval: cross
"""
UNCHECKED = "    guards: {before: [{check: hidden-nextval, recheck: none, max_age: 1h}]}\n"
HELD = """
SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
 WHERE datname = current_database() AND locktype = 'advisory'"""
ALL = bool(os.environ.get("SHISA_TEST_ALL"))


@pytest.fixture
def held(accounts):
    """Tells the names of the sessions that hold a lock."""
    return lambda: accounts(HELD)


def refused(stage, *, run=None, **options):
    """Try to open or resume a run, and give the reason why it may not go on."""
    with pytest.raises(TargetLockedError) as caught:
        stage.resume(run, **options) if run else stage.play(**options)
    assert caught.value.exit_code == 1
    return caught.value


def test_a_second_run_on_a_target_is_told_who_has_it_from_where_and_since_when(stage, held):
    stage.write(ADD)
    first = stage.open()
    assert held() == [f"shisa/{first.run} lock"]
    error = refused(stage, person="carol", key=stage.key("carol"))
    opened = first.state.opened
    assert f"target live is taken by run {first.run} since " in error.message
    assert f": practice, taken up by alice on {opened.host} at " in error.message
    assert f"`shisa takeover {first.run}`" in error.hint
    assert len(stage.records()) == 1
    first.let_go()
    assert stage.play(person="carol", key=stage.key("carol")).state == "completed"
    assert held() == []


def test_a_run_of_another_journal_is_told_by_its_session(stage, tmp_path, database):
    stage.write(ADD)
    other = Stage.of(tmp_path / "elsewhere", database.dsn)
    other.write(ADD)
    first = other.open()
    error = refused(stage)
    assert f"target live is taken by run {first.run}" in error.message
    assert "a run that is not in this journal, as role postgres" in error.message
    first.let_go()
    first.journal.close()


def test_a_session_that_is_no_run_is_told_by_its_process(stage, database):
    stage.write(ADD)
    stranger = database.connect(application_name="cron")
    stranger.execute("SELECT pg_advisory_lock(%s, 0)", (int.from_bytes(b"shsa", "big"),))
    error = refused(stage)
    assert f"target live is taken by cron (process {stranger.info.backend_pid})" in error.message
    assert stage.records() == []


def test_while_people_are_waited_for_others_may_work_and_the_guards_are_asked_again_afterwards(stage, held):
    seen = []
    stage.write(CLEAN + UNCHECKED)

    def meanwhile(*_):
        other = Stage.at(stage.folder)
        threading.Timer(0.4, lambda: (seen.append(held()), other.sign())).start()

    play = stage.play(Player(on_wait=meanwhile))
    assert play.state == "completed"
    assert seen == [[]]
    assert ["holds" in item for item in play.bodies("guards.asked")[-1].evidence] == [False]


def test_a_policy_may_hold_the_target_while_people_are_waited_for(stage, held):
    seen = []
    stage.settings["policies"]["cross"]["lock_while_waiting"] = "hold"
    stage.save()
    stage.write(CLEAN + UNCHECKED)

    def meanwhile(*_):
        threading.Timer(0.4, lambda: (seen.append(held()), Stage.at(stage.folder).sign())).start()

    play = stage.play(Player(on_wait=meanwhile))
    assert play.state == "completed"
    assert seen == [[f"shisa/{play.run} lock"]]
    assert ["holds" in item for item in play.bodies("guards.asked")[-1].evidence] == [True]


def test_who_comes_back_from_waiting_and_finds_the_target_taken_is_blocked_and_can_resume(stage):
    stage.write(CLEAN)
    others = []

    def meanwhile(view, request):
        def take():
            others.append(Stage.at(stage.folder).open(person="carol", key=stage.key("carol")))
            stage.sign(view, request)

        threading.Timer(0.4, take).start()

    play = stage.play(Player(on_wait=meanwhile))
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert f"target live is taken by run {others[0].run}" in play.reason
    assert "step.intended" not in play.names
    others[0].let_go()
    assert stage.resume(play.run).state == "completed"


END = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE 'shisa/% lock'"""


def test_a_lock_that_got_lost_is_taken_again_before_the_next_step(stage, held, accounts):
    stage.write("  - {id: tell, title: Tell, manual: Tell them.}\n" + ADD)
    lost = Player(on_go=lambda _: accounts(END))
    play = stage.play(lost)
    assert play.state == "completed"
    assert accounts("SELECT count(*) FROM account") == [4]


@pytest.mark.parametrize("times", [1, 2])
def test_a_lock_that_gets_lost_as_a_step_begins_is_taken_again_once(stage, accounts, monkeypatch, times):
    begin, left = Transaction.begin, [times]

    def losing(self):
        xid = begin(self)
        if left[0]:
            left[0] -= 1
            accounts(END)
        return xid

    monkeypatch.setattr(Transaction, "begin", losing)
    stage.write(ADD)
    play = stage.play()
    if times == 1:
        assert (play.state, accounts("SELECT count(*) FROM account")) == ("completed", [4])
        return
    assert play.state == "blocked"
    assert play.reason == "the lock on target live got lost, so another run may have been at work there"
    assert "find out who ends this run's sessions there" in play.ending.hint
    assert accounts("SELECT count(*) FROM account") == [3]
    assert "step.intended" not in play.names


def test_a_lock_that_got_lost_to_another_run_stops_before_the_effect(stage, accounts):
    others = []

    def lose(view):
        accounts(END)
        others.append(Stage.at(stage.folder).open(person="carol", key=stage.key("carol")))

    stage.write(ADD)
    play = stage.play(Player(on_go=lose))
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert f"target live is taken by run {others[0].run}" in play.reason
    assert accounts("SELECT count(*) FROM account") == [3]
    others[0].let_go()


def keyed(*keys):
    return ADD.replace("4,", "(SELECT max(id) + 1 FROM account),") + f"    lock: [{', '.join(keys)}]\n"


def test_runs_that_lock_by_keys_go_together_unless_a_key_is_the_same(stage):
    stage.write(keyed("tenant-1", "reports"))
    first = stage.open()
    first.hold("add")
    stage.write(keyed("tenant-2"))
    assert stage.play(person="carol", key=stage.key("carol")).state == "completed"
    stage.write(ADD)
    assert f"target live is taken by run {first.run}" in refused(stage).message
    first.let_go()


def test_two_runs_that_need_the_same_key_are_told_which(stage):
    stage.write(keyed("tenant-1"))
    stage.write(
        "  - {id: first, title: First, target: live, lock: [tenant-1], sql: SELECT 1}\n"
        "  - {id: second, title: Second, target: live, lock: [tenant-1], sql: SELECT 2}\n"
    )
    inner = []

    def second(view):
        if view.path == "second" and not inner:
            inner.append(Stage.at(stage.folder).play(person="carol", key=stage.key("carol")))

    assert stage.play(Player(on_go=second)).state == "completed"
    assert inner[0].state == "blocked"
    assert "lock tenant-1 on target live is taken by run" in inner[0].reason


def test_an_emergency_runs_beside_others_and_says_so_once(stage):
    stage.write(ADD)
    first = stage.open()
    stage.write(ADD, head="emergency: true\n")
    play = stage.play(person="carol", key=stage.key("carol"))
    first.let_go()
    assert play.state == "completed"
    (note,) = play.bodies("note")
    assert f"an emergency, so this run goes on although target live is taken by run {first.run}" in note.text


def test_who_only_looks_needs_no_lock(stage, held):
    stage.write("  - {id: look, title: Look, target: live, check: hidden-nextval}\n")
    session = stage.open()
    assert held() == []
    session.let_go()


BASES = {
    "only looks": ("  - {id: a, title: A, check: hidden-nextval}\n", None),
    "does something": ("  - {id: a, title: A, manual: Do.}\n", Lock("")),
    "names keys": ("  - {id: a, title: A, manual: Do., lock: [k]}\n", Lock("", shared=True)),
    "names keys in one step only": (
        "  - {id: a, title: A, manual: Do., lock: [k]}\n  - {id: b, title: B, manual: Do.}\n",
        Lock(""),
    ),
    "names keys in a loop": (
        "  - {id: a, title: A, for_each: {items: [1], as: i, steps: [{id: b, title: B, manual: Do., lock: [k]}]}}\n",
        Lock("", shared=True),
    ),
}


@pytest.mark.parametrize(("steps", "lock"), BASES.values(), ids=BASES)
def test_a_runbook_locks_its_targets_whole_unless_each_step_names_what_it_needs(tmp_path, steps, lock):
    path = tmp_path / "runbook.yaml"
    path.write_text(f"shisa: 1\nid: practice\ntitle: T\nsteps:\n{steps}")
    assert base_lock(plan_of(load(path), {})) == lock


def test_behind_a_pooler_no_run_goes_on_for_its_lock_would_not_last(stage, pooled, database):
    stage.settings["targets"]["live"]["dsn"] = pooled.dsn()
    stage.save()
    stage.write(ADD)
    assert "is reached through a pooler, on which a run cannot hold a lock" in refused(stage).message


def test_a_program_whose_run_was_taken_up_elsewhere_writes_and_does_nothing_more(stage, accounts):
    stage.write(ADD)

    def taken(view):
        journal = open_journal(stage.config.config.journal, stage.folder)
        journal.append(RunResumed(operator="alice", host="other"), run=view.run, step=None, person="alice")
        journal.close()

    play = stage.play(Player(on_go=taken))
    assert (play.state, play.ending.exit_code) == ("taken", 5)
    assert f"alice took run {play.run} up on other at " in play.reason
    assert [record.body.name for record in stage.records()][-1] == "run.resumed"
    assert accounts("SELECT count(*) FROM account") == [3]


def test_a_turn_is_over_by_what_was_not_seen_only(stage):
    stage.write(ADD)
    session = stage.open()
    session.let_go()
    journal = session.journal
    note, place = Note(text="mine"), {"run": session.run, "step": None, "person": "alice"}
    handed = journal.append(RunHandedOver(from_person="alice", to_person="bob"), **place)
    with pytest.raises(RunTakenError) as caught:
        journal.append(note, **place, seen=handed.seq - 1)
    assert caught.value.message.startswith(f"alice took run {session.run} up at ")
    assert journal.append(note, **place, seen=handed.seq).seq == handed.seq + 1
    assert journal.append(note, **{**place, "run": "261127-000000"}, seen=0).seq == handed.seq + 2
    journal.close()


def test_a_no_that_was_not_seen_comes_before_an_intent_that_needs_a_yes_and_before_no_other(stage):
    stage.write(ADD)
    session = stage.open()
    session.let_go()
    place = {"run": session.run, "step": "add"}
    no = session.journal.append(ApprovalWithdrawn(request="req-x", reason="wrong"), **place, person="bob")
    approved, free = StepIntended(step_digest="0", requests=("req-x",)), StepIntended(step_digest="0")
    with pytest.raises(ApprovalError, match="bob withdrew at the moment when add was to begin: wrong"):
        session.journal.append(approved, **place, person="alice", seen=no.seq - 1)
    assert session.journal.append(free, **place, person="alice", seen=no.seq - 1).seq == no.seq + 1
    session.journal.close()


def at_once(programs, run=""):
    """Give all programs their line at the same moment, and read what became of each."""
    for program in programs:
        program.stdin.write(f"{run}\n")
        program.stdin.flush()
    return [program.stdout.readline().strip() for program in programs]


SLOW = """\
  - id: alone
    title: Take a moment
    target: live
    sql: >-
      INSERT INTO shift (what) VALUES ('in'); SELECT count(*) FROM generate_series(1, 100000);
      INSERT INTO shift (what) VALUES ('out')
"""
OVERLAPS = """
WITH span AS (SELECT xid, min(at) AS began, max(at) AS ended FROM shift GROUP BY xid)
SELECT a.xid::text FROM span a JOIN span b ON a.xid <> b.xid AND (a.began, a.ended) OVERLAPS (b.began, b.ended)"""


def test_two_operators_who_start_at_the_same_moment_never_work_at_once(stage, starters, database, accounts):
    database.execute(
        "CREATE TABLE shift (what text, at timestamptz DEFAULT clock_timestamp(),"
        " xid xid8 DEFAULT pg_current_xact_id())"
    )
    stage.write(SLOW)
    programs = starters("alice", "carol")
    refusals = done = 0
    for _ in range(100 if ALL else 15):
        for said in at_once(programs):
            assert said == "completed" or said.startswith("TargetLockedError target live is taken by run"), said
            refusals += said != "completed"
            done += said == "completed"
    assert refusals
    assert accounts("SELECT count(*) FROM shift") == [2 * done]
    assert accounts(OVERLAPS) == []
    assert stage.problems() == []


def test_two_programs_that_resume_one_run_at_the_same_moment_do_each_step_once(stage, starters, accounts):
    stage.write("  - {id: tell, title: Tell, manual: Tell them.}\n" + ADD)
    programs = starters("alice", "alice")
    for _ in range(20 if ALL else 4):
        accounts("DELETE FROM account WHERE id = 4 RETURNING id")
        play = stage.play(Player(answers={"tell": "stop"}))
        said = sorted(at_once(programs, play.run))
        assert "completed" in said, said
        other = next(each for each in said if each != "completed")
        assert other.split()[0] in {"TargetLockedError", "RunTakenError", "RunEndedError", "UsageError", "taken"}, other
        names = [record.body.name for record in stage.records(play.run)]
        assert names.count("step.intended") == 2 + names.count("step.ended") - 2
        assert accounts("SELECT count(*) FROM account WHERE id = 4") == [1]
    assert stage.problems() == []
