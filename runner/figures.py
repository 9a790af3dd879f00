"""Words for what was measured: figures with separators, durations, ages, and the names that people read."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

VERDICTS = {"pass": "PASS", "warn": "WARN", "unknown": "UNKNOWN", "block": "BLOCK"}

_LABELS = {
    "backup_next": "next id in the backup",
    "live_next": "next id now",
    "max_in_use": "highest id in use",
    "ids_to_be_reissued": "ids issued twice",
    "drawn_by": "drawn by",
    "changed_since": "rows changed since the backup",
    "deleted_since": "rows deleted since the backup",
    "inserted_since": "rows inserted since the backup",
}
_NUMBERED = frozenset({"pid", "pids", "announced_pid", "version", "other_version", "timeline"})
"""Numbers that name something; a separator would hinder whoever copies one into psql."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEP = 1024
_PASSES_SHOWN = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One measured value: the name a person reads, and one or more lines of text."""

    label: str
    values: tuple[str, ...]
    limit: str | None = None
    """The bound that the value was judged by, where the check names one."""


def figures(measured: Mapping[str, Any], bound: Mapping[str, Any] | None = None) -> tuple[Figure, ...]:
    """Word what a finding measured, each figure with its bound; bounds without a figure stand behind.

    A bound of None is none: nothing was asked for.
    """
    bound = {key: value for key, value in (bound or {}).items() if value is not None}
    found = [Figure(_label(key), _values(key, value), _limit(key, bound)) for key, value in measured.items()]
    used = {name for key in measured for name, _ in _names(key)}
    return (*found, *(Figure(f"limit: {_label(key)}", _values(key, bound[key])) for key in bound if key not in used))


def findings_shown(item: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """Choose what of a guard's findings (its JSON) is shown: all that object, some that pass, the rest counted."""
    findings = list(item.get("findings") or ())
    passing = [finding for finding in findings if finding.get("verdict") == "pass"]
    objecting = [finding for finding in findings if finding.get("verdict") != "pass"]
    return objecting + passing[:_PASSES_SHOWN], max(0, len(passing) - _PASSES_SHOWN)


def told_by_finding(item: Mapping[str, Any]) -> bool:
    """Whether a finding already says what the guard's own message says."""
    return any(finding.get("message") == item.get("message") for finding in item.get("findings") or ())


def moment(at: str) -> str:
    """Word an RFC 3339 time, to the second: ``2026-11-23 21:02:31 UTC``; what is no time stays as it is."""
    when = parse_time(at)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC") if when else at


def clock(at: str) -> str:
    """Word the time of day only: ``21:02:31``."""
    when = parse_time(at)
    return when.strftime("%H:%M:%S") if when else at


def age(since: str | None, now: str) -> str:
    """Word how long ago something was measured; ``unknown`` where either time is not one."""
    begin, end = parse_time(since or ""), parse_time(now)
    if begin is None or end is None:
        return "unknown"
    return "in the future" if end < begin else f"{duration_of(end - begin)} ago"


def duration(milliseconds: int) -> str:
    """Word a length of time with its two largest units: ``350 ms``, ``4.2 s``, ``3 min 5 s``, ``2 h 10 min``."""
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for size, large, small, unit in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {large} {rest} {unit}" if rest else f"{whole // size} {large}"
    return f"{whole} s"


def duration_of(length: dt.timedelta) -> str:
    """Word a length of time as ``duration`` does."""
    return duration(int(length.total_seconds() * 1000))


def parse_time(text: str) -> dt.datetime | None:
    """Read an RFC 3339 time as UTC; None for anything else, a time without a zone included."""
    try:
        when = dt.datetime.fromisoformat(text)
        return when.astimezone(dt.UTC) if when.tzinfo else None
    except (ValueError, OverflowError):
        return None


def plain(value: Any) -> str:
    """Word any value of evidence in one line, its keys as people read them."""
    return _in_one_line(value, _label)


def as_written(value: Any) -> str:
    """Word any value of a runbook in one line; its keys may be names of the database and stay as they are."""
    return _in_one_line(value, str)


def in_lines(body: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Word a step's body, a key at a time: a text by its lines, a mapping with a line for each of its keys."""
    for key, value in body.items():
        if isinstance(value, Mapping) and value:
            lines = (line for name, one in value.items() for line in _text_lines(f"{name}: {as_written(one)}"))
            yield str(key), tuple(lines)
        else:
            yield str(key), tuple(_text_lines(as_written(value)))


def _text_lines(text: str) -> list[str]:
    return text.strip().split("\n")


def _in_one_line(value: Any, say: Callable[[str], str]) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case None:
            return "unknown"
        case list() | tuple():
            return ", ".join(_in_one_line(item, say) for item in value) or "none"
        case dict():
            return ", ".join(f"{say(str(key))} {_in_one_line(item, say)}" for key, item in value.items()) or "none"
        case _:
            return str(value)


def _label(key: str) -> str:
    return _LABELS.get(key) or _stem(key)[0].replace("_", " ")


def _stem(key: str) -> tuple[str, str]:
    stem, _, unit = key.rpartition("_")
    return (stem, unit) if stem and unit in {"ms", "s", "bytes", "mb", "pct"} else (key, "")


def _values(key: str, value: Any) -> tuple[str, ...]:
    if key == "drawn_by" and isinstance(value, list | tuple):
        return tuple(_drawer(drawer) for drawer in value) or ("nothing found",)
    if key in _NUMBERED and value is not None:
        return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)
    if isinstance(value, int) and not isinstance(value, bool):
        return (_with_unit(value, _stem(key)[1]),)
    if isinstance(value, list | tuple) and value:
        return tuple(plain(item) for item in value)
    return (plain(value),)


def _with_unit(value: int, unit: str) -> str:
    match unit:
        case "ms":
            return duration(value)
        case "s":
            return duration(value * 1000)
        case "bytes":
            return _bytes(value)
        case "mb":
            return f"{value:,} MB"
        case "pct":
            return f"{value:,} %"
        case _:
            return f"{value:,}"


def _bytes(value: int) -> str:
    size = float(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < _STEP:
            return f"{value:,} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:,.1f} TB"


def _drawer(drawer: Any) -> str:
    if not isinstance(drawer, Mapping):
        return plain(drawer)
    column = ".".join(str(drawer[key]) for key in ("table", "column") if drawer.get(key) is not None)
    return f"{column} ({drawer['via']})" if drawer.get("via") else column or plain(dict(drawer))


def _limit(key: str, bound: Mapping[str, Any]) -> str | None:
    found = [(how, bound[name]) for name, how in _names(key) if name in bound]
    return ", ".join(f"{how}{_values(key, value)[0]}" for how, value in found) or None


def _names(key: str) -> tuple[tuple[str, str], ...]:
    return ((key, ""), (f"max_{key}", "at most "), (f"min_{key}", "at least "))
