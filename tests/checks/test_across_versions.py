"""Two servers of different major versions: what is the same must be called so, and what is not must not."""

from __future__ import annotations

import contextlib

import psycopg
import pytest
import yaml

from checks import catalog
from checks.base import Verdict
from runner.demo.server import throwaway
from runner.errors import UsageError
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession
from tests.checks.test_live import TABLES
from tests.fixtures.needs import missing
from tests.fixtures.servers import chosen_binaries

OLD, NEW = 14, 18
SCHEMA = next(table for table in TABLES if table.stem == "schema-drift")
SAME = yaml.safe_load(SCHEMA.read_text("utf-8"))[0]["sql"]
VIEWS = """
    CREATE VIEW v1 AS SELECT id, v FROM t WHERE d > 3 ORDER BY v;
    CREATE VIEW v2 AS SELECT x.id FROM t x, t y WHERE x.id = y.id;
    CREATE VIEW v3 AS SELECT count(*) FILTER (WHERE id > 1), max(v)::text FROM t GROUP BY m;
"""


@pytest.fixture(scope="module")
def both():
    """A database on the oldest and one on the newest version that the matrix has, with one schema."""
    with contextlib.ExitStack() as stack:
        try:
            servers = [stack.enter_context(throwaway(chosen_binaries(major))) for major in (OLD, NEW)]
        except UsageError as reason:
            missing(reason)
        for server in servers:
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(SAME + VIEWS)
        yield servers


def ask(both, check):
    with contextlib.ExitStack() as stack:
        old, new = (
            ReadOnlySession(stack.enter_context(connect(server.dsn(), application_name="shisa/test")))
            for server in both
        )
        port = GuardAsk(old, target="old", other=lambda name: GuardAsk(new, target=name))
        return ask_guard(catalog.get(check), {"other": "new"}, port)


@pytest.mark.parametrize("check", ["schema-drift", "inheritance-topology"])
def test_the_same_on_two_versions_passes(both, check):
    evidence = ask(both, check)
    assert evidence.verdict is Verdict.PASS, [finding.message for finding in evidence.findings]
    assert evidence.looked_at > 0


def test_a_difference_between_two_versions_is_found(both):
    with psycopg.connect(both[1].dsn(), autocommit=True) as connection:
        connection.execute("CREATE OR REPLACE VIEW v1 AS SELECT id, v FROM t WHERE d > 4 ORDER BY v")
        connection.execute("CREATE TABLE only_new ()")
    found = {finding.object: str(finding.verdict) for finding in ask(both, "schema-drift").findings}
    assert found == {"public.v1": "unknown", "public.only_new": "block"}
