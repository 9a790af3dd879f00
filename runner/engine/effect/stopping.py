"""Signals that ask the program to end: noted while an effect runs, so that it is ended in order and recorded."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

_handle = getattr(signal.signal, "__wrapped__", signal.signal)
"""``signal.signal`` without the enumerations around it, which cost each step more than all that it does here."""
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(KeyboardInterrupt):
    """The step was ended because the program was asked to end; its text says how."""


class Signals:
    """Notes Ctrl-C, SIGTERM and SIGHUP instead of raising KeyboardInterrupt in the middle of a journal line."""

    def __init__(self) -> None:
        self._heard: list[int] = []
        self._before: dict[int, Any] = {}

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note them within, but those that this program was started to ignore; only the main thread is told of any."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        try:
            for each in _SIGNALS:
                handler = _handle(each, self._note)
                if handler == signal.SIG_IGN:
                    _handle(each, handler)
                else:
                    self._before[each] = handler
            yield
        finally:
            for each, handler in self._before.items():
                _handle(each, handler)
            self._before = {}

    @contextlib.contextmanager
    def raised(self) -> Iterator[None]:
        """Within ``noted``, while a person is asked: let them break the question off."""
        if not self._before:
            yield
            return
        for each, handler in self._before.items():
            _handle(each, handler)
        try:
            yield
        finally:
            for each in self._before:
                _handle(each, self._note)

    def take(self) -> int | None:
        """Give the newest signal that nobody has dealt with; one that is no Ctrl-C goes before all others."""
        heard, self._heard = self._heard, []
        urgent = [each for each in heard if each != signal.SIGINT]
        chosen = urgent or heard
        return chosen[-1] if chosen else None

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._heard.append(number)


def by_interrupt(error: BaseException | None) -> bool:
    """Whether an error is what became of a Ctrl-C: in the middle of a query psycopg makes an error of its own of it."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def in_words(number: int) -> str:
    """Say what a signal means for the run."""
    if number == signal.SIGINT:
        return "interrupted by the operator"
    if number == getattr(signal, "SIGHUP", None):
        return "the terminal is gone (SIGHUP)"
    return f"the program was told to end ({signal.Signals(number).name})"
