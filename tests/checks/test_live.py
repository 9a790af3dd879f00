"""Each check on a real server: the bad state made for real, a healthy look-alike, and one where it cannot know."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import yaml

from checks import catalog
from checks.base import Selection, StepContext, Verdict
from runner.config.model import Accepted
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

TABLES = sorted(Path(__file__).with_name("live").glob("*.yaml"))
CASES = [
    pytest.param(table.stem, case, id=f"{table.stem}: {case['name']}")
    for table in TABLES
    for case in yaml.safe_load(table.read_text("utf-8"))
]


@pytest.fixture(scope="session")
def guest(server):
    """A role that owns nothing; the databases' grants to it end with them."""
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        if not admin.execute("SELECT FROM pg_roles WHERE rolname = 'guest'").fetchall():
            admin.execute("CREATE ROLE guest")
    yield
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("REVOKE pg_read_all_data FROM guest")


def ask(database, check, params=None, *, step=None, role=None, accept=(), other=None, **options):
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(connect(database.dsn, application_name="shisa/test"))
        if role:
            connection.execute(f"SET ROLE {role}")

        def beside(target):
            return GuardAsk(ReadOnlySession(stack.enter_context(connect(other, application_name="x"))), target=target)

        port = GuardAsk(ReadOnlySession(connection), target="live", step=step, other=beside if other else None)
        return ask_guard(catalog.get(check), params or {}, port, accept=accept, **options)


@pytest.fixture
def second(database):
    """Another fresh database on the same server."""
    made = dataclasses.replace(database, name=f"{database.name}_second", opened=[])
    database.execute(f"CREATE DATABASE {made.name} TEMPLATE template0")
    yield made
    database.execute(f"DROP DATABASE {made.name} WITH (FORCE)")


def dump(archive_tools, database, path, *arguments):
    command = [archive_tools.path("pg_dump"), "--dbname", database.dsn, "--file", path, *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return path


def step_of(case, backup):
    told = dict(case.get("step", {}))
    modes = {"sequences": told.pop("sequences", None), "moment": told.pop("moment", "before")}
    chosen = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
    return StepContext(id="restore", kind="restore", backup=backup, selection=Selection(**chosen), **modes)


@pytest.mark.parametrize(("check", "case"), CASES)
@pytest.mark.usefixtures("guest")
def test_case(check, case, database, request, tmp_path):
    if case.get("role") or "guest" in case["sql"]:
        database.execute("REVOKE pg_read_all_data FROM guest")
    database.execute(case["sql"])
    if "fails" in case:
        with pytest.raises(psycopg.Error):
            database.execute(case["fails"])
    params = dict(case.get("params", {}))
    step = None
    if "statements" in case:
        step = StepContext(id="s", kind="sql", statements=tuple(case["statements"]))
    if "dump" in case:
        backup = dump(request.getfixturevalue("archive_tools"), database, tmp_path / "b.dump", "-Fc", *case["dump"])
        database.execute(case.get("after", "SELECT 1"))
        if "step" in case:
            step = step_of(case, backup)
        else:
            params["backup"] = str(backup)
    other = None
    if "other" in case:
        second = request.getfixturevalue("second")
        second.execute(case["other"])
        other = second.dsn
    known = Accepted(check=check, object=case.get("accept", ""), reason="r", by="bob", until="9999-12-31")
    evidence = ask(database, check, params, step=step, role=case.get("role"), accept=[known], other=other)
    told = [evidence.message, *(finding.message for finding in evidence.findings)]
    assert str(evidence.verdict) == case["verdict"], told
    assert any(case.get("message", "") in message for message in told), told
    worst = max(evidence.findings, key=lambda finding: finding.verdict, default=None)
    if "measured" in case:
        assert {key: worst.measured[key] for key in case["measured"]} == case["measured"]
    if "remedy" in case:
        raised = [name for each in worst.remedy.then for name in each["sequences"]["raise"]["sequences"]]
        assert {"set": dict(worst.remedy.set), "raises": raised} == case["remedy"]


INCIDENT = """
    CREATE SCHEMA base; CREATE SCHEMA env_a; CREATE SCHEMA env_b;
    CREATE TABLE base.customer (id serial PRIMARY KEY, tenant text NOT NULL, setting text);
    CREATE TABLE env_a.customer (PRIMARY KEY (id)) INHERITS (base.customer);
    INSERT INTO env_a.customer (tenant, setting) SELECT 'a', 's' || g FROM generate_series(1, 100) g;
"""
MOVES_ON = """
    INSERT INTO env_a.customer (tenant, setting) SELECT 'a', 'n' || g FROM generate_series(1, 50) g;
    CREATE TABLE env_b.customer (LIKE env_a.customer INCLUDING ALL);
    ALTER TABLE env_b.customer INHERIT base.customer;
"""


@pytest.mark.parametrize("how", ["-Fc", "-Fd", "-Ft", "-Fp"])
def test_the_founding_incident_is_stopped_before_it_happens(how, database, archive_tools, tmp_path):
    database.execute(INCIDENT)
    backup = dump(archive_tools, database, tmp_path / "backup", how, "-n", "base", "-n", "env_a")
    database.execute(MOVES_ON)
    evidence = ask(database, "sequence-drift", {"backup": str(backup)})
    assert evidence.verdict is Verdict.BLOCK
    assert evidence.looked_at == 1
    (finding,) = evidence.findings
    assert finding.object == "base.customer_id_seq"
    assert finding.message == (
        "A restore would put base.customer_id_seq back to 101 (it is at 151), while ids up to 150 are in use: 50 ids "
        "would be issued twice. Drawn by base.customer.id, env_a.customer.id, env_b.customer.id."
    )
    assert finding.measured == {
        "backup_next": 101,
        "live_next": 151,
        "max_in_use": 150,
        "ids_to_be_reissued": 50,
        "drawn_by": [
            {"table": "base.customer", "column": "id", "via": "default"},
            {"table": "env_a.customer", "column": "id", "via": "default"},
            {"table": "env_b.customer", "column": "id", "via": "default"},
        ],
    }
    assert finding.remedy.set == {"restore.sequences": "keep"}
    assert [step["sequences"] for step in finding.remedy.then] == [
        {"raise": {"sequences": ["base.customer_id_seq"]}, "margin": 1000}
    ]


def test_what_is_predicted_is_what_happens_without_the_guard(database, archive_tools, tmp_path):
    database.execute(INCIDENT)
    backup = dump(archive_tools, database, tmp_path / "backup", "-Fc", "-n", "base", "-n", "env_a")
    database.execute(MOVES_ON)
    predicted = ask(database, "sequence-drift", {"backup": str(backup)}).findings[0].measured["ids_to_be_reissued"]
    restore = [archive_tools.path("pg_restore"), "-a", "-n", "base", "-d", database.dsn, backup]
    subprocess.run(restore, check=True, capture_output=True)
    with database.connect() as connection:
        inserted = connection.execute(
            "INSERT INTO env_b.customer (tenant) SELECT 'b' FROM generate_series(1, %s) RETURNING id", (predicted + 1,)
        ).fetchall()
    assert [row[0] for row in (inserted[0], inserted[-1])] == [101, 151]
    evidence = ask(database, "duplicate-keys-in-tree", {"parent": "base.customer"})
    assert evidence.verdict is Verdict.BLOCK
    assert evidence.findings[0].measured["duplicate_keys"] == predicted
    assert evidence.findings[0].measured["shared_by"] == [
        {"tables": ["env_a.customer", "env_b.customer"], "duplicate_keys": predicted}
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist"),
        (b"", "empty"),
        (b"PGDMP\x01\x0e", "truncated"),
        (b"not a backup at all", "is not a backup written by pg_dump"),
    ],
)
def test_a_backup_that_cannot_be_read_is_unknown(content, reason, database, tmp_path):
    path = tmp_path / "backup"
    if content is not None:
        path.write_bytes(content)
    evidence = ask(database, "sequence-drift", {"backup": str(path)})
    assert evidence.verdict is Verdict.UNKNOWN
    assert reason in evidence.message
    assert evidence.sql == ()


def test_a_backup_cut_short_is_unknown(database, archive_tools, tmp_path):
    database.execute(INCIDENT)
    backup = dump(archive_tools, database, tmp_path / "backup", "-Fc")
    backup.write_bytes(backup.read_bytes()[:600])
    evidence = ask(database, "sequence-drift", {"backup": str(backup)})
    assert evidence.verdict is Verdict.UNKNOWN
    assert "truncated" in evidence.message


def test_a_backup_of_another_database_blocks_unless_it_is_meant(database, archive_tools, tmp_path, server):
    database.execute(INCIDENT)
    other = dataclasses.replace(database, name="postgres")
    backup = dump(archive_tools, other, tmp_path / "backup", "-Fc")
    evidence = ask(database, "sequence-drift", {"backup": str(backup)})
    assert evidence.verdict is Verdict.BLOCK
    assert f"is a backup of the database postgres, not of {database.name}" in evidence.message
    meant = ask(database, "sequence-drift", {"backup": str(backup), "from_database": "postgres"})
    assert meant.verdict is Verdict.PASS


def test_inserts_that_go_on_meanwhile_are_no_false_alarm(database):
    database.execute("CREATE TABLE t (id serial PRIMARY KEY, v text)")
    with database.connect(autocommit=False) as writer:
        for _ in range(5):
            writer.execute("INSERT INTO t (v) SELECT 'x' FROM generate_series(1, 100)")
            assert ask(database, "sequence-drift").verdict is Verdict.PASS
            writer.commit()
            assert ask(database, "sequence-drift").verdict is Verdict.PASS


def test_no_more_locks_are_held_than_one_statement_takes(database):
    tables = "".join(f"CREATE TABLE t{number} (id serial PRIMARY KEY);" for number in range(120))
    database.execute(tables)
    held = []

    class Watching(GuardAsk):
        def _fetch(self, queries):
            found = super()._fetch(queries)
            with database.connect() as other:
                count = "SELECT count(*) FROM pg_locks WHERE pid = %s AND relation >= 16384"
                held.append(other.execute(count, (self.session._connection.info.backend_pid,)).fetchone()[0])
            return found

    with connect(database.dsn, application_name="shisa/test") as connection:
        evidence = ask_guard(catalog.get("sequence-drift"), {}, Watching(ReadOnlySession(connection), target="live"))
    assert evidence.looked_at == 120
    assert held
    assert set(held) == {0}


def test_evidence_tells_when_it_was_taken(database):
    database.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    evidence = ask(database, "sequence-drift", clock=lambda: datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert evidence.taken_at == "2026-01-02T03:04:05.000006Z"
    assert evidence.as_json()["sql"] == list(evidence.sql)
