"""Requests and decisions as text, for people whose machines share nothing but a chat or a mail.

A request takes along the lines of its run, and of other runs what the reviewer's screen tells of them; each line is
as it stands in the journal, with its hash.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from checks.base import Verdict
from runner.errors import UsageError
from runner.journal import events as ev
from runner.journal.chain import Line, is_whole
from runner.journal.codec import record_of
from runner.journal.record import Head, Record
from runner.review.packed import pack, unpack

_EARLIER = 5
"""Runs of the same runbook that a request tells of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Exported:
    """What came as text: a run that waits for somebody, and the journal's head when it was written."""

    run: str
    step: str | None
    """The step that waits; None where the whole run shall be looked at."""
    records: tuple[Record, ...]
    head: Head


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """A decision that came as text; nothing in it is believed before it is judged."""

    statement: str
    signature: str


def export_request(records: Iterable[Record], run: str, step: str | None, head: Head) -> str:
    """Write as text what waits for somebody: a step, or without one a broken glass; ``records`` is the whole journal.

    Raises UsageError where nobody is waited for.
    """
    told = tuple(_told(tuple(records), run, step))
    _waits(told, run, step)
    lines = [
        {
            "seq": one.seq,
            "at": one.at,
            "person": one.person,
            "event": one.body.name,
            "run": one.run,
            "step": one.step,
            "body": one.text,
            "prev": one.prev,
            "hash": one.hash,
        }
        for one in told
    ]
    return pack("REQUEST", {"run": run, "step": step, "seq": head.seq, "head": head.hash, "lines": lines})


def import_request(text: str) -> Exported:
    """Read what ``export_request`` wrote, and prove that each line has its hash; raises UsageError."""
    value = unpack("REQUEST", text)
    try:
        lines = [_line(one) for one in value["lines"]]
        head, run = Head(int(value["seq"]), str(value["head"])), str(value["run"])
        step = None if value["step"] is None else str(value["step"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError("The text holds no approval request that this version of shisa can read.") from error
    broken = [line.seq for line in lines if not is_whole(line)]
    if broken:
        raise UsageError(f"Line {broken[0]} of the request does not have the hash that stands in it.")
    _refuse_loose(lines, head)
    records = tuple(map(record_of, lines))
    _waits(records, run, step)
    return Exported(run, step, records, head)


def export_decision(statement: str, signature: str) -> str:
    """Write what somebody has signed as text for the operator."""
    return pack("DECISION", {"statement": statement, "signature": signature})


def import_decision(text: str) -> Decided:
    """Read what ``export_decision`` wrote; raises UsageError."""
    match unpack("DECISION", text):
        case {"statement": str(statement), "signature": str(signature)}:
            return Decided(statement, signature)
    raise UsageError("The text holds no decision that this version of shisa can read.")


def _told(records: tuple[Record, ...], run: str, step: str | None) -> Iterator[Record]:
    """Choose the lines that travel: the run's own, and of others that were of this runbook or are open now."""
    opened = {one.run: one.body for one in records if isinstance(one.body, ev.RunOpened)}
    if run not in opened:
        raise UsageError(f"There is no run {run} in these lines.")
    runbook, targets = opened[run].runbook, _databases(opened[run])
    ended = {one.run for one in records if isinstance(one.body, ev.RunClosed)}
    earlier = [other for other, body in opened.items() if body.runbook == runbook and other != run][-_EARLIER:]
    beside = {other for other, body in opened.items() if other not in ended and targets & _databases(body)}
    for one in records:
        frame = isinstance(one.body, ev.RunOpened | ev.RunPaused | ev.RunClosed)
        before = one.run in earlier and (frame or (one.step and one.step in {step, f"{step}.rollback"}))
        if one.run == run or before or (one.run in beside and frame):
            yield one


def _databases(opened: ev.RunOpened) -> set[str]:
    return {target.fingerprint for target in opened.targets}


def _waits(records: Iterable[Record], run: str, step: str | None) -> None:
    mine = [one for one in records if one.run == run]
    if not mine or not isinstance(mine[0].body, ev.RunOpened):
        raise UsageError(f"The lines of run {run} do not begin where it was opened.")
    if step is None and not any(isinstance(one.body, ev.BreakglassOpened) for one in mine):
        raise UsageError(f"Run {run} has no broken glass that somebody could look at.")
    if step is not None and not any(one.step == step and _asks(one.body) for one in mine):
        raise UsageError(f"Step {step} of run {run} asks nobody for an approval, an answer or a waiver.")


def _asks(body: ev.Event) -> bool:
    match body:
        case ev.ApprovalRequested() | ev.QuestionAsked():
            return True
        case ev.GuardsAsked(verdict=verdict):
            return Verdict.of(verdict).closes
        case _:
            return False


def _refuse_loose(lines: list[Line], head: Head) -> None:
    """Refuse lines that could not stand in one journal that ends with this head."""
    for before, line in itertools.pairwise(lines):
        if line.seq <= before.seq or (line.seq == before.seq + 1 and line.prev != before.hash):
            raise UsageError(f"Line {line.seq} of the request does not follow from the line before it.")
    last = lines[-1] if lines else None
    if last is not None and (last.seq > head.seq or (last.seq == head.seq and last.hash.decode() != head.hash)):
        raise UsageError("The request's lines do not belong to the journal head that it names.")


def _line(one: dict[str, Any]) -> Line:
    step = one["step"]
    texts = {name: one[name].encode() for name in ("at", "person", "event", "run", "body", "prev", "hash")}
    return Line(seq=int(one["seq"]), step=None if step is None else step.encode(), **texts)
