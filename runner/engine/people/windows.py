"""The window of time in which the operator means to start: named with a request, signed, and waited for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from checks.duration import parse_duration
from runner.config.model import Policy
from runner.engine.ports import stamp
from runner.errors import UsageError
from runner.figures import duration_of, parse_time

_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """From when until when steps may start."""

    not_before: datetime
    not_after: datetime

    def as_json(self) -> dict[str, str]:
        """The shape in which a request carries it."""
        return {"not_before": stamp(self.not_before), "not_after": stamp(self.not_after)}

    @classmethod
    def of(cls, window: Mapping[str, str]) -> Window:
        """Read what ``as_json`` wrote."""
        return cls(datetime.fromisoformat(window["not_before"]), datetime.fromisoformat(window["not_after"]))


def parse_window(not_before: str | None, not_after: str | None, now: datetime) -> Window | None:
    """Read the two ends that the operator named; None where they named none.

    An end is a time with its zone (``2026-11-24T02:00+09:00``), or a time of day by this machine's zone, which means
    the next one to come. Raises UsageError.
    """
    if not_before is None and not_after is None:
        return None
    if not_before is None or not_after is None:
        raise UsageError("a window has two ends", hint="give --not-before and --not-after")
    begin = _end(not_before, now)
    window = Window(begin.astimezone(UTC), _end(not_after, begin).astimezone(UTC))
    if window.not_before >= window.not_after:
        raise UsageError(f"the window ends ({not_after}) before it begins ({not_before})")
    if window.not_after <= now:
        raise UsageError(f"the window is over: it ends at {stamp(window.not_after)}")
    return window


def told(window: Window, now: datetime) -> str:
    """Say when a window is by this machine's clock: ``tomorrow, Sat 28 Nov 02:00 to 04:00 JST``."""
    today, begin, end = (each.astimezone() for each in (now, window.not_before, window.not_after))
    last = f"{end:%H:%M}" if end.date() == begin.date() else _of_day(end, today)
    return f"{_of_day(begin, today)} to {last} {end:%Z}"


def parse_until(text: str, now: datetime) -> datetime:
    """Read until when something shall hold: a length of time from now, or an end as that of a window.

    Raises UsageError.
    """
    try:
        until = now + parse_duration(text)
    except ValueError:
        until = _end(text, now).astimezone(UTC)
    if until <= now:
        raise UsageError(f"{text} is over already")
    return until


def objection(window: Window, policies: Mapping[str, Policy]) -> str | None:
    """Say why policies do not allow a window; None where they do.

    Whether it lies too far ahead is known only when the last signature comes in: until then nothing counts.
    """
    length = window.not_after - window.not_before
    for name, policy in policies.items():
        if policy.window is None:
            return f"policy {name} allows no window: an approval holds for {policy.approval_ttl}"
        if length > parse_duration(policy.window.max):
            return f"the window is {duration_of(length)} long, and policy {name} allows {policy.window.max}"
    return None


def request_until(now: datetime, policies: Iterable[Policy], window: Window | None) -> datetime:
    """Tell until when a request may be signed: for as long as the policies say, but not past its window."""
    ttl = min((parse_duration(policy.request_ttl) for policy in policies), default=timedelta(hours=1))
    return now + ttl if window is None else min(now + ttl, window.not_after)


def _end(text: str, after: datetime) -> datetime:
    found = _OF_DAY.fullmatch(text)
    if found is not None:
        naive = after.astimezone().replace(
            hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0, tzinfo=None
        )
        today = naive.astimezone()
        return today if today > after else (naive + timedelta(days=1)).astimezone()
    at = parse_time(text)
    if at is None:
        hint = "write 02:00 for the next time this machine's clock says so, or 2026-11-24T02:00+09:00"
        raise UsageError(f"{text!r} is no time with a zone", hint=hint)
    return at


def _of_day(at: datetime, today: datetime) -> str:
    near = {0: "today, ", 1: "tomorrow, "}.get((at.date() - today.date()).days, "")
    year = "" if at.year == today.year else f" {at.year}"
    return f"{near}{at:%a %d %b}{year} {at:%H:%M}"
