"""The table of statements and what classify is expected to say of each."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"
SETUP = CASES / "setup.sql"


@cache
def table() -> tuple[dict[str, Any], ...]:
    document = yaml.safe_load((CASES / "statements.yaml").read_text("utf-8"))
    return tuple(document["defaults"] | row for row in document["statements"])


@cache
def reference() -> tuple[str, ...]:
    """The commands of PostgreSQL's SQL reference."""
    return tuple((CASES / "commands.txt").read_text("ascii").splitlines())
