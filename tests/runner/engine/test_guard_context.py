"""What a guard is told of its step: the tables it changes, how it locks them, and the target's own commands."""

import json

from tests.runner.engine.stage import Player

ALTER = """\
  - id: widen
    title: Give accounts a note
    target: live
    sql: ALTER TABLE account ADD note text
    destructive: {lowered: "it adds an empty column"}
    guards:
      before: [{check: lock-conflicts, with: {max_wait: 0s}}]
"""
ROOM = """\
  - id: room
    title: There is room
    target: live
    check: disk-headroom
    with: {relations: [account], reserve: 0}
"""


def test_a_guard_looks_at_the_tables_of_its_step(stage, accounts, database):
    stage.write(ALTER)
    with database.connect(autocommit=False) as reader:
        reader.execute("SELECT * FROM account")
        play = stage.play(Player())
        assert play.state == "blocked"
        assert "holds AccessShareLock on public.account, in the way of AccessExclusiveLock" in play.reason


def test_without_anybody_in_the_way_the_step_runs(stage, accounts):
    stage.write(ALTER)
    assert stage.play(Player()).state == "completed"


def test_the_targets_own_command_tells_the_free_bytes(stage, accounts):
    stage.settings["targets"]["live"]["disk_free"] = ["echo", "123456789"]
    stage.save()
    stage.write(ROOM)
    play = stage.play(Player())
    assert play.state == "completed"
    (asked,) = play.bodies("guards.asked", "room")
    assert asked.evidence[0]["findings"][0]["measured"]["free_bytes"] == 123456789


def test_a_target_without_that_command_is_not_guessed_at(stage, accounts):
    stage.write(ROOM)
    play = stage.play(Player())
    assert play.state == "blocked"
    assert "names no command disk_free" in play.reason


def test_what_evidence_leaves_aside_is_a_file_that_it_names(stage):
    names = ", ".join(f"public.gone_{number}" for number in range(105))
    stage.write(
        "  - {id: many, title: Many, target: live, check: row-count, with: {tables: [public.account, " + names + "]}}\n"
    )
    play = stage.play()
    assert play.state == "blocked"
    omitted = play.bodies("guards.asked", "many")[0].evidence[0]["omitted"]
    kept = b"".join(play.session.attachments.read(omitted["sha256"]))
    assert len(json.loads(kept)["findings"]) == omitted["findings"] == 6
