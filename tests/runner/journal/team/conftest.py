import os

import psycopg
import pytest
from psycopg import sql

from tests.fixtures.postgres import Database
from tests.runner.journal.team.ground import Ground, clear, lay, roles


@pytest.fixture(scope="session")
def laid(server, tmp_path_factory) -> Ground:
    """A journal with rules and without lines."""
    made = Database(f"journal_{os.getpid()}", server)
    with psycopg.connect(server.dsn(), autocommit=True) as root:
        root.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(made.name)))
        roles(root, server)
    ground = lay(made, tmp_path_factory.mktemp("journal"), server.dsn(), server.dsn("template1"))
    yield ground
    ground.root.close()
    with psycopg.connect(server.dsn(), autocommit=True) as root:
        root.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(made.name)))


@pytest.fixture
def ground(laid) -> Ground:
    """The journal for one test: empty, its rules as they were loaded."""
    clear(laid)
    yield laid
    while laid.database.opened:
        laid.database.opened.pop().close()
