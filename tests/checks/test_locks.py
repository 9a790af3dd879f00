"""No statement of a check holds locks on more than 50 tables, however many there are."""

from __future__ import annotations

import contextlib

import pytest

from checks import catalog
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

MANY = """
    CREATE TABLE base (id serial PRIMARY KEY, v text);
    CREATE TABLE p (id int PRIMARY KEY, k int GENERATED ALWAYS AS IDENTITY) PARTITION BY RANGE (id);
    DO $$ BEGIN FOR i IN 1..60 LOOP
      EXECUTE format('CREATE TABLE c%s (b int REFERENCES base, PRIMARY KEY (id), CHECK (id > 0)) INHERITS (base)', i);
      EXECUTE format('CREATE TABLE p%s PARTITION OF p FOR VALUES FROM (%s) TO (%s)', i, i, i + 1);
      EXECUTE format('CREATE VIEW v%s AS SELECT c.id, p.k FROM c%s c JOIN p%s p USING (id)', i, i, i);
      EXECUTE format('CREATE FUNCTION f%s() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM c%s; END', i, i);
      EXECUTE format('CREATE RULE r AS ON DELETE TO c%s DO ALSO DELETE FROM p%s', i, i);
    END LOOP; END $$;
    CREATE TABLE refers (p int REFERENCES p);
"""
OTHERS = {"schema-drift", "privileges", "inheritance-topology", "extension-versions"}
PARAMS = {"row-count": {"tables": ["base", "p"], "minimum": 0}, "cascade-reach": {"tables": ["base"]}}
CHECKS = [
    "shared-sequence",
    "foreign-default",
    "hidden-nextval",
    "sequence-exhaustion",
    "sequence-cache",
    "identity-inheritance",
    "child-without-key",
    "inheritance-topology",
    "schema-drift",
    "orphan-rows",
    "unvalidated-constraints",
    "invalid-indexes",
    "disabled-triggers",
    "extension-versions",
    "privileges",
    "row-count",
    "cascade-reach",
]
HELD = """
    SELECT count(DISTINCT l.relation) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = pg_backend_pid() AND c.oid >= 16384 AND c.relkind <> 'i'"""


class Counting(ReadOnlySession):
    """Counts the tables locked right behind each statement, before they are given back."""

    most = 0

    def _send(self, query):
        cursor = self._connection.execute(query.encode())
        held = self._connection.execute(HELD).fetchone()
        Counting.most = max(Counting.most, held[0])
        self._connection.execute("ROLLBACK TO SAVEPOINT looking")
        return cursor


@pytest.mark.parametrize("check", CHECKS)
def test_no_statement_locks_more_than_fifty_tables(check, database, monkeypatch):
    database.execute(MANY)
    monkeypatch.setattr(Counting, "most", 0)
    with contextlib.ExitStack() as stack:

        def session():
            return Counting(stack.enter_context(connect(database.dsn, application_name="shisa/test")))

        port = GuardAsk(session(), target="live", other=lambda name: GuardAsk(session(), target=name))
        params = PARAMS.get(check, {}) | ({"other": "copy"} if check in OTHERS else {})
        evidence = ask_guard(catalog.get(check), params, port)
    assert evidence.looked_at > 0, evidence.message
    assert Counting.most <= 50
