"""The hash chain: every line's hash covers its fields and the hash of the line before."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

GENESIS = "0" * 64
"""What stands for the hash of the line before the first."""


class Line(NamedTuple):
    """One stored line, undecoded: whatever the store holds, as bytes."""

    seq: int
    at: bytes
    person: bytes
    event: bytes
    run: bytes
    step: bytes | None
    body: bytes
    prev: bytes
    hash: bytes


def is_whole(line: Line) -> bool:
    """Tell whether a line still has the content that its hash was taken of."""
    return line_hash(*line[:8]).encode() == line.hash


def line_hash(  # noqa: PLR0917 - the columns, in the order in which they are hashed
    seq: int,
    at: bytes,
    person: bytes,
    event: bytes,
    run: bytes,
    step: bytes | None,
    body: bytes,
    prev: bytes,
    /,
) -> str:
    """Hash a line's columns: SHA-256, in hexadecimal, over the tag ``shisa1`` and length-prefixed fields.

    Every field is ``<bytes>:<content>``, a missing step is ``-``; so no two lines share a preimage, and no step
    differs from an empty one.
    """
    where = b"-" if step is None else b"%d:%b" % (len(step), step)
    sized = (
        len(at),
        at,
        len(person),
        person,
        len(event),
        event,
        len(run),
        run,
        where,
        len(body),
        body,
        len(prev),
        prev,
    )
    return hashlib.sha256(b"shisa1 %d %d:%b%d:%b%d:%b%d:%b%b%d:%b%d:%b" % (seq, *sized)).hexdigest()
