"""Guards while a step runs: what a breach stops, what it asks, what it holds."""

import threading
import time

import pytest

from runner.engine.effect import during
from runner.journal import open_journal
from runner.journal.events import RunClosed
from tests.runner.engine.stage import Player

TREE = """
CREATE TABLE tree (id int PRIMARY KEY);
CREATE TABLE branch_a (PRIMARY KEY (id)) INHERITS (tree);
CREATE TABLE branch_b (PRIMARY KEY (id)) INHERITS (tree);
INSERT INTO branch_a VALUES (1);
"""
SLEEP = """\
  - id: slow
    title: Work for a while
    target: live
    sql: |
      INSERT INTO account VALUES (9, 'zoe');
      SELECT pg_sleep({seconds})
    guards:
      during: [{{check: duplicate-keys-in-tree, with: {{parent: public.tree}}, every: 100ms, on_breach: {on_breach}}}]
"""
STILL_RUNNING = (
    "SELECT count(*)::int FROM pg_stat_activity"
    " WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND state = 'active'"
)


def duplicate_when_running(database, query):
    """Make the bad state as soon as the step's effect is seen on the server."""

    def make():
        with database.connect() as connection:
            while connection.execute(query).fetchone()[0] == 0:
                time.sleep(0.02)
            connection.execute("INSERT INTO branch_b VALUES (1)")

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    return thread


def test_a_breach_stops_the_effect_and_nothing_of_it_stays(stage, accounts, database):
    database.execute(TREE)
    stage.write(SLEEP.format(seconds=60, on_breach="stop"))
    maker = duplicate_when_running(database, STILL_RUNNING)
    play = stage.play()
    maker.join()
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert "a guard objected while the step ran" in play.reason
    assert play.ended("slow").outcome == "cancelled"
    assert accounts() == [1, 2, 3]
    assert accounts(STILL_RUNNING) == [0]
    verdicts = [body.evidence["verdict"] for body in play.bodies("guard.sampled")]
    assert verdicts[-1] == "block"
    assert stage.problems() == []


def test_a_content_guard_lets_the_step_end(stage, accounts, database):
    database.execute(TREE)
    stage.write(SLEEP.format(seconds=0.4, on_breach="stop"))
    play = stage.play()
    assert play.state == "completed"
    assert accounts() == [1, 2, 3, 9]
    assert len(play.bodies("guard.sampled")) >= 2


@pytest.mark.parametrize(("answer", "state"), [("stop", "blocked"), ("carry on", "completed")])
def test_ask_asks_the_operator_and_silence_stops(stage, database, answer, state):
    database.execute(TREE + "INSERT INTO branch_b VALUES (1);")
    stage.write(SLEEP.format(seconds=1 if state == "completed" else 60, on_breach="ask"))
    player = Player({"slow": answer})
    player.go = lambda _view: "go"
    play = stage.play(player)
    assert play.state == state
    assert "1 key (id: 1) stands more than once" in player.said[0]


def test_a_program_is_ended_with_its_whole_group_when_a_guard_objects(stage, database, tmp_path):
    database.execute(TREE)
    marker = tmp_path / "started"
    stage.write(
        "  - id: slow\n    title: A program\n    target: live\n    approval: cross\n"
        f"    command: {{argv: 'touch {marker}; sleep 61.7 & sleep 61.7', shell: true}}\n"
        "    guards:\n      during: [{check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 100ms}]\n"
    )

    def make():
        while not marker.exists():
            time.sleep(0.02)
        database.execute("INSERT INTO branch_b VALUES (1)")

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    play = stage.play(Player(on_wait=stage.sign))
    thread.join()
    assert play.state in {"blocked", "unknown"}
    assert play.ended("slow").outcome in {"cancelled", "unknown"}
    import psutil

    left = [each for each in psutil.process_iter(["cmdline"]) if "61.7" in (each.info["cmdline"] or [])]
    assert left == []


def test_a_pause_holds_a_loop_until_the_guard_is_content(stage, database):
    database.execute(TREE + "INSERT INTO branch_b VALUES (1);")
    stage.write(
        "  - id: batches\n    title: Batches\n    target: live\n"
        "    sql: INSERT INTO account SELECT max(id) + 1, 'x' FROM account HAVING max(id) < 6\n"
        "    repeat: {until: {rows: 0}, max: 9}\n"
        "    guards:\n      during:\n"
        "        - {check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 50ms, on_breach: pause}\n"
    )
    player = Player()

    def mend(text):
        player.said.append(text)
        database.execute("DELETE FROM branch_b")

    player.tell = mend
    play = stage.play(player)
    assert play.state == "completed"
    assert len([text for text in player.said if "paused before batches[1], for 1h at most: " in text]) == 1
    assert play.ended("batches").message == "4 iterations, 3 rows in all"


def test_a_pause_gives_up(stage, database):
    database.execute(TREE + "INSERT INTO branch_b VALUES (1);")
    stage.write(
        "  - id: batches\n    title: Batches\n    target: live\n    sql: INSERT INTO account VALUES (7, 'x')\n"
        "    repeat: {until: {rows: 0}, max: 9}\n    guards:\n      during:\n        - check: duplicate-keys-in-tree\n"
        "          with: {parent: public.tree}\n"
        "          every: 20ms\n          on_breach: pause\n          give_up_after: 60ms\n"
    )
    play = stage.play()
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert "did not recover within 60ms" in play.reason


def test_a_pause_by_a_guard_that_cannot_look_says_so_and_is_bounded_where_nothing_bounds_it(stage, monkeypatch):
    monkeypatch.setattr(during, "_PATIENCE", "60ms")
    stage.write(
        "  - id: batches\n    title: Batches\n    target: live\n    sql: INSERT INTO account VALUES (7, 'x')\n"
        "    repeat: {until: {rows: 0}, max: 9}\n    guards:\n      during:\n"
        "        - {check: row-count, with: {tables: [public.gone]}, every: 20ms, on_breach: pause}\n"
    )
    player = Player()
    play = stage.play(player)
    assert (play.state, play.ending.exit_code) == ("blocked", 1)
    assert play.reason == "batches[1]: row-count did not recover within 60ms: There is no table public.gone to look at."
    told = "paused before batches[1], for 60ms at most: There is no table public.gone to look at."
    assert [text for text in player.said if "paused" in text] == [told]


def test_a_pause_ends_with_the_run(stage, database):
    database.execute(TREE + "INSERT INTO branch_b VALUES (1);")
    stage.write(
        "  - id: batches\n    title: Batches\n    target: live\n    sql: INSERT INTO account VALUES (7, 'x')\n"
        "    repeat: {until: {rows: 0}, max: 9}\n    guards:\n      during:\n"
        "        - {check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 20ms, on_breach: pause}\n"
    )
    player = Player()

    def abort(_text):
        journal = open_journal(stage.config.config.journal, stage.folder)
        run = next(journal.records()).run
        journal.append(RunClosed(state="aborted", reason="enough"), run=run, step=None, person="alice")
        journal.close()

    player.tell = abort
    assert stage.play(player).state == "aborted"
