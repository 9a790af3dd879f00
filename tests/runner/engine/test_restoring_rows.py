"""A run that gives one tenant its rows back: asked, signed, carried out within what was signed, and taken back."""

import os
import subprocess
import time
from datetime import timedelta

import psycopg
import pytest

from runner.archive import Rows
from runner.engine.effect import last_look
from tests.runner.engine.stage import Player, Stage
from tests.runner.engine.test_during import TREE, duplicate_when_running

HEAD = """\
params:
  backup: {type: path}
  tenant: {type: integer, label: {target: live, sql: SELECT name FROM tenants WHERE id = :tenant}}
"""
STEP = """\
  - id: bring-back
    title: Bring it back
    target: live
    restore:
      from: "{{ backup }}"
      tables: [public.orders, public.lines]
      tenant_of: {public.lines: SELECT tenant FROM orders WHERE id = order_id}
      where: {public.orders: "tenant = :tenant", public.lines: "tenant_of = :tenant"}
      rows: ROWS
    guards:
      before: [{check: restore-overwrite, with: {group_by: tenant, allow: ["{{ tenant }}"]EXAMPLES}}]
    expect: {rows: {min: 1, max: 100}}
    approval: cross
    rollback: {restore: undo}
"""
BROKEN = "  - {id: broken, title: Broken, target: live, sql: SELECT 1/0}\n"


def step(rows="insert-missing", examples=""):
    return STEP.replace("ROWS", rows).replace("EXAMPLES", examples)


@pytest.fixture
def backup(database, archive_tools, monkeypatch, tmp_path):
    """Orders of three tenants with their lines, of which a backup was taken; the orders of tenant 7 are gone."""
    monkeypatch.setenv("PATH", f"{archive_tools.bin}{os.pathsep}{os.environ['PATH']}")
    database.execute(
        "CREATE TABLE tenants (id int PRIMARY KEY, name text);"
        "INSERT INTO tenants VALUES (7, 'ACME K.K.'), (8, 'Bento Ltd.'), (9, 'Chashitsu');"
        "CREATE TABLE orders (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenants);"
        "CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, v text);"
        "INSERT INTO orders SELECT g, 7 + g % 3 FROM generate_series(1, 9) g;"
        "INSERT INTO lines SELECT g, 1 + g % 9, 'old' FROM generate_series(1, 27) g"
    )
    path = tmp_path / "shop.dump"
    subprocess.run([archive_tools.path("pg_dump"), "-Fc", "-f", path, "-d", database.dsn], check=True)
    database.execute("DELETE FROM orders WHERE tenant = 7; UPDATE lines SET v = 'new'")
    return path


@pytest.fixture
def rows(accounts):
    digest = "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM {} AS t"
    return lambda: [accounts(digest.format(table)) for table in ("orders", "lines")]


def play(stage, backup, text, player=None, tenant="7"):
    stage.write(text, head=HEAD)
    return stage.play(player or Player(on_wait=stage.sign), params={"backup": str(backup), "tenant": tenant})


def test_one_tenant_gets_its_orders_and_their_lines_back_and_nobody_else_is_touched(stage, backup, accounts, rows):
    before = rows()
    done = play(stage, backup, step() + BROKEN)
    assert done.ending.exit_code == 3, done.reason
    assert done.ended("bring-back").message.startswith("public.orders: 3 inserted; public.lines: 9 inserted; committed")
    assert accounts("SELECT count(*) FROM orders WHERE tenant = 7") == [3]
    assert accounts("SELECT count(*) FROM lines WHERE v = 'old'") == [9]
    (intended,) = done.bodies("step.intended", "bring-back")
    assert intended.xid is not None
    assert (stage.folder / "journal.db.kept" / intended.kept).stat().st_mode & 0o777 == 0o600
    back = stage.roll_back(done.run)
    assert back.state == "rolled-back", back.reason
    assert back.ended("bring-back.rollback").message.startswith("public.orders: 3 deleted; public.lines: 9 deleted")
    assert rows() == before
    assert stage.problems() == []


def test_a_rollback_is_refused_where_others_wrote_since(stage, backup, accounts, database):
    done = play(stage, backup, step() + BROKEN)
    database.execute("UPDATE lines SET v = 'theirs' WHERE v = 'old'")
    back = stage.roll_back(done.run)
    assert (back.state, back.ending.exit_code) == ("rollback-failed", 9)
    assert (
        "public.lines was written to since the restore: 9 of 9 that it inserted are not as it left them" in back.reason
    )
    assert accounts("SELECT count(*) FROM lines WHERE v = 'theirs'") == [9]


def test_rows_that_were_signed_are_the_rows_that_are_written_or_it_is_asked_again(stage, backup, database):
    """One order is missing when the reviewer signs; before the step starts somebody deletes two more."""
    database.execute("INSERT INTO orders VALUES (6, 7), (9, 7)")
    waits = []

    def sign(view, request):
        waits.append(request)
        stage.sign(view, request)
        if len(waits) == 1:
            database.execute("DELETE FROM orders WHERE tenant = 7")

    done = play(stage, backup, step(), Player(on_wait=sign))
    assert done.ending.exit_code == 0, done.reason
    (stale,) = done.bodies("approval.stale")
    said = "restore-overwrite on live: public.orders (tenant 7): rows_written was accepted up to 1 and is 3 now"
    assert said in stale.reasons
    assert len(waits) == 2
    assert done.ended("bring-back").message.startswith("public.orders: 3 inserted; public.lines: 9 inserted")


def test_tenants_that_would_lose_something_are_told_by_name(stage, backup, rows):
    before = rows()
    text = step("overwrite").replace('"tenant = :tenant"', '"true"').replace('"tenant_of = :tenant"', '"true"')
    done = play(stage, backup, text)
    assert done.ending.exit_code == 1
    (asked,) = done.bodies("guards.asked")
    told = {each["object"]: each for each in asked.evidence[0]["findings"]}
    lost = told["public.lines (tenant 8)"]
    assert lost["verdict"] == "block"
    assert "tenant 8 = Bento Ltd.: 9 changed" in lost["message"]
    assert lost["measured"]["rows_written"] == 9
    assert told["public.orders (tenant 7)"]["verdict"] == "pass"
    assert rows() == before


def test_examples_are_told_to_who_asked_and_stand_nowhere_in_the_journal(stage, backup):
    player = Player(on_wait=stage.sign)
    done = play(stage, backup, step(examples=", examples: 2"), player)
    assert done.ending.exit_code == 0
    assert any('restore-overwrite: public.orders (tenant 7): examples: key "id"=' in line for line in player.said)
    asked = [record.text for record in stage.records() if record.body.name == "guards.asked"]
    assert asked
    assert not any("id" in text.replace("tenant_id", "") and "key" in text and "columns" in text for text in asked)


def test_a_backup_of_another_database_is_refused(stage, backup, database, rows):
    before = rows()
    content = backup.read_bytes()
    backup.write_bytes(content.replace(database.name.encode(), b"x" * len(database.name)))
    done = play(stage, backup, step())
    assert (done.ending.exit_code, done.state) == (1, "blocked")
    assert "The backup is one of the database xxxx" in done.reason
    assert rows() == before


def test_a_condition_that_does_more_than_look_is_refused_before_anybody_is_asked(stage, backup):
    done = play(stage, backup, step().replace('"tenant = :tenant"', '"pg_terminate_backend(pg_backend_pid())"'))
    assert done.ending.exit_code == 1
    assert "a restore's condition must be one query that only looks" in done.reason
    assert "approval.requested" not in done.names


def test_a_guard_that_objects_meanwhile_stops_it_and_no_row_is_another_one(stage, backup, database, accounts, rows):
    """A trigger holds the rows up; somebody makes an id twice in an inheritance tree as soon as that is seen."""
    database.execute(TREE)
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';"
        "CREATE TRIGGER slow BEFORE INSERT ON lines FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    before = rows()
    running = "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    maker = duplicate_when_running(database, running)
    during = "      during: [{check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 100ms}]\n    expect"
    done = play(stage, backup, step().replace("    expect", during, 1))
    maker.join()
    assert (done.state, done.ended("bring-back").outcome) == ("blocked", "cancelled")
    assert accounts(running) == [0]
    assert rows() == before


def test_a_guard_of_locks_knows_which_tables_the_rows_go_into_and_how_they_are_locked(stage, backup, database, rows):
    before = rows()
    other = database.connect(autocommit=False)
    other.execute("LOCK TABLE lines IN ROW EXCLUSIVE MODE")
    guard = "{check: lock-conflicts, with: {max_wait: 0s}}, {check: restore-overwrite"
    done = play(stage, backup, step().replace("{check: restore-overwrite", guard))
    assert (done.state, done.ending.exit_code) == ("blocked", 1)
    (asked,) = done.bodies("guards.asked")
    (finding,) = [each for each in asked.evidence[0]["findings"] if each["verdict"] == "block"]
    assert "ShareRowExclusiveLock" in str(finding)
    assert "lines" in str(finding)
    other.rollback()
    assert rows() == before


@pytest.fixture
def impatient(team_journal, monkeypatch):
    """A team journal that takes no intent on guards that were asked a second ago; a look counts half of that."""
    monkeypatch.setattr(last_look, "COUNTS", timedelta(seconds=0.5))
    with psycopg.connect(team_journal, autocommit=True) as root:
        (rule,) = root.execute("SELECT pg_get_functiondef('shisa.judge_guards'::regproc)").fetchone()
        assert "'60 s'" in rule
        root.execute(rule.replace("'60 s'", "'1 s'"))
        yield team_journal
        root.execute(rule)


@pytest.fixture
def slow(monkeypatch):
    """Staging that takes longer than a look counts, and calls ``meanwhile`` in it."""

    class Slow(Rows):
        meanwhile = staticmethod(lambda: None)

        def blocks(self, entry):
            time.sleep(1.2)
            Slow.meanwhile()
            yield from super().blocks(entry)

    monkeypatch.setattr("runner.steps.restore_rows.Rows", Slow)
    return Slow


def test_guards_are_asked_again_where_staging_took_longer_than_a_team_journal_takes(
    impatient, slow, backup, database, tmp_path
):
    team = Stage.of(tmp_path / "team", database.dsn, journal=impatient)
    done = play(team, backup, step())
    assert done.ending.exit_code == 0, done.reason
    moments = [each.moment for each in done.bodies("guards.asked", "bring-back")]
    assert moments == ["before", "again", "again"]
    assert done.names[done.names.index("step.intended") - 1] == "guards.asked"


def test_a_guard_that_objects_after_staging_closes_the_gate_and_nothing_was_begun(
    impatient, slow, backup, database, tmp_path
):
    team = Stage.of(tmp_path / "team", database.dsn, journal=impatient)
    slow.meanwhile = lambda: database.execute("UPDATE orders SET tenant = 9 WHERE tenant = 8")
    guard = "{check: sql, with: {sql: SELECT count(*) FROM orders WHERE tenant = 8, equals: '3'}}, {check: restore-"
    done = play(team, backup, step().replace("{check: restore-", guard))
    assert (done.state, done.ending.exit_code) == ("blocked", 1)
    assert done.reason.startswith("bring-back: sql says block")
    assert "step.intended" not in done.names
    assert database.connect().execute("SELECT count(*) FROM orders WHERE tenant = 7").fetchone() == (0,)


def test_what_must_be_signed_again_after_staging_is_asked_for_and_not_begun_before(
    slow, backup, database, stage, monkeypatch
):
    monkeypatch.setattr(last_look, "COUNTS", timedelta(seconds=0.5))
    waits = []

    def sign(view, request):
        waits.append(request)
        stage.sign(view, request)
        slow.meanwhile = lambda: len(waits) == 1 and database.execute("DELETE FROM lines WHERE order_id = 6")

    database.execute("INSERT INTO orders VALUES (6, 7); INSERT INTO lines VALUES (5, 6, 'old')")
    done = play(stage, backup, step(), Player(on_wait=sign))
    assert done.ending.exit_code == 0, done.reason
    assert len(waits) == 2
    assert len(done.bodies("step.intended", "bring-back")) == 1


def test_what_is_ended_while_its_rows_are_staged_was_never_begun(slow, backup, stage, database, rows):
    database.execute(TREE)
    before = rows()
    slow.meanwhile = lambda: database.execute("INSERT INTO branch_b VALUES (1)") or time.sleep(2)
    during = "      during: [{check: duplicate-keys-in-tree, with: {parent: public.tree}, every: 100ms}]\n    expect"
    done = play(stage, backup, step().replace("    expect", during, 1))
    assert (done.state, done.ending.exit_code) == ("blocked", 1)
    assert "a guard objected while the step ran" in done.reason
    assert not {"step.intended", "step.ended"} & {*done.names}
    assert rows() == before


def test_a_secret_in_a_condition_stops_the_step_and_stands_nowhere(stage, backup, rows, monkeypatch, capfd):
    monkeypatch.setenv("WORD", "Tr0ub4dor")
    before = rows()
    text = step().replace('"tenant = :tenant"', "\"tenant = :tenant AND 'x' <> :'word'\"")
    stage.write(text, head=HEAD + "  word: {type: secret}\n")
    player = Player(on_wait=stage.sign)
    done = stage.play(player, params={"backup": str(backup), "tenant": "7", "word": "env:WORD"})
    assert (done.state, done.ending.exit_code) == ("blocked", 1)
    assert done.reason == "bring-back: the secret 'word' stands in a restore's condition, which is journaled"
    assert rows() == before
    left = [path.read_bytes() for path in stage.folder.rglob("*") if path.is_file()]
    assert not any(b"Tr0ub4dor" in each for each in left)
    said = [*player.said, *player.progressed, *capfd.readouterr(), repr(done.session.records)]
    assert "Tr0ub4dor" not in "".join(said)
