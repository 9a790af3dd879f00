import os
import re
import subprocess
import sys
import threading

import psycopg
import pytest

from runner.cli import check as command
from tests.fixtures.servers import ROOT
from tests.runner.cli.desk import Desk, fits

HEALTHY = "CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item SELECT FROM generate_series(1, 20)"
BEHIND = HEALTHY + "; SELECT setval('item_id_seq', 5)"


@pytest.fixture
def live(desk: Desk, database):
    desk.configure(database.dsn)
    return desk, database


@pytest.mark.parametrize(("made", "verdict", "code"), [(HEALTHY, "pass", 0), (BEHIND, "block", 1)])
def test_a_guard_says_what_it_measured_and_the_exit_code_follows(made, verdict, code, live):
    desk, database = live
    database.execute(made)
    ran = desk.shisa("check", "sequence-drift", "--target", "live", "--format", "json")
    fits("check", ran.json)
    assert (ran.code, ran.json["verdict"]) == (code, verdict), ran.json["message"]
    assert ran.json["looked_at"] == 1
    assert ran.json["target"] == "live"
    assert ran.json["identity"]["database"] == database.name
    assert any("pg_sequence" in sql for sql in ran.json["sql"])


def test_the_screen_names_the_database_the_object_and_the_figures(live):
    desk, database = live
    database.execute(BEHIND)
    ran = desk.shisa("check", "sequence-drift", "--target", "live")
    shown = re.sub(r"[\s│]+", " ", ran.out)
    assert ran.code == 1
    assert f"database {database.name} on" in shown
    assert "public.item_id_seq" in shown
    assert "highest id in use: 20" in shown
    assert shown.count("BLOCK") == len(["the guard", "the sequence"]), "what one row says is said again"


def test_a_target_may_be_a_uri_without_any_configuration(live):
    desk, database = live
    (desk.folder / "shisa.yaml").unlink()
    database.execute(HEALTHY)
    ran = desk.shisa("check", "sequence-drift", "--target", database.dsn, "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.json["config"]) == (0, "pass", None)
    assert ran.json["target"].endswith(f"/{database.name}")


def test_parameters_reach_the_check(live):
    desk, database = live
    database.execute(BEHIND + "; CREATE TABLE other (id serial)")
    ran = desk.shisa(
        "check", "sequence-drift", "--target", "live", "--with", "only=public.other_id_seq", "--format", "json"
    )
    assert (ran.code, ran.json["looked_at"]) == (0, 1), ran.json


def test_what_shisa_yaml_accepts_does_not_count(live):
    desk, database = live
    database.execute(BEHIND)
    with (desk.folder / "shisa.yaml").open("a") as config:
        config.write(
            "accept: [{check: sequence-drift, object: public.item_id_seq, reason: known, by: bob, until: 2999-12-31}]\n"
        )
    ran = desk.shisa("check", "sequence-drift", "--target", "live", "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.json["accepted"]) == (0, "pass", 1)


def test_nothing_to_look_at_is_unknown(live):
    ran = live[0].shisa("check", "sequence-drift", "--target", "live", "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.json["looked_at"]) == (1, "unknown", 0)


@pytest.fixture
def clerk(live):
    """The URI of a role without any privilege."""
    database = live[1]
    role, server = f"clerk_{database.name}", database.server
    password = server.password
    login = f"LOGIN PASSWORD '{password}'" if password else "LOGIN"
    database.execute(f"{HEALTHY}; CREATE ROLE {role} {login}")
    yield database.server.dsn(database.name, user=role)
    database.execute(f"DROP ROLE {role}")


def test_a_role_that_may_not_look_is_unknown_with_the_reason(live, clerk):
    ran = live[0].shisa(
        *("check", "duplicate-keys-in-tree", "--target", clerk, "--with", "parent=public.item", "--format", "json")
    )
    assert (ran.code, ran.json["verdict"]) == (1, "unknown")
    assert ran.json["identity"]["role"] == f"clerk_{live[1].name}"
    assert "public.item may not be read by this role" in ran.json["message"]


def test_a_server_that_does_not_tell_what_it_is_is_unknown(live, clerk):
    desk, database = live
    database.execute("REVOKE EXECUTE ON FUNCTION pg_control_system FROM PUBLIC")
    ran = desk.shisa("check", "sequence-drift", "--target", clerk, "--format", "json")
    assert (ran.code, ran.json["verdict"], ran.json["identity"]) == (1, "unknown", None)
    assert "does not tell what it is: permission denied for function pg_control_system" in ran.json["message"]


def test_without_a_server_the_guard_is_unknown_and_no_password_is_shown(desk):
    ran = desk.shisa("check", "sequence-drift", "--target", "postgresql://u:sekret@127.0.0.1:1/db", "--format", "json")
    fits("check", ran.json)
    assert (ran.code, ran.json["verdict"], ran.json["identity"]) == (1, "unknown", None)
    assert ran.json["message"] == "sequence-drift could not look: No server listens at 127.0.0.1:1."
    assert ran.json["target"] == "u@127.0.0.1:1/db"
    assert "hint: Is PostgreSQL running there" in ran.err
    screen = desk.shisa("check", "sequence-drift", "--target", "postgresql://u:sekret@127.0.0.1:1/db")
    assert (screen.code, screen.out.count("No server")) == (1, 1)
    assert "sekret" not in ran.out + ran.err + screen.out + screen.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sequnce-drift", "--target", "live"), "did you mean sequence-drift?"),
        (("sequence-drift", "--target", "liv"), "there is no target 'liv'"),
        (("sequence-drift", "--target", "live", "--with", "bakup=x"), "no parameter bakup; did you mean backup?"),
        (
            ("sequence-drift", "--target", "live", "--with", "scan_limit=much"),
            "scan_limit: 'much' is not a whole number",
        ),
        (("sequence-drift", "--target", "live", "--with", "scan_limit"), "'scan_limit' is not name=value"),
        (("duplicate-keys-in-tree", "--target", "live"), "needs the parameter parent"),
        (("sequence-drift", "--target", "postgresql://u:sekret@[/db"), "connection string cannot be read"),
        (
            ("sequence-drift", "--target", "live", "--config", "nowhere.yaml"),
            "there is no configuration file nowhere.yaml",
        ),
        (("sequence-drift",), "--target"),
    ],
)
def test_a_wrong_call_is_exit_2_and_asks_nobody(words, says, desk):
    ran = desk.shisa("check", *words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert "sekret" not in ran.err


def test_a_long_check_says_that_it_goes_on(live, monkeypatch):
    desk, database = live
    database.execute(HEALTHY)
    monkeypatch.setattr(command, "_PATIENCE_S", 0.05)
    with database.connect(autocommit=False) as blocker:
        blocker.execute("LOCK TABLE item")
        release = threading.Timer(1, blocker.rollback)
        release.start()
        ran = desk.shisa("check", "sequence-drift", "--target", "live")
        release.join()
    assert "still asking sequence-drift on live" in ran.err


def test_an_interrupted_check_leaves_no_session_behind(live):
    database = live[1]
    database.execute(HEALTHY)
    with database.connect(autocommit=False) as blocker, database.connect() as watch:
        blocker.execute("LOCK TABLE item")
        asking = subprocess.Popen(
            [sys.executable, "-m", "runner", "check", "sequence-drift", "--target", "live"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            until(watch, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'", 1)
            asking.send_signal(2)
            assert asking.wait(30) == 130
            assert asking.stderr.read() == "shisa: interrupted\n"
        finally:
            asking.kill()
            asking.communicate()
        until(watch, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'shisa/%'", 0)


def until(connection: psycopg.Connection, query: str, wanted: int) -> None:
    query += " AND datname = current_database()"
    for _ in range(600):
        if connection.execute(query).fetchone()[0] == wanted:
            return
        connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError(query)
