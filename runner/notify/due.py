"""Which message each sink has yet to deliver, and from when on; the delivery table is the journal itself. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from runner.journal.events import Notified
from runner.journal.record import Record
from runner.notify.messages import Message

NOBODY = ""
"""The sink that stands for none, where shisa.yaml names none."""
_MUST = frozenset({"escalation", "break-glass"})
"""What a run relies on: that nobody could be told stands in the journal, too."""
_AGAIN = tuple(timedelta(minutes=each) for each in (1, 5, 30, 120))
"""How long after a failure it is tried again; after the last one it is given up."""


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """A message that a sink has yet to deliver."""

    message: Message
    sink: str
    at: datetime
    """From when on."""


def deliveries(messages: Iterable[Message], records: Iterable[Record], sinks: Iterable[str]) -> Iterator[Delivery]:
    """Pair each message with each sink that has not delivered it, unless that was given up."""
    tried: dict[tuple[int, str, str], list[Record]] = {}
    for line in records:
        if isinstance(line.body, Notified):
            tried.setdefault((line.body.line, line.body.rule, line.body.sink), []).append(line)
    names = tuple(sinks) or (NOBODY,)
    for message in messages:
        for sink in names if names != (NOBODY,) or message.about in _MUST else ():
            at = _next(message, sink, tried.get((message.line, message.rule, sink), []))
            if at is not None:
                yield Delivery(message, sink, at)


def _next(message: Message, sink: str, tries: list[Record]) -> datetime | None:
    """Tell when a message is delivered next; None where it was, or where trying again is of no use."""
    if not tries:
        return message.since
    last = tries[-1]
    told = isinstance(last.body, Notified) and last.body.failed is None
    if told or sink == NOBODY or not message.to or len(tries) > len(_AGAIN):
        return None
    return datetime.fromisoformat(last.at) + _AGAIN[len(tries) - 1]
