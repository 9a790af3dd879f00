"""Telling people of a run while it goes on: a thread of its own, so that no sink holds the run up."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runner.errors import ShisaError
from runner.journal import open_journal
from runner.journal.events import ApprovalRequested, Notified, QuestionAsked, RunClosed
from runner.notify.deliver import coming, deliver

if TYPE_CHECKING:
    from runner.config.model import Config, Loaded
    from runner.engine.ports import Clock
    from runner.journal.record import Record

_AT_THE_END_S = 5.0
"""How long the end of a run waits for its last messages; `shisa notify` delivers what is left."""
_AFTER_AN_ERROR_S = 60.0
_NEWS = (ApprovalRequested, QuestionAsked, RunClosed)
"""What the run itself writes of which there is something to tell; `shisa break-glass` tells of its own."""


def needed(config: Config) -> bool:
    """Whether there is anybody to tell anything."""
    escalates = any(policy.escalate for policy in config.policies.values())
    return bool(config.notify.command or config.notify.webhook) or escalates


class Companion:
    """Delivers what is due of one run, at once and when its time has come; an observer of the run.

    It has its own connection to the journal, and the run sees its lines as it sees those of other people.
    """

    def __init__(self, config: Loaded, run: str, person: str, clock: Clock) -> None:
        self._config, self._run, self._person, self._clock = config, run, person, clock
        self._news = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self.untold: list[str] = []
        """What was not delivered at the end, when nobody reads the journal's new lines any more."""

    def observe(self, record: Record) -> None:
        """Look again where there is something new to tell."""
        if isinstance(record.body, _NEWS):
            self._news.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over = True
        self._news.set()
        self._thread.join(_AT_THE_END_S)
        if self._thread.is_alive():
            self.untold.append("somebody is being told yet")

    def _work(self) -> None:
        while True:
            self._news.clear()
            last = self._over
            wait = self._deliver()
            if last:
                return
            self._news.wait(wait)

    def _deliver(self) -> float | None:
        """Deliver what is due; gives the seconds until something is due again, None where nothing is known of."""
        config = self._config
        try:
            with contextlib.closing(open_journal(config.config.journal, config.folder)) as journal:
                for line in deliver(config, journal, self._run, person=self._person, clock=self._clock):
                    if self._over and isinstance(line.body, Notified) and line.body.failed is not None:
                        self.untold.append(f"{', '.join(line.body.to)}: {line.body.failed}")
                now = self._clock()
                at = coming(config, tuple(journal.records(run=self._run)), now)
        except ShisaError:  # the run itself tells what is wrong with the journal
            return _AFTER_AN_ERROR_S
        return None if at is None else max(0.0, (at - now).total_seconds())
