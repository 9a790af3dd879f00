"""One piece of SQL in a runbook, read by PostgreSQL's grammar once for all rules."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Set as AbstractSet
from typing import Literal

from runner.document import Path
from runner.runbook.lint.flag import Flag
from runner.sql.classify import Classification, classify
from runner.sql.errors import SqlError
from runner.sql.grammar import Statement, parse
from runner.sql.surface import has_template, meta_commands
from runner.sql.variables import Placeholder, analysable, placeholders

Role = Literal["body", "rollback", "cleanup", "condition", "look"]
"""What the text is for: the step's effect, taking it back, tidying up, a restore's WHERE, or only to look."""

_LEAD = "SELECT 1 WHERE ("
"""What a condition is read within."""


@dataclasses.dataclass(frozen=True)
class Parsed:
    """One statement with its judgement."""

    statement: Statement
    judged: Classification


@dataclasses.dataclass(frozen=True)
class SqlText:
    """SQL at one place of a file."""

    path: Path
    text: str
    role: Role
    harmless: AbstractSet[str]

    @functools.cached_property
    def variables(self) -> tuple[Placeholder, ...]:
        """The psql variables in it."""
        return placeholders(self.text) if ":" in self.text else ()

    @functools.cached_property
    def readable(self) -> bool:
        """Whether the grammar is asked at all: not where a template or a psql command stands in the way."""
        return not has_template(self.text) and not ("\\" in self.text and meta_commands(self.text))

    @functools.cached_property
    def _read(self) -> tuple[tuple[Parsed, ...], SqlError | None]:
        if not self.readable:
            return (), None
        text = analysable(self.text) if self.variables else self.text
        whole = f"{_LEAD}{text}\n)" if self.role == "condition" else text
        try:
            statements = parse(whole)
        except SqlError as error:
            return (), error
        return tuple(Parsed(each, classify(each, harmless=self.harmless)) for each in statements), None

    @property
    def statements(self) -> tuple[Parsed, ...]:
        """The statements; none where the text is not SQL."""
        return self._read[0]

    @property
    def error(self) -> SqlError | None:
        """Why the text is not SQL."""
        return self._read[1]

    @property
    def error_offset(self) -> int:
        """Where the error stands in the text."""
        if self.error is None:
            return 0
        lead = len(_LEAD) if self.role == "condition" else 0
        rows = self.text.splitlines(keepends=True)
        start = sum(len(row) for row in rows[: self.error.line - 1])
        at = start + self.error.column - 1 - (lead if self.error.line == 1 else 0)
        return max(0, min(at, len(self.text)))

    def flag(self, parsed: Parsed, message: str, hint: str | None = None) -> Flag:
        """Say something of one statement."""
        lead = len(_LEAD) if self.role == "condition" else 0
        return Flag(self.path, message, hint, offset=max(0, parsed.statement.offset - lead))
