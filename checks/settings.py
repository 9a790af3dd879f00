"""``settings``: the server is configured as the procedure wants it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param
from checks.facts.setting_bounds import Bound, read


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    name: str
    known: bool
    value: str | None
    unit: str | None
    type: str | None
    pending_restart: bool


@check("settings", since=14, group="target and backup", looks_at="settings")
class Settings(Check[list[Row]]):
    """The server's settings are within bounds.

    ## Why it matters

    A step that is safe with `archive_mode=on`, or quick with `maintenance_work_mem=2GB`, is neither where somebody set
    it otherwise; and a line in postgresql.conf that waits for a restart is not in force.

    ## When it blocks

    A setting breaks its bound in `expect`: `name=value`, or with `!=`, `>=`, `<=`, `>`, `<` for numbers. Sizes and
    times carry PostgreSQL's units (`64MB`, `5min`). Values are those that a session of this role begins with in this
    database. It warns where a changed value waits for a restart, and is unknown for a setting that does not exist or
    that the role may not see.

    ## What to do

    Change the setting (ALTER SYSTEM, ALTER DATABASE, ALTER ROLE), reload or restart, and ask again.

    ## What it cannot see

    What an application sets in its own sessions; settings of other roles and databases. Some settings are shown to
    pg_read_all_settings (in pg_monitor) only.
    """

    expect: tuple[str, ...] = param("Bounds, as fsync=on, max_wal_size>=4GB, lock_timeout>0.")

    def gather(self, ask: Ask) -> list[Row]:
        """Ask for the settings that have bounds."""
        names = [bound.name for bound in self._bounds()]
        if not names:
            raise CannotAskError("no bound was given")
        return ask.rows(self.query, Row, names=json.dumps(list(dict.fromkeys(names))))

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Compare each with its bounds."""
        rows = {row.name: row for row in facts}
        for bound in self._bounds():
            yield _judged(rows[bound.name], bound)

    def _bounds(self) -> list[Bound]:
        try:
            return [read(text) for text in self.expect]
        except ValueError as error:
            raise CannotAskError(str(error)) from None


def _judged(row: Row, bound: Bound) -> Finding:
    unit = f" {row.unit}" if row.unit else ""
    measured = {"value": row.value, "pending_restart": row.pending_restart} | ({"unit": row.unit} if row.unit else {})
    if not row.known or row.value is None:
        message = f"There is no setting {row.name} here, or this role may not see it."
        return Finding(row.name, Verdict.UNKNOWN, message, measured, {"expect": bound.text})
    try:
        holds = bound.holds(row.value, row.unit, row.type or "")
    except ValueError as error:
        return Finding(row.name, Verdict.UNKNOWN, f"{bound.text}: {error}.", measured, {"expect": bound.text})
    shown = f"{row.name} is {row.value or 'empty'}{unit}"
    if not holds:
        message = f"{shown}, and the procedure counts on {bound.text}."
        return Finding(row.name, Verdict.BLOCK, message, measured, {"expect": bound.text})
    if row.pending_restart:
        message = f"{shown} until the next restart, which brings another value."
        return Finding(row.name, Verdict.WARN, message, measured, {"expect": bound.text})
    return Finding(row.name, Verdict.PASS, f"{shown}.", measured, {"expect": bound.text})
