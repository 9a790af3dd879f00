"""Whom a step would wait for: each statement is sent beside a lock that somebody holds, and what waits must be told.

What is told and does not wait is no miss: the strongest lock of a step is taken for all of its tables.
"""

from __future__ import annotations

import contextlib

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from checks.base import StepContext, Verdict
from runner.sql.reach import reach_of
from tests.checks.test_live import ask

SCHEMA = """
CREATE TABLE k (i int PRIMARY KEY, n text);
CREATE TABLE r (j int PRIMARY KEY, k int CONSTRAINT rk REFERENCES k, n text); CREATE INDEX rn ON r (n);
CREATE TABLE o (x int, "The k" bigint, k int REFERENCES k);
CREATE TABLE p (a int, b int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE pd PARTITION OF p DEFAULT; CREATE TABLE p3 (a int, b int); CREATE INDEX pi ON p (b);
ALTER TABLE p ADD CONSTRAINT pk FOREIGN KEY (b) REFERENCES k;
CREATE TABLE h (i int, n text); CREATE TABLE hc () INHERITS (h);
CREATE VIEW v AS SELECT * FROM r; CREATE MATERIALIZED VIEW m AS SELECT * FROM k;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION f();
"""
TABLES = ("k", "r", "o", "p", "p1", "pd", "p3", "h", "hc", "m")
HOLDS = (
    "SELECT * FROM {}",
    "SELECT * FROM {} FOR UPDATE",
    "DELETE FROM {}",
    "LOCK TABLE ONLY {} IN ACCESS SHARE MODE",
    "LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE",
    "LOCK TABLE ONLY {} IN SHARE MODE",
)
STEPS = (
    "ALTER TABLE r ADD z int",
    "ALTER TABLE r DROP CONSTRAINT rk",
    "ALTER TABLE o DROP k",
    'ALTER TABLE o DROP "The k"',
    "ALTER TABLE o ALTER k TYPE bigint",
    "ALTER TABLE k DROP CONSTRAINT k_pkey CASCADE",
    "ALTER TABLE r VALIDATE CONSTRAINT rk",
    "ALTER TABLE r ADD CHECK (j > 0) NOT VALID",
    "ALTER TABLE h ADD FOREIGN KEY (i) REFERENCES k",
    "ALTER TABLE h ALTER n SET NOT NULL",
    "ALTER TABLE hc NO INHERIT h",
    "ALTER TABLE r DISABLE TRIGGER t",
    "ALTER TABLE r SET (fillfactor = 50)",
    "ALTER TABLE r RENAME TO rr",
    "ALTER TABLE p ADD z int",
    "ALTER TABLE p DROP b",
    "ALTER TABLE p DETACH PARTITION p1",
    "ALTER TABLE p ATTACH PARTITION p3 FOR VALUES IN (3)",
    "CREATE TABLE p4 PARTITION OF p FOR VALUES IN (4)",
    "CREATE TABLE q (k int REFERENCES k)",
    "CREATE TABLE hd () INHERITS (h)",
    "CREATE INDEX ON r (k)",
    "CREATE TRIGGER u BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION f()",
    "DROP TABLE k CASCADE",
    "DROP TABLE o",
    "DROP TABLE p1",
    "DROP TABLE h CASCADE",
    "DROP INDEX rn",
    "DROP INDEX pi",
    "DROP VIEW v",
    "TRUNCATE r",
    "TRUNCATE k CASCADE",
    "REINDEX TABLE r",
    "REINDEX INDEX rn",
    "REFRESH MATERIALIZED VIEW m",
    "CLUSTER r USING rn",
    "UPDATE r SET n = 'x'",
    "DELETE FROM k",
    "INSERT INTO p VALUES (1)",
    "WITH gone AS (DELETE FROM o RETURNING x) INSERT INTO h SELECT x FROM gone",
)


@pytest.fixture
def filled(database):
    """The database with the tables; no example changes it."""
    database.execute(SCHEMA)
    return database


def waits(database, statement):
    """Whether the server makes a statement wait."""
    with psycopg.connect(database.dsn, options="-c lock_timeout=20ms") as connection:
        try:
            connection.execute(statement)
        except psycopg.errors.LockNotAvailable:
            return True
        finally:
            connection.rollback()
    return False


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statement=st.sampled_from(STEPS), table=st.sampled_from(TABLES), hold=st.sampled_from(HOLDS))
def test_whatever_a_step_waits_for_is_told(filled, statement, table, hold):
    relations, lock = reach_of([statement])
    step = StepContext(id="s", kind="sql", statements=(statement,), relations=relations, lock=lock)
    with psycopg.connect(filled.dsn) as holder:
        with contextlib.suppress(psycopg.errors.WrongObjectType, psycopg.errors.FeatureNotSupported):
            holder.execute(hold.format(table))
        waiting = waits(filled, statement)
        evidence = ask(filled, "lock-conflicts", {"max_wait": "0s"}, step=step)
        holder.rollback()
    event(f"waits: {waiting}, told: {evidence.verdict is not Verdict.PASS}")
    assert evidence.verdict is not Verdict.PASS or not waiting
