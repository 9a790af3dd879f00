"""The team's journal in PostgreSQL: the lines of the SQLite journal, and a database that judges who may add one."""

from __future__ import annotations

from importlib.resources import files

FORMAT = 2
"""The newest format of the tables that this version knows; ``tables-N.sql`` leads from format N - 1 to N."""
CODE = (
    "chain",
    "append",
    "judge",
    "judge_request",
    "judge_decision",
    "judge_exception",
    "judge_course",
    "judge_start",
    "attach",
)
"""What is written anew at each installation, in order."""


def script(name: str) -> str:
    """Read one of the .sql files beside this module."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
