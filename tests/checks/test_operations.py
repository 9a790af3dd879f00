"""Guards of a running server: the busy, the lagging and the misconfigured, each made for real.

A case names where it is asked (``place``: server, primary, standby or pooled), what is there (``sql``), who is at work
(``sessions`` are left open after their script, ``busy`` run one after the other in the background, ``writing`` is
repeated), and what has to be true before it is asked (``until``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest
import yaml

from checks import catalog
from checks.base import Selection, StepContext
from runner.allowed import Allowed
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession
from runner.sql.reach import reach_of
from tests.fixtures.postgres import Database
from tests.fixtures.standby import until

CASES = [
    pytest.param(table.stem, case, id=f"{table.stem}: {case['name']}")
    for table in sorted(Path(__file__).with_name("operations").glob("*.yaml"))
    for case in yaml.safe_load(table.read_text("utf-8"))
]


@dataclasses.dataclass
class Place:
    """Where a case is asked, and where its database is made."""

    home: Database
    asked: str

    def execute(self, script):
        self.home.execute(script)


@pytest.fixture
def place(request, stack):
    """The database of a case, dropped at its end."""
    where = request.getfixturevalue("case").get("place", "server")
    if where == "server":
        home = request.getfixturevalue("database")
        return Place(home, home.dsn)
    pair = request.getfixturevalue("pair")
    home = Database(f"op_{os.getpid()}_{abs(hash(request.node.name)) % 10**8}", pair.primary)
    root = psycopg.connect(pair.primary.dsn(), autocommit=True)
    stack.callback(root.close)
    root.execute(f"CREATE DATABASE {home.name} TEMPLATE template0")
    stack.callback(root.execute, f"DROP DATABASE {home.name} WITH (FORCE)")
    if where == "standby":
        pair.caught_up()
        return Place(home, pair.standby.dsn(home.name))
    if where == "pooled":
        return Place(home, request.getfixturevalue("pooled").dsn(home.name))
    return Place(home, home.dsn)


@pytest.fixture
def stack():
    with contextlib.ExitStack() as opened:
        yield opened


@pytest.mark.parametrize(("check", "case"), CASES)
def test_case(check, case, place, stack, request):
    prepare(case, place, stack, request)
    params = dict(case.get("params", {}))
    folder = request.getfixturevalue("tmp_path")
    backup = dumped(case, place, request, folder / "backup") if "dump" in case else None
    if "step" not in case and (backup is not None or "backup" in case):
        params["backup"] = str(backup or folder / case["backup"])
    connection = stack.enter_context(connect(place.asked, application_name="shisa/test"))
    if "role" in case:
        connection.execute(f"SET ROLE {case['role']}")
    port = GuardAsk(
        ReadOnlySession(connection),
        target="live",
        step=step_of(case.get("step"), backup),
        folder=folder,
        other=lambda _: beside(stack, request, case),
        disk_free=case.get("disk_free"),
        allowed=Allowed(trials=True),
    )
    if connection.info.server_version < case.get("since", 14) * 10_000:
        case = {**case, "verdict": "unknown", "message": "", "measured": {}}
    evidence = ask_guard(catalog.get(check), params, port)
    told = [evidence.message, *(finding.message for finding in evidence.findings)]
    assert str(evidence.verdict) == case["verdict"], told
    assert any(case.get("message", "") in message for message in told), told
    if "measured" in case:
        worst = evidence.findings[0].measured
        assert {key: worst[key] for key in case["measured"]} == case["measured"]
    for query, value in case.get("stays", {}).items():
        with psycopg.connect(place.asked) as asked:
            assert asked.execute(query).fetchone() == (value,)


def prepare(case, place, stack, request):
    """Make what a case speaks of; what outlives the database is cleared away."""
    if "reset" in case:  # a setting of the whole server
        stack.callback(place.execute, "SELECT pg_reload_conf()")
        stack.callback(place.execute, f"ALTER SYSTEM RESET {case['reset']}")
    if "clear" in case:
        stack.callback(place.execute, case["clear"])
    if case.get("role") == "plain":
        place.execute("DO $$ BEGIN CREATE ROLE plain; EXCEPTION WHEN duplicate_object THEN END $$")
    if case.get("paused"):
        pause(request.getfixturevalue("pair").standby, stack)
    for script in [case["sql"]] if isinstance(case.get("sql"), str) else case.get("sql", ()):
        place.execute(script)
    put_to_work(case, place, stack)
    if case.get("place") == "standby" and not case.get("paused"):
        request.getfixturevalue("pair").caught_up()
    if "until" in case:
        with psycopg.connect(place.asked, autocommit=True) as asked:
            until(asked, case["until"])


def put_to_work(case, place, stack):
    """Let others be connected, and do what they do."""
    for script in case.get("sessions", ()):
        at_work(place, stack).execute(script)
    if "busy" in case:
        background(place, stack, case["busy"], again=False)
    if "writing" in case:
        background(place, stack, [case["writing"]], again=True)


def pause(standby, stack):
    """Stop the replay on the standby, until the test's end."""
    control = psycopg.connect(standby.dsn(), autocommit=True)
    stack.callback(control.close)
    control.execute("SELECT pg_wal_replay_pause()")
    stack.callback(control.execute, "SELECT pg_wal_replay_resume()")
    until(control, "SELECT pg_get_wal_replay_pause_state() = 'paused'")


def at_work(place, stack):
    """Open a session of somebody else."""
    opened = psycopg.connect(place.home.dsn, autocommit=True, application_name="worker")
    stack.callback(opened.close)
    return opened


def dumped(case, place, request, backup):
    """Take a backup of the database, spoil it, and let the database go on."""
    tools = request.getfixturevalue("archive_tools")
    command = [tools.path("pg_dump"), "--dbname", place.home.dsn, "--file", backup, *case["dump"]]
    subprocess.run(command, check=True, capture_output=True)
    for how in case.get("damage", ()):
        damage(backup, how)
    place.execute(case.get("after", "SELECT 1"))
    return backup


def background(place, stack, scripts, *, again):
    """Run scripts in a thread: once, or again and again until the test's end."""
    stop = threading.Event()
    opened = at_work(place, stack)

    def work():
        with contextlib.suppress(psycopg.Error):
            while not stop.is_set():
                for script in scripts:
                    opened.execute(script)
                if not again:
                    return
                stop.wait(0.02)

    thread = threading.Thread(target=work, daemon=True)

    def end():
        stop.set()
        opened.cancel()
        thread.join()

    thread.start()
    stack.callback(end)


def step_of(told, backup):
    """The step of a case, as the engine would tell it."""
    if told is None:
        return None
    told = dict(told)
    statements = tuple(told.get("statements", ()))
    relations, lock = reach_of(statements)
    chosen = {
        key: tuple(value) if isinstance(value, list) else value for key, value in told.get("selection", {}).items()
    }
    return StepContext(
        id="step",
        kind=told["kind"],
        statements=statements,
        relations=relations,
        lock=lock,
        backup=backup,
        selection=Selection(**chosen) if told["kind"] == "restore" else None,
    )


def damage(backup, how):
    """Spoil a backup as a disk or a network does."""
    if "cut" in how:
        whole = backup.read_bytes()
        backup.write_bytes(whole[: len(whole) - how["cut"]])
    if "age" in how:
        os.utime(backup, (how["age"], how["age"]))


def beside(stack, request, case):
    """Another target: the pair's primary, or the tests' server."""
    dsn = request.getfixturevalue("pair").primary.dsn() if case["other"] == "primary" else case["other"]
    return GuardAsk(ReadOnlySession(stack.enter_context(connect(dsn, application_name="shisa/other"))), target="other")


ORDINARY = {
    "active-sessions": {},
    "affected-rows": {"statement": "DELETE FROM t WHERE i = 1"},
    "connection-headroom": {},
    "idle-in-transaction": {},
    "lock-conflicts": {"relations": ["public.t"]},
    "logical-replication-sequences": {},
    "long-transactions": {},
    "prepared-transactions": {},
    "primary": {},
    "quiet": {"relations": ["public.t"], "during": "10ms"},
    "replication-lag": {},
    "replication-slots": {},
    "settings": {"expect": ["data_directory!=/nowhere"]},
    "sql": {"sql": "SELECT count(*) >= 0 FROM t"},
    "target-identity": {"role": "primary", "timeline": 1},
    "time-window": {"windows": ["00:00-24:00"], "zone": "Asia/Tokyo"},
    "vacuum-progress": {"relations": ["public.t"]},
    "version": {"at_least": "14"},
    "wal-archiving": {},
    "wraparound": {},
}


@pytest.mark.parametrize("check", ORDINARY)
def test_an_ordinary_role_that_may_monitor_and_read_may_ask(check, pair, stack):
    place = Place(Database(f"ordinary_{os.getpid()}", pair.primary), "")
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as root:
        root.execute(f"CREATE DATABASE {place.home.name} TEMPLATE template0")
        root.execute("DO $$ BEGIN CREATE ROLE watcher; EXCEPTION WHEN duplicate_object THEN END $$")
        root.execute("GRANT pg_monitor, pg_read_all_data TO watcher")
    try:
        place.execute("CREATE TABLE t (i serial); CREATE PUBLICATION p FOR TABLE t")
        place.execute("SELECT pg_create_physical_replication_slot('watched', true)")
        stack.callback(place.execute, "SELECT pg_drop_replication_slot('watched')")
        with connect(place.home.dsn, application_name="shisa/test") as connection:
            connection.execute("SET ROLE watcher")
            port = GuardAsk(ReadOnlySession(connection), target="live")
            evidence = ask_guard(catalog.get(check), ORDINARY[check], port)
    finally:
        stack.close()
        with psycopg.connect(pair.primary.dsn(), autocommit=True) as root:
            root.execute(f"DROP DATABASE {place.home.name} WITH (FORCE)")
    assert "could not look" not in evidence.message
    assert not any("may not" in finding.message for finding in evidence.findings)
    assert len(evidence.sql) <= 8
