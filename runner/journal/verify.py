"""Judging a whole journal: its chain, the signatures in it, and the heads that others remember."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from runner.errors import JournalError
from runner.journal.anchors import AnchorPoint, anchor_in
from runner.journal.chain import GENESIS, Line, is_whole
from runner.journal.codec import record_of
from runner.journal.events import (
    ApprovalGiven,
    ApprovalRejected,
    ApprovalRequested,
    ApprovalWithdrawn,
    BreakglassOpened,
    BreakglassReviewed,
    QuestionAnswered,
    QuestionAsked,
    RunClosed,
    RunHandedOver,
    RunOpened,
    WaiverGiven,
)
from runner.journal.record import Journal, Record

Kind = Literal["store", "chain", "signature", "anchor", "course"]
_SIGNED = (
    RunOpened,
    RunHandedOver,
    RunClosed,
    ApprovalGiven,
    ApprovalRejected,
    ApprovalWithdrawn,
    QuestionAnswered,
    WaiverGiven,
    BreakglassOpened,
    BreakglassReviewed,
)
_DECODED = {kind.name.encode() for kind in (*_SIGNED, ApprovalRequested, QuestionAsked)}


@dataclasses.dataclass(frozen=True, slots=True)
class SignedLine:
    """A line with a signature in it, and what the signature is about."""

    record: Record
    statement: str
    signature: str
    about: Record | None
    """The request or question that is answered, as it stands in the journal."""


SignatureCheck = Callable[[SignedLine], str | None]
"""Says why a signature does not hold, or None where it does; called from several threads."""


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a journal."""

    seq: int | None
    kind: Kind
    message: str


@dataclasses.dataclass(frozen=True, slots=True)
class VerifyResult:
    """What ``shisa verify`` tells."""

    events: int
    head: str
    valid: int
    invalid: int
    unsigned: int
    """Runs opened or closed, and others that may be, without a signature."""
    matched: int
    missing: int
    problems: tuple[Problem, ...]

    @property
    def chain(self) -> Literal["ok", "broken"]:
        """Whether the store is whole and every line follows from the one before; anchors are told apart."""
        return "broken" if any(problem.kind in {"chain", "store"} for problem in self.problems) else "ok"

    def as_json(self) -> dict[str, Any]:
        """Shape the result as DESIGN §5 names it."""
        return {
            "events": self.events,
            "head": self.head,
            "chain": self.chain,
            "signatures": {"valid": self.valid, "invalid": self.invalid, "unsigned": self.unsigned},
            "anchors": {"matched": self.matched, "missing": self.missing},
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
        }


def verify_journal(
    journal: Journal,
    *,
    check: SignatureCheck,
    kept: Iterable[AnchorPoint] = (),
    run: str | None = None,
) -> VerifyResult:
    """Read a whole journal and say everything that is wrong with it.

    ``kept`` are heads remembered outside of it. ``run`` limits the signatures to one run; the chain is always judged
    whole, for a line of any run that is missing breaks it.
    """
    reading = _Reading(run)
    problems = [Problem(None, "store", message) for message in _damage(journal)]
    try:
        for line in journal.lines():
            reading.take(line)
    except JournalError as error:
        reading.problems.append(Problem(reading.seq + 1, "store", error.message))
    problems += reading.problems
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        reasons = list(pool.map(check, reading.signed))
    for signed, reason in zip(reading.signed, reasons, strict=True):
        if reason is not None:
            seq, name = signed.record.seq, signed.record.body.name
            problems.append(Problem(seq, "signature", f"Line {seq}, {name}: {reason}."))
    points = (*reading.anchors, *kept)
    unmatched = [] if not points else list(_unmatched(points, reading.hashes, reading.seq))
    invalid = sum(reason is not None for reason in reasons)
    return VerifyResult(
        events=reading.count,
        head=reading.prev.decode("ascii", "replace"),
        valid=len(reasons) - invalid,
        invalid=invalid,
        unsigned=reading.unsigned,
        matched=len(points) - len(unmatched),
        missing=len(unmatched),
        problems=(*problems, *unmatched),
    )


class _Reading:
    """One pass over the lines."""

    def __init__(self, run: str | None) -> None:
        self.run = run
        self.count = 0
        self.seq = 0
        self.prev = GENESIS.encode()
        self.at = b""
        self.hashes: dict[int, bytes] = {0: self.prev}
        self.problems: list[Problem] = []
        self.signed: list[SignedLine] = []
        self.unsigned = 0
        self.anchors: list[AnchorPoint] = []
        self._about: dict[str, Record] = {}

    def take(self, line: Line) -> None:
        """Judge a line's place in the chain, then go on from the line as it stands to find what else is wrong."""
        seq, at, _, event, _, _, _, prev, own = line
        if not is_whole(line):
            self._broken(seq, "was edited: its content does not have the hash that stands in it")
        if seq != self.seq + 1:
            gap = f"{self.seq + 1} is" if seq == self.seq + 2 else f"{self.seq + 1} to {seq - 1} are"
            self._broken(seq, f"follows line {self.seq}: {gap} missing")
        elif prev != self.prev:
            self._broken(seq, f"does not follow from line {self.seq}: one of them was replaced or moved")
        if at < self.at:
            self._broken(seq, "is older than the line before it")
        if event in _DECODED:
            self._decode(line)
        self.count += 1
        self.seq, self.prev, self.at = seq, own, at
        self.hashes[seq] = own

    def _broken(self, seq: int, what: str) -> None:
        self.problems.append(Problem(seq, "chain", f"Line {seq} {what}."))

    def _decode(self, line: Line) -> None:
        try:
            record = record_of(line)
        except JournalError as error:
            self.problems.append(Problem(line.seq, "chain", error.message))
            return
        match record.body:
            case ApprovalRequested(request=request):
                self._about[request] = record
            case QuestionAsked():
                self._about[f"{record.run}/{record.step}"] = record
            case ApprovalGiven(request=request) | ApprovalRejected(request=request):
                self._sign(record, self._about.get(request))
            case _:
                self._sign(record, self._about.get(f"{record.run}/{record.step}"))

    def _sign(self, record: Record, about: Record | None) -> None:
        body = record.body
        if not isinstance(body, _SIGNED):
            return
        if body.statement is None or body.signature is None:
            self.unsigned += self.run in {None, record.run}
            return
        point = anchor_in(body.statement, f"line {record.seq}")
        if point is not None:
            self.anchors.append(point)
        if self.run in {None, record.run}:
            self.signed.append(SignedLine(record, body.statement, body.signature, about))


def _damage(journal: Journal) -> tuple[str, ...]:
    try:
        return journal.damage()
    except JournalError as error:
        return (error.message,)


def _unmatched(points: Iterable[AnchorPoint], hashes: dict[int, bytes], last: int) -> Iterator[Problem]:
    for point in points:
        found = hashes.get(point.seq)
        if found == point.head.encode():
            continue
        if found is not None:
            what = "that line has another hash now: the journal was written anew"
        elif point.seq > last:
            what = f"the journal ends at line {last}: its tail was cut off"
        else:
            what = "that line is missing"
        yield Problem(point.seq, "anchor", f"{point.source} remembers line {point.seq}, but {what}.")
