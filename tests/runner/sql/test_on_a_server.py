"""The judgement of statements against a real server: SQLSTATE, locks, the list of functions."""

import psycopg
import pytest
from psycopg.pq import DiagnosticField, ExecStatus

from runner.sql.classify import classify
from runner.sql.effects import known_effects, quiet_builtins, runs_text
from runner.sql.grammar import parse
from runner.sql.locks import strongest
from tests.runner.sql.statements import SETUP, table

NOT_IN_A_BLOCK, NO_BLOCK = "25001", "25P01"
UNCALLABLE = "{trigger,event_trigger,internal,language_handler,index_am_handler,table_am_handler,fdw_handler}"
WITH_INDEXES = """SELECT to_regclass(%s)::oid
                  UNION SELECT indexrelid FROM pg_index WHERE indrelid = to_regclass(%s)"""
LOCKS = """SELECT mode FROM pg_locks
           WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND relation = ANY(%s)"""


@pytest.fixture
def furnished(own_server):
    server = own_server(settings={"wal_level": "logical", "max_prepared_transactions": "2"})
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("CREATE DATABASE other_db")
        for statement in parse(SETUP.read_text("utf-8")):
            conn.execute(statement.text)
    return server


def rows(conn):
    version = conn.info.server_version // 10000
    return [row for row in table() if row.get("since", 14) <= version and row.get("probe", True)]


def next_result(pgconn):
    """The next result of a command, with data of a COPY thrown away."""
    result = pgconn.get_result()
    if result and result.status == ExecStatus.COPY_IN:
        pgconn.put_copy_end()
    while result and result.status == ExecStatus.COPY_OUT and pgconn.get_copy_data(0)[0] > 0:
        pass
    return result


def sqlstate(conn, sql):
    """What the server answers: an error's SQLSTATE, else that of a warning, else nothing."""
    warnings = []

    def note(diagnostic):
        if diagnostic.severity_nonlocalized == "WARNING":
            warnings.append(diagnostic.sqlstate)

    conn.add_notice_handler(note)
    try:
        conn.pgconn.send_query(sql.encode())
        state = ""
        while result := next_result(conn.pgconn):
            code = result.error_field(DiagnosticField.SQLSTATE)
            state = state or (code or b"").decode()
        return state or next(iter(warnings), "")
    finally:
        conn.remove_notice_handler(note)


def test_the_server_refuses_in_a_transaction_exactly_what_is_called_forbidden(furnished):
    told, ran = {}, 0
    with psycopg.connect(furnished.dsn(), autocommit=True, prepare_threshold=None) as conn:
        for row in rows(conn):
            if row["transaction"] == "control" or (row["survives"] and row["transaction"] != "forbidden"):
                continue
            conn.execute("BEGIN")
            state = sqlstate(conn, row["sql"])
            conn.execute("ROLLBACK")
            ran += not state
            if (state == NOT_IN_A_BLOCK) != (row["transaction"] == "forbidden"):
                told[row["sql"]] = state
    assert told == {}
    assert ran > 200


def test_what_needs_a_transaction_is_refused_or_warned_about_without_one(furnished):
    told = {}
    with psycopg.connect(furnished.dsn(), autocommit=True, prepare_threshold=None) as conn:
        for row in rows(conn):
            if row["transaction"] == "required":
                told[row["sql"]] = sqlstate(conn, row["sql"])
    assert len(told) > 5
    assert set(told.values()) == {NO_BLOCK}, told


def test_the_server_takes_the_locks_that_are_told(furnished):
    told, measured = {}, 0
    with psycopg.connect(furnished.dsn(), autocommit=True, prepare_threshold=None) as conn:
        for row in rows(conn):
            found = classify(parse(row["sql"])[0])
            if row.get("lock_since", 14) > conn.info.server_version // 10000:
                continue
            if found.survives_rollback or found.transaction in {"control", "forbidden"} or found.lock == "unknown":
                continue
            conn.execute("BEGIN")
            oids = [oid for name in found.relations for (oid,) in conn.execute(WITH_INDEXES, [name] * 2).fetchall()]
            if not sqlstate(conn, row["sql"]):
                modes = conn.execute(LOCKS, [[oid for oid in oids if oid]]).fetchall()
                measured += bool(modes)
                if strongest(mode for (mode,) in modes) != found.lock:
                    told[row["sql"]] = (found.lock, modes)
            conn.execute("ROLLBACK")
    assert told == {}
    assert measured > 60


def test_every_function_of_the_server_is_known_and_only_judged_once(server):
    with psycopg.connect(server.dsn()) as conn:
        callable_ones = conn.execute(
            "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
            " AND prorettype <> ALL (%s::regtype[])",
            [UNCALLABLE],
        ).fetchall()
        newest = conn.info.server_version >= 190000
    known = known_effects().keys() | quiet_builtins() | {"set_config"}
    assert not known_effects().keys() & quiet_builtins()
    assert not {name for name in quiet_builtins() if runs_text(name)}
    unknown = {name for (name,) in callable_ones if name not in known and not runs_text(name)}
    assert newest or unknown == set()


def test_attribute_notation_calls_a_function(database):
    """The reason why `(value).name` is judged as a call."""
    with database.connect() as conn:
        conn.execute("CREATE SEQUENCE q")
        assert conn.execute("SELECT ('q'::regclass).nextval").fetchone() == (1,)
