import pytest

from tests.runner.engine.stage import Stage, sign_without_programs


@pytest.fixture
def stage(tmp_path, database, monkeypatch):
    """A stage on a fresh database with a table ``account`` of three rows."""
    database.execute(
        "CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL DEFAULT 0);"
        "INSERT INTO account VALUES (1, 'ann', 10), (2, 'ben', 20), (3, 'cid', 30)"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(*sign_without_programs())
    return Stage.of(tmp_path / "desk", database.dsn)


@pytest.fixture
def accounts(database):
    """Reads the table's rows, or another query's, on a connection of its own."""
    connection = database.connect()
    return lambda query="SELECT id FROM account ORDER BY id": [row[0] for row in connection.execute(query).fetchall()]
