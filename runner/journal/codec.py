"""Events to and from the journal's text, and the envelope that ``--format json`` prints."""

from __future__ import annotations

from typing import Any

import msgspec

from runner.canonical import NotCanonicalError, canonical
from runner.errors import JournalError
from runner.journal.chain import Line
from runner.journal.events import TYPES, Event
from runner.journal.record import Record

_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in TYPES.items()}


def encode(body: Event) -> str:
    """Spell an event's body as canonical JSON, every field written out.

    Raises JournalError where a body holds what has no canonical spelling (a float, a key that is not ASCII).
    """
    try:
        return canonical(msgspec.to_builtins(body)).decode("utf-8")
    except (NotCanonicalError, TypeError) as error:
        message = f"The event {body.name} cannot be journaled: {error}."
        raise JournalError(message, hint="Nothing was written; this is a fault of shisa or of a plug-in.") from error


def decode(name: str, text: str | bytes, *, seq: int) -> Event:
    """Read an event's body.

    Raises JournalError, naming line ``seq``, for an event this version does not know or a body that does not fit.
    """
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise JournalError(
            f"Line {seq} of the journal holds an event that this version of shisa does not know: {name!r}.",
            hint="A newer shisa may have written it; read the journal with that version.",
        )
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(
            f"Line {seq} of the journal, {name}, cannot be read: {error}.",
            hint="Run `shisa verify` to see whether the line was edited.",
        ) from error


def record_of(line: Line) -> Record:
    """Decode one stored line.

    Raises JournalError as ``decode`` does, and for columns that are not UTF-8.
    """
    try:
        name, text = line.event.decode(), line.body.decode()
        at, run, person = line.at.decode(), line.run.decode(), line.person.decode()
        step = None if line.step is None else line.step.decode()
        prev, own = line.prev.decode(), line.hash.decode()
    except UnicodeDecodeError as error:
        raise JournalError(
            f"Line {line.seq} of the journal is not UTF-8 text.", hint="Run `shisa verify` to see what was changed."
        ) from error
    return Record(
        seq=line.seq,
        at=at,
        run=run,
        step=step,
        person=person,
        body=decode(name, text, seq=line.seq),
        text=text,
        prev=prev,
        hash=own,
    )


def envelope(record: Record) -> dict[str, Any]:
    """Shape a line as ``{event, seq, at, run, step?, person, body}``: one line of ``--format json``."""
    shaped = {"event": record.body.name, "seq": record.seq, "at": record.at, "run": record.run}
    if record.step is not None:
        shaped["step"] = record.step
    return {**shaped, "person": record.person, "body": msgspec.json.decode(record.text)}
