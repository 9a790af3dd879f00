"""Deliver what is due of a run: send, then journal what became of it, so that everything is told at least once.

One program at a time does both, so that two beside each other do not send the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from runner.engine.fold.state import fold
from runner.journal.events import Notified
from runner.journal.telling import telling
from runner.notify.due import Delivery, deliveries
from runner.notify.messages import Message, messages
from runner.notify.sinks import Sink, sinks_of

if TYPE_CHECKING:
    from runner.config.model import Loaded
    from runner.engine.fold.state import State
    from runner.engine.ports import Clock
    from runner.journal.record import Journal, Record

_NO_WAY = "shisa.yaml names no notify: {command: …} or {webhook: …}"
_NOBODY = "nobody of shisa.yaml is meant by it"


def deliver(
    config: Loaded, journal: Journal, run: str, *, person: str, clock: Clock, late: timedelta = timedelta()
) -> Iterator[Record]:
    """Deliver what is due of a run, and has been for so long (``late``), one by one; gives the journal's line of each.

    The run is read again before each, for people sign and other programs deliver meanwhile. Raises JournalError; what
    was sent and is not journaled is sent again by whoever comes next.
    """
    sinks = sinks_of(config)

    def due() -> tuple[tuple[Record, ...], Delivery | None]:
        records, now = tuple(journal.records(run=run)), clock()
        return records, next((one for one in _open(config, records, sinks, now) if one.at + late <= now), None)

    while due()[1] is not None:
        with telling(journal, run) as mine:
            records, each = due()
            if not mine or each is None:
                return
            message = each.message
            body = Notified(
                about=message.about,
                to=message.to,
                line=message.line,
                sink=each.sink,
                request=message.request,
                rule=message.rule,
                failed=_send(sinks.get(each.sink), message, fold(records)),
            )
            line = journal.append(body, run=run, step=message.step, person=person)
        yield line


def coming(config: Loaded, records: Sequence[Record], now: datetime) -> datetime | None:
    """Tell when the next delivery of a run is due, as far as is known now; None where none is."""
    return min((one.at for one in _open(config, records, sinks_of(config), now)), default=None)


def _open(config: Loaded, records: Sequence[Record], sinks: Iterable[str], now: datetime) -> Iterator[Delivery]:
    return deliveries(messages(records, config.config, now), records, sinks)


def _send(sink: Sink | None, message: Message, state: State) -> str | None:
    if sink is None:
        return _NO_WAY
    return sink(message.as_json(state)) if message.to else _NOBODY
