"""How far a long effect is: a sentence every second for a line that is replaced, one now and then that stays."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from checks.facts.figures import span

_LIVE = 1.0
_STAYS = 30.0
_SOON = 3.0
"""Seconds before an effect is called long; its rest is not guessed before."""


class Progress:
    """Says how far an effect is, no oftener than a person reads."""

    def __init__(
        self,
        live: Callable[[str], None],
        tell: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live, self._tell, self._clock = live, tell, clock
        self._begun = self._said = self._told = clock()

    @property
    def due(self) -> bool:
        """Whether there is anything to say again."""
        return self._clock() - self._said >= _LIVE

    def say(self, text: str, share: float | None = None) -> None:
        """Say how far it is; ``share`` is the part that is done, None where nobody knows."""
        now = self._clock()
        if now - self._said < _LIVE:
            return
        self._said = now
        whole = f"{text}{self._rest(share, now)}"
        self._live(whole)
        if now - self._told >= _STAYS:
            self._told = now
            self._tell(whole)

    @contextlib.contextmanager
    def during(self, text: str) -> Iterator[None]:
        """Say what goes on, and for how long, while something that gives no figures is waited for."""
        done, begun = threading.Event(), self._clock()

        def say_on() -> None:
            while not done.wait(_LIVE):
                self.say(f"{text}, for {span(self._clock() - begun)}")

        saying = threading.Thread(target=say_on, daemon=True)
        saying.start()
        try:
            yield
        finally:
            done.set()
            saying.join()

    def _rest(self, share: float | None, now: float) -> str:
        gone = now - self._begun
        if share is None or share <= 0 or gone < _SOON:
            return ""
        return f"; about {span(gone * (1 - min(share, 1)) / min(share, 1))} left"
