import pytest

from tests.runner.cli.desk import Desk, desk_at


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch) -> Desk:
    return desk_at(tmp_path, capsys, monkeypatch)
