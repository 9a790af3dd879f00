"""``settings``: the server is configured as the procedure wants it, or as it was before."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param
from checks.facts.baseline import BASELINE, CAPTURE, COMPARE, MODES, kept
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

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return "not seen" if self.value is None else f"{self.value or 'empty'}{f' {self.unit}' if self.unit else ''}"


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The settings now, and those of an earlier moment where they are compared."""

    rows: tuple[Row, ...] = ()
    before: tuple[Row, ...] = ()
    side: str = ""


@check("settings", since=14, group="target and backup", looks_at="settings", scope=["expect"])
class Settings(Check[Facts]):
    """The server's settings are within bounds, or as they were earlier in the run.

    ## Why it matters

    A step that is safe with `archive_mode=on`, or quick with `maintenance_work_mem=2GB`, is neither where somebody set
    it otherwise; and a line in postgresql.conf that waits for a restart is not in force.

    ## When it blocks

    A setting breaks its bound in `expect`: `name=value`, or with `!=`, `>=`, `<=`, `>`, `<` for numbers. Sizes and
    times carry PostgreSQL's units (`64MB`, `5min`). Values are those that a session of this role begins with in this
    database. It warns where a changed value waits for a restart, and is unknown for a setting that does not exist or
    that the role may not see.

    With `baseline: compare` it blocks where a setting is not what it was in an earlier guard of the run (`baseline:
    capture`): those that `expect` names, or all that the role sees and that are not the connection's own.

    ## What to do

    Change the setting (ALTER SYSTEM, ALTER DATABASE, ALTER ROLE), reload or restart, and ask again. What was set
    for the operation only has to be set back.

    ## What it cannot see

    What an application sets in its own sessions; settings of other roles and databases. Some settings are shown to
    pg_read_all_settings (in pg_monitor) only.
    """

    expect: tuple[str, ...] = param("Bounds, as fsync=on, max_wal_size>=4GB, lock_timeout>0.", default=())
    baseline: str | None = param(BASELINE, default=None, choices=MODES)

    def gather(self, ask: Ask) -> Facts:
        """Ask for the settings that have bounds, or for all where a baseline names none."""
        names = list(dict.fromkeys(bound.name for bound in self._bounds()))
        if not names and self.baseline is None:
            raise CannotAskError("no bound was given")
        query = self.queries["named" if names else "all"]
        rows = tuple(ask.rows(query, Row, names=json.dumps(names)) if names else ask.rows(query, Row))
        if self.baseline == COMPARE:
            then = ask.captured(self.about, Row)
            return Facts(rows, then.rows, then.side)
        if self.baseline == CAPTURE:
            ask.capture(self.about, rows)
        return Facts(rows)

    def looked_at(self, facts: Facts) -> int:
        """Count the settings."""
        return len(facts.rows)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare each with its bounds, or with what it was."""
        rows = {row.name: row for row in facts.rows}
        if self.baseline == CAPTURE:
            yield from (_unseen(row.name) for row in facts.rows if row.value is None)
            yield kept(len(facts.rows), "setting")
        elif self.baseline == COMPARE:
            before = {row.name: row for row in facts.before}
            for name in sorted(before.keys() | rows.keys()):
                yield from _compared(name, rows.get(name), before.get(name), facts.side)
        else:
            for bound in self._bounds():
                yield _judged(rows[bound.name], bound)

    def _bounds(self) -> list[Bound]:
        try:
            return [read(text) for text in self.expect]
        except ValueError as error:
            raise CannotAskError(str(error)) from None


def _unseen(name: str) -> Finding:
    message = f"There is no setting {name} here, or this role may not see it."
    return Finding(name, Verdict.UNKNOWN, message)


def _compared(name: str, now: Row | None, then: Row | None, side: str) -> Iterator[Finding]:
    """Say where a setting is another one than in the baseline, or will be after a restart."""
    if (now is None or now.value is None) and (then is None or then.value is None):
        yield _unseen(name)
        return
    if now is None or then is None or now.value is None or then.value is None:
        seen = "here" if now is not None and now.value is not None else f"in {side}"
        yield Finding(name, Verdict.UNKNOWN, f"{name} is seen {seen} only, so nobody can tell whether it changed.")
        return
    measured = {"value": now.value, "value_before": then.value} | ({"unit": now.unit} if now.unit else {})
    if (now.value, now.unit) != (then.value, then.unit):
        message = f"{name} is {now.shown}, and was {then.shown} in {side}."
        yield Finding(name, Verdict.BLOCK, message, measured, {"value": then.value})
    elif now.pending_restart and not then.pending_restart:
        message = f"{name} is {now.shown} as in {side}, until the next restart, which brings another value."
        yield Finding(name, Verdict.WARN, message, measured, {"value": then.value})


def _judged(row: Row, bound: Bound) -> Finding:
    measured = {"value": row.value, "pending_restart": row.pending_restart} | ({"unit": row.unit} if row.unit else {})
    if not row.known or row.value is None:
        return dataclasses.replace(_unseen(row.name), measured=measured, bound={"expect": bound.text})
    try:
        holds = bound.holds(row.value, row.unit, row.type or "")
    except ValueError as error:
        return Finding(row.name, Verdict.UNKNOWN, f"{bound.text}: {error}.", measured, {"expect": bound.text})
    shown = f"{row.name} is {row.shown}"
    if not holds:
        message = f"{shown}, and the procedure counts on {bound.text}."
        return Finding(row.name, Verdict.BLOCK, message, measured, {"expect": bound.text})
    if row.pending_restart:
        message = f"{shown} until the next restart, which brings another value."
        return Finding(row.name, Verdict.WARN, message, measured, {"expect": bound.text})
    return Finding(row.name, Verdict.PASS, f"{shown}.", measured, {"expect": bound.text})
