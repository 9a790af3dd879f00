"""Whether this machine's clock can be trusted while a run waits: it goes as time goes, and not behind the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from runner.engine.ports import Clock
from runner.errors import GateClosedError
from runner.figures import duration_of

_LEAST = timedelta(seconds=30)
"""How far the clock may be off before nothing that depends on it is believed."""
_HINT = "set the clock right, then resume: approvals and windows are judged by it"


def steady() -> float:
    """Tell the seconds of a clock that nobody sets; where the system has one, it goes on while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Drift:
    """How far a clock has been set since this was made."""

    def __init__(self, clock: Clock, even: Callable[[], float] = steady) -> None:
        self._clock, self._even = clock, even
        self._begun = clock(), even()

    def refuse(self, newest: str) -> None:
        """Refuse to go on by a clock that was set, or that is behind ``newest``, the time of the last journal line.

        Raises GateClosedError: neither does a request expire nor an approval live longer by a clock that jumped.
        """
        wall, even = self._begun
        now = self._clock()
        jump = (now - wall) - timedelta(seconds=self._even() - even)
        if abs(jump) > _LEAST:
            way = "forward" if jump > timedelta() else "back"
            raise GateClosedError(
                f"this machine's clock was set {way} by {duration_of(abs(jump))} while the run was open", hint=_HINT
            )
        behind = datetime.fromisoformat(newest) - now
        if behind > _LEAST:
            raise GateClosedError(
                f"this machine's clock is {duration_of(behind)} behind the journal's newest line of the run", hint=_HINT
            )
