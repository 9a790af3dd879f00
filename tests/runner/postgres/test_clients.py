"""PostgreSQL's own programs: found, told where to connect without a word of it in public, and ended whole."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from runner.errors import StepFailedError, UsageError
from runner.postgres.clients import end_backends, find_client, login, run_client
from runner.postgres.connect import connect

AMBIENT = {"PGOPTIONS": "-c session_replication_role=replica", "PGDATESTYLE": "SQL, DMY", "PGTZ": "Asia/Kathmandu"}
"""With these triggers would not fire, and a date or a time of an approved text would be another one."""


def script(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_is_found_on_the_path_with_its_version(archive_tools, monkeypatch):
    monkeypatch.setenv("PATH", str(archive_tools.bin))
    client = find_client("pg_restore")
    assert client.path == archive_tools.path("pg_restore")
    assert client.major == archive_tools.version


def test_a_program_that_is_not_there_is_refused_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="pg_restore is not on the PATH") as refused:
        find_client("pg_restore")
    assert "postgresql-client" in refused.value.hint


@pytest.mark.parametrize("text", ["echo 'pg_restore (PostgreSQL) devel'", "echo '(PostgreSQL) 15.1'; exit 3"])
def test_a_program_that_does_not_tell_its_version_is_refused(monkeypatch, tmp_path, text):
    script(tmp_path, "pg_restore", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UsageError, match="does not tell its version"):
        find_client("pg_restore")


def test_the_password_goes_by_the_environment_and_all_else_by_the_conninfo(monkeypatch):
    monkeypatch.setenv("PGUSER", "ambient")
    where, env = login("postgresql://eve:s3cret@db.example:5433/app?sslmode=require", "shisa/run/step")
    assert "s3cret" not in where
    assert env["PGPASSWORD"] == "s3cret"
    assert env["PGUSER"] == "ambient"
    for part in ("host=db.example", "port=5433", "dbname=app", "user=eve", "sslmode=require"):
        assert part in where
    assert "application_name=shisa/run/step" in where


def test_the_environment_brings_no_settings_into_a_program(database, archive_tools, monkeypatch):
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    where, env = login(database.dsn, "shisa/run/step")
    shown = "SELECT current_setting('session_replication_role'), current_setting('DateStyle') <> 'SQL, DMY'"
    argv = [str(archive_tools.path("psql")), "-XAt", "-d", where, "-c", shown]
    assert run_client(argv, env).output == "origin|t\n"


def test_what_the_conninfo_leaves_open_is_filled_in_as_for_our_own_connections(database, archive_tools, monkeypatch):
    given = psycopg.conninfo.conninfo_to_dict(database.dsn)
    for name in ("host", "port", "user"):
        monkeypatch.setenv(f"PG{name.upper()}", str(given[name]))
    if "passfile" in given:
        monkeypatch.setenv("PGPASSFILE", str(given["passfile"]))
    if "password" in given:
        monkeypatch.setenv("PGPASSWORD", str(given["password"]))
    conninfo = f"dbname={database.name}"
    query = "SELECT current_database() || ' ' || inet_server_port() || ' ' || current_user"
    with connect(conninfo, application_name="x") as own:
        (expected,) = own.execute(query).fetchone()
    where, env = login(conninfo, "x")
    ran = run_client([str(archive_tools.path("psql")), "-XAtc", query, "-d", where], env)
    assert (ran.code, ran.output.strip()) == (0, expected)


def test_what_a_conninfo_says_wins_over_its_service(database, archive_tools, monkeypatch, tmp_path):
    given = psycopg.conninfo.conninfo_to_dict(database.dsn)
    lines = [f"{key}={value}" for key, value in given.items() if key != "dbname"]
    (tmp_path / "services").write_text("\n".join(["[prod]", *lines, "dbname=postgres", ""]))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    where, env = login(f"service=prod dbname={database.name}", "x")
    ran = run_client([str(archive_tools.path("psql")), "-XAtc", "SELECT current_database()", "-d", where], env)
    assert ran.output.strip() == database.name


def test_a_passphrase_that_could_not_be_hidden_is_refused():
    with pytest.raises(UsageError, match="sslpassword"):
        login("host=db sslpassword=s3cret", "x")


def test_the_secret_stands_in_no_argument_list_of_the_program_that_runs(database, tmp_path):
    where, env = login(f"{database.dsn}&password=s3cret", "x")
    program = script(tmp_path, "client", "cat /proc/$$/cmdline; printf '\\n'; printf %s \"$PGPASSWORD\"")
    ran = run_client([str(program), "-d", where], env)
    arguments, _, password = ran.output.rpartition("\n")
    assert "s3cret" not in arguments
    assert database.name in arguments
    assert password == "s3cret"


def alive(pid):
    """Whether a process runs; one that only waits for its parent to notice has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def await_that(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("stubborn", [False, True], ids=["obedient", "deaf to SIGTERM"])
def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path, monkeypatch, stubborn):
    monkeypatch.setattr("runner.postgres.clients._PATIENCE", 0.5)
    trap = "trap '' TERM;" if stubborn else ""
    pids = tmp_path / "pids"
    program = script(tmp_path, "client", f"{trap} sleep 60 & echo $$ $! > {pids}; wait; wait")
    with pytest.raises(StepFailedError, match=r"client took longer than 0\.3 s and was ended"):
        run_client([str(program)], dict(os.environ), seconds=0.3)
    if pids.exists():
        for pid in pids.read_text().split():
            await_that(lambda pid=pid: not alive(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_the_program_before_it_is_passed_on(tmp_path):
    pids, started = tmp_path / "pids", threading.Event()
    program = script(tmp_path, "client", f"sleep 60 & echo $$ $! > {pids}; wait")

    def interrupt():
        started.wait()
        await_that(lambda: pids.exists() and pids.read_text().count(" "))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_client([str(program)], dict(os.environ), started=lambda _: started.set())
    thread.join()
    for pid in pids.read_text().split():
        await_that(lambda pid=pid: not alive(pid))


def test_a_limit_of_many_days_is_no_error_of_the_system(tmp_path):
    program = script(tmp_path, "client", "sleep 0.1; exit 4")
    assert run_client([str(program)], dict(os.environ), seconds=60 * 86400.0).code == 4


def test_only_the_end_of_a_programs_errors_is_kept(tmp_path):
    program = script(tmp_path, "client", "head -c 9000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 4")
    ran = run_client([str(program)], dict(os.environ))
    assert (ran.code, len(ran.errors)) == (4, 4000)
    assert ran.errors.endswith("the end\n")


def test_what_a_program_left_on_the_server_is_ended(database):
    left = psycopg.connect(database.dsn, application_name="shisa/run/step")
    other = database.connect(application_name="shisa/run/other")
    admin = database.connect()
    assert end_backends(admin, "shisa/run/step") is True
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
    assert other.execute("SELECT 1").fetchone() == (1,)
    assert end_backends(admin, "shisa/run/step") is True, "nothing there is as good"
