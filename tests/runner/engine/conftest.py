import itertools
import os

import psycopg
import pytest
from psycopg import sql

from tests.fixtures.postgres import Database
from tests.fixtures.standby import until
from tests.runner.engine.driver import driver
from tests.runner.engine.stage import Stage, sign_without_programs
from tests.runner.engine.starters import starters
from tests.runner.review.conftest import crew  # noqa: F401 - people with keys, for judgements of lines alone

__all__ = ["driver", "starters"]

_numbers = itertools.count(1)
EMPTY = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  CREATE SCHEMA public;
END $$
"""


@pytest.fixture(scope="session")
def emptied(server):
    """Makes one database, and empties it: making one for each of hundreds of tests takes longer than the tests."""
    made = Database(f"engine_{os.getpid()}_{next(_numbers)}", server)
    name = sql.Identifier(made.name)
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))

    def empty():
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (made.name,)
            )
            admin.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))
        made.execute(EMPTY)
        return made

    yield empty
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def database(emptied):
    """An empty database; what of other sessions is left in it from the test before is gone."""
    made = emptied()
    yield made
    for connection in made.opened:
        connection.close()
    made.opened.clear()


@pytest.fixture
def stage(tmp_path, database, monkeypatch):
    """A stage on an empty database with a table ``account`` of three rows."""
    database.execute(
        "CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL DEFAULT 0);"
        "INSERT INTO account VALUES (1, 'ann', 10), (2, 'ben', 20), (3, 'cid', 30)"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(*sign_without_programs())
    return Stage.of(tmp_path / "desk", database.dsn)


@pytest.fixture(scope="module")
def undisturbed(server):
    """No autovacuum: the transactions of its ANALYZE are writes like any others, and void evidence."""
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET autovacuum = off")
        admin.execute("SELECT pg_reload_conf()")
        until(admin, "SELECT current_setting('autovacuum') = 'off'")
        until(admin, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'autovacuum%'")
        yield
        admin.execute("ALTER SYSTEM RESET autovacuum")
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def accounts(database):
    """Reads the table's rows, or another query's, on a connection of its own."""
    connection = database.connect()
    return lambda query="SELECT id FROM account ORDER BY id": [row[0] for row in connection.execute(query).fetchall()]
