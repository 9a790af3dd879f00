"""``time-window``: it is the hour for this."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param
from checks.facts.windows import Window, read
from checks.facts.wording import listed


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """The server's clock in the zone."""

    day: str
    """As 2026-11-23."""
    minute: int
    """Of the day."""
    known: bool
    """Whether the zone is one of PostgreSQL's list of names."""


@check("time-window", since=14, group="open", looks_at="clocks")
class TimeWindow(Check[list[Row]]):
    """It is the hour for this.

    ## Why it matters

    A step that is harmless at three in the morning locks the table that everybody uses at nine, on the day on which all
    expenses are due. "Tonight" ends at some hour, and a long step begun ten minutes before does not.

    ## When it blocks

    None of `windows` is open by the server's clock in `zone`, or the one that is open ends in less than `left`. A
    window belongs to the day on which it begins: `Fri 22:00-05:00` is open on Saturday at four. On `holidays` no window
    begins, or with `on_holidays: open` the whole day is a window. An unknown zone is unknown.

    ## What to do

    Wait for the window; a run can be resumed then.

    ## What it cannot see

    How long the step will take. Holidays that nobody listed. An hour that is skipped or comes twice when clocks are
    changed is counted as the wall clock shows it.
    """

    windows: tuple[str, ...] = param("When it may be done, as Mon-Fri 22:00-05:00 or 01:00-04:00.")
    zone: str = param("Time zone of the windows, as Asia/Tokyo.")
    left: timedelta = param("Time that must be left in the window.", default=timedelta(0))
    holidays: tuple[str, ...] = param("Days, as 2026-12-31.", default=())
    on_holidays: str = param("What a holiday is.", default="closed", choices=["closed", "open"])

    def gather(self, ask: Ask) -> list[Row]:
        """Ask the server for the time."""
        self._windows()
        rows = ask.rows(self.query, Row, zone=self.zone)
        if not rows[0].known:
            raise CannotAskError(f"PostgreSQL knows no time zone {self.zone!r}; write it as Asia/Tokyo")
        return rows

    def judge(self, facts: list[Row]) -> Iterator[Finding]:
        """Lay the windows over the moment."""
        (row,) = facts
        today = date.fromisoformat(row.day)
        windows, holidays = self._windows()
        free = self.on_holidays == "open"
        found = [window.left(today, row.minute, frozenset() if free else holidays) for window in windows]
        if free and today in holidays:
            found.append(24 * 60 - row.minute)
        left = max((each for each in found if each is not None), default=None)
        need = -int(-self.left.total_seconds() // 60)
        clock = f"{today:%a} {row.day} {row.minute // 60:02}:{row.minute % 60:02} in {self.zone}"
        measured = {"day": row.day, "minute": row.minute, "minutes_left": left, "holiday": today in holidays}
        bound = {"windows": list(self.windows), "zone": self.zone, "minutes_left": need}
        if left is None:
            day = ", a holiday" if today in holidays else ""
            verdict, why = Verdict.BLOCK, f"It is {clock}{day}, outside of {listed(self.windows)}."
        elif left < need:
            why = f"It is {clock}: {_whole(left)} of the window are left, and {_whole(need)} are wanted."
            verdict = Verdict.BLOCK
        else:
            verdict, why = Verdict.PASS, f"It is {clock}: {_whole(left)} of the window are left."
        yield Finding("clock", verdict, why, measured, bound)

    def _windows(self) -> tuple[list[Window], frozenset[date]]:
        try:
            found = [read(text) for text in self.windows]
            return found, frozenset(date.fromisoformat(day) for day in self.holidays)
        except ValueError as error:
            raise CannotAskError(str(error)) from None


def _whole(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (rest, "min")) if count) or "0 min"
