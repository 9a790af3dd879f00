"""What can be wrong with SQL text, with the place where it is wrong."""

from __future__ import annotations

from runner.errors import RunbookError


class SqlError(RunbookError):
    """SQL that cannot be used; line and column count from 1 within the SQL text."""

    def __init__(self, message: str, *, line: int, column: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column


class SqlSyntaxError(SqlError):
    """PostgreSQL's grammar does not accept the text, or it is too deep to be looked into."""


class VariableError(SqlError):
    """A psql variable is undeclared, has a value of another type, or stands where a secret may not."""
