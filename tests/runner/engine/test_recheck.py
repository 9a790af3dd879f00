"""Right before the effect: guards are asked again, or their evidence is proven to hold, or is young enough."""

import datetime as dt
import time

import pytest

from tests.runner.engine.stage import Player

pytestmark = pytest.mark.usefixtures("undisturbed")
STEP = """\
  - id: delete
    title: Delete one
    target: live
    approval: cross
    no_rollback: a test
    sql: DELETE FROM account WHERE id = 3
    guards: {{before: [{{check: {check}, {recheck}}}]}}
"""
COUNT = "row-count, with: {tables: [public.account]}"


def write(stage, recheck, check=COUNT):
    stage.write(STEP.format(check=check, recheck=recheck))


def again(play):
    """The evidence right before the effect, and whether it is the one of before."""
    before, *_ = play.bodies("guards.asked", "delete")
    found = next(body for body in play.bodies("guards.asked", "delete") if body.moment == "again")
    (evidence,) = found.evidence
    return evidence, evidence["taken_at"] == before.evidence[0]["taken_at"]


def meanwhile(stage, act):
    """Somebody acts while the run waits for the second person."""

    def wait(view, request):
        act()
        stage.sign(view, request)

    return Player(on_wait=wait)


def test_full_asks_again_whatever_happened(stage):
    write(stage, "recheck: full")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    evidence, same = again(play)
    assert (same, "holds" in evidence, "basis" in evidence) == (False, False, False)


def test_cheap_proves_that_nothing_was_written(stage):
    write(stage, "recheck: cheap")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    evidence, same = again(play)
    assert same
    assert evidence["holds"] == "nothing that it rests on was written since"
    assert stage.problems() == []


def test_the_guard_whose_evidence_holds_is_left_alone_and_the_other_is_asked_again(stage):
    write(stage, "recheck: cheap}, {check: long-transactions")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    found = next(body for body in play.bodies("guards.asked", "delete") if body.moment == "again").evidence
    assert [(one["check"], "holds" in one) for one in found] == [("row-count", True), ("long-transactions", False)]


def test_the_worst_of_several_guards_is_what_they_say_together(stage, database):
    database.execute("DELETE FROM account")
    write(stage, "recheck: cheap}, {check: long-transactions")
    play = stage.play()
    assert play.state == "blocked"
    (asked,) = play.bodies("guards.asked", "delete")
    assert (asked.verdict, [one["verdict"] for one in asked.evidence]) == ("block", ["block", "pass"])


WRITES = {
    "a row": "INSERT INTO account VALUES (4, 'dan', 0)",
    "another table": "CREATE TABLE elsewhere (id int)",
    "a table without WAL": "INSERT INTO quiet VALUES (1)",
}


@pytest.mark.parametrize("write_it", WRITES.values(), ids=WRITES)
def test_cheap_asks_again_where_anything_was_written(stage, database, write_it):
    database.execute("CREATE UNLOGGED TABLE quiet (id int)")
    write(stage, "recheck: cheap")
    play = stage.play(meanwhile(stage, lambda: database.execute(write_it)))
    assert play.state == "completed"
    evidence, same = again(play)
    assert not same
    assert "holds" not in evidence


def test_what_was_written_and_is_worse_blocks(stage, database):
    write(stage, "recheck: cheap")
    play = stage.play(meanwhile(stage, lambda: database.execute("DELETE FROM account")))
    assert play.state != "completed"
    assert again(play)[0]["verdict"] == "block"
    assert play.bodies("step.intended", "delete") == []


def test_a_backup_that_was_touched_is_read_again(stage, database, tmp_path):
    backup = tmp_path / "backup.sql"
    backup.write_text("--\n-- PostgreSQL database dump\n--\n\n--\n-- PostgreSQL database dump complete\n--\n")
    write(stage, "recheck: cheap", "backup-readable, with: {backup: backup.sql}")
    play = stage.play(Player(on_wait=stage.sign))
    assert again(play)[1], play.reason
    database.execute("INSERT INTO account VALUES (3, 'cid', 30)")
    play = stage.play(meanwhile(stage, lambda: backup.write_text(backup.read_text())))
    assert not again(play)[1]


def test_what_depends_on_time_and_sessions_is_always_asked_again(stage):
    write(stage, "recheck: cheap", "long-transactions")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    assert not again(play)[1]


def test_what_was_accepted_is_judged_again(stage, database):
    database.execute("DELETE FROM account")
    known = {"check": "row-count", "object": "public.account", "reason": "r", "by": "bob", "until": "9999-12-31"}
    stage.settings["accept"] = [known]
    stage.save()
    write(stage, "recheck: cheap")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed", play.reason
    assert not again(play)[1]


@pytest.mark.parametrize(
    ("recheck", "same"),
    [
        ("recheck: none, max_age: 5min", True),
        ("recheck: none, max_age: 20ms", False),
        ("recheck: cheap, max_age: 5min", True),
        ("recheck: cheap, max_age: 20ms", False),
        ("recheck: full, max_age: 5min", False),
    ],
)
def test_age_counts_from_the_look(stage, recheck, same):
    stage.settings["policies"]["cross"]["lock_while_waiting"] = "hold"
    stage.save()
    write(stage, recheck)
    play = stage.play(meanwhile(stage, lambda: time.sleep(0.05)))
    assert play.state == "completed"
    evidence, held = again(play)
    assert held is same
    assert evidence.get("holds", "").endswith("may be 5min") is ("none" in recheck and same)


def test_youth_alone_does_not_count_where_the_target_was_let_go_meanwhile(stage):
    write(stage, "recheck: none, max_age: 5min")
    play = stage.play(Player(on_wait=stage.sign))
    assert play.state == "completed"
    assert not again(play)[1]


def test_evidence_of_the_future_is_no_evidence(stage):
    stage.write(
        "  - id: delete\n    title: T\n    target: live\n    sql: INSERT INTO account VALUES (9, 'x')\n"
        f"    guards: {{before: [{{check: {COUNT}, recheck: none, max_age: 5min}}]}}\n"
    )
    play = stage.play(Player({"delete": "stop"}))
    assert play.state == "stopped"
    behind = dt.timedelta(minutes=1)
    play = stage.resume(play.run, clock=lambda: dt.datetime.now(dt.UTC) - behind)
    assert play.state == "completed", play.reason
    assert not again(play)[1]
