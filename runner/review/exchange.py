"""Requests and decisions as text, for people whose machines share nothing but a chat or a mail.

The text survives new line breaks, quoting marks and blanks that a chat puts in; anything else that changed on the
way breaks its checksum. The checksum is against accidents: what makes a decision count is its signature.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import zlib
from collections.abc import Iterable
from typing import Any, Literal

from runner.canonical import NotCanonicalError, canonical, parse_canonical
from runner.errors import UsageError
from runner.journal import events as ev
from runner.journal.chain import Line, is_whole
from runner.journal.codec import record_of
from runner.journal.record import Head, Record
from runner.review.approval import Request

Kind = Literal["REQUEST", "DECISION"]
_WIDTH = 64
_LARGEST = 16 << 20
"""Bytes of an unpacked text; a run with all its evidence has far less."""
_PUT_IN = re.compile(r"[\s\u00a0\u200b-\u200d\u2060\ufeff>|]+")
_PACKED = re.compile(r"([A-Za-z0-9+/]+={0,2})sha256:([0-9a-f]{16})")


@dataclasses.dataclass(frozen=True, slots=True)
class Exported:
    """A request that came as text: the lines of its run, and the journal's head when it was written."""

    request: Request
    records: tuple[Record, ...]
    head: Head


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """A decision that came as text; nothing in it is believed before ``verify_approval``."""

    statement: str
    signature: str


def export_request(records: Iterable[Record], request_id: str, head: Head) -> str:
    """Write a request and the lines of its run as text for a reviewer.

    Raises UsageError where the lines hold no such request.
    """
    records = tuple(records)
    _requested(records, request_id)
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
        for one in records
    ]
    return _pack("REQUEST", {"request": request_id, "seq": head.seq, "head": head.hash, "lines": lines})


def import_request(text: str) -> Exported:
    """Read what ``export_request`` wrote, and prove that each line has its hash; raises UsageError."""
    value = _unpack("REQUEST", text)
    try:
        lines = [_line(one) for one in value["lines"]]
        head, request_id = Head(int(value["seq"]), str(value["head"])), str(value["request"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError("The text holds no approval request that this version of shisa can read.") from error
    broken = [line.seq for line in lines if not is_whole(line)]
    if broken:
        raise UsageError(f"Line {broken[0]} of the request does not have the hash that stands in it.")
    if any(line.seq > head.seq or (line.seq == head.seq and line.hash.decode() != head.hash) for line in lines):
        raise UsageError("The request's lines do not belong to the journal head that it names.")
    records = tuple(map(record_of, lines))
    return Exported(_requested(records, request_id), records, head)


def export_decision(statement: str, signature: str) -> str:
    """Write a signed decision as text for the operator."""
    return _pack("DECISION", {"statement": statement, "signature": signature})


def import_decision(text: str) -> Decided:
    """Read what ``export_decision`` wrote; raises UsageError."""
    match _unpack("DECISION", text):
        case {"statement": str(statement), "signature": str(signature)}:
            return Decided(statement, signature)
    raise UsageError("The text holds no decision that this version of shisa can read.")


def _requested(records: Iterable[Record], request_id: str) -> Request:
    for one in records:
        if isinstance(one.body, ev.ApprovalRequested) and one.body.request == request_id:
            return Request(one.run, one.step or "", one.at, one.body)
    raise UsageError(f"There is no approval request {request_id} in these lines.")


def _line(one: dict[str, Any]) -> Line:
    step = one["step"]
    texts = {name: one[name].encode() for name in ("at", "person", "event", "run", "body", "prev", "hash")}
    return Line(seq=int(one["seq"]), step=None if step is None else step.encode(), **texts)


def _pack(kind: Kind, value: dict[str, Any]) -> str:
    packed = zlib.compress(canonical(value), 9)
    text = base64.b64encode(packed).decode()
    rows = [text[place : place + _WIDTH] for place in range(0, len(text), _WIDTH)]
    total = f"sha256:{hashlib.sha256(packed).hexdigest()[:16]}"
    return "\n".join((f"-----BEGIN SHISA {kind}-----", *rows, total, f"-----END SHISA {kind}-----")) + "\n"


def _unpack(kind: Kind, text: str) -> Any:
    hint = "Ask for it again, and paste everything from BEGIN to END."
    between = re.search(rf"BEGIN SHISA {kind}(.*?)END SHISA {kind}", text, re.DOTALL)
    if between is None:
        raise UsageError(f"There is no SHISA {kind} in the text, or a part of it is missing.", hint=hint)
    found = _PACKED.fullmatch(_PUT_IN.sub("", between[1]).strip("-\u2013\u2014"))
    try:
        packed = b"" if found is None else base64.b64decode(found[1], validate=True)
    except ValueError:
        packed = b""
    if found is None or hashlib.sha256(packed).hexdigest()[:16] != found[2]:
        raise UsageError("The text was changed on the way: its checksum does not fit.", hint=hint)
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, _LARGEST)
        if not unpacking.eof:
            raise UsageError("The text unpacks to more than a request can hold.")
        return parse_canonical(data)
    except (zlib.error, NotCanonicalError) as error:
        raise UsageError(f"The text cannot be read: {error}.", hint=hint) from error
