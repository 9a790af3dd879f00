from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage, stage_at
from tests.fixtures.postgres import Database


@pytest.fixture
def stage(tmp_path: Path, database: Database) -> Iterator[Stage]:
    """A desk with people, keys and one database in which three of ten sessions have ended."""
    with stage_at(tmp_path, database) as made:
        yield made
