"""Run tests that pytest has collected, in a child of its process."""

import contextlib
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from runner.demo.server import Server


class TooLongError(BaseException):
    """A test goes on for longer than one has patience; no ``except Exception`` holds this up."""


class Failed(NamedTuple):
    item: pytest.Item
    said: str
    """In which phase it failed, and the first line of why."""

    def __str__(self) -> str:
        return f"{self.item.nodeid}\n        {self.said}"


class _Ear:
    """Hears of the first failure."""

    said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.said:
            why = getattr(report.longrepr, "reprcrash", None) or report.longrepr
            self.said = f"{report.when}: {str(getattr(why, 'message', why)).strip().partition(chr(10))[0]}"


def first_failing(
    items: Sequence[pytest.Item],
    server: Server,
    following: pytest.Item | None = None,
    patience_s: Callable[[pytest.Item], float] = lambda _: 0,
) -> Failed | None:
    """Run tests until one fails. The fixture ``server`` gives one that runs already.

    It has to fail twice, and alone: what went wrong because of the tests before it, or by chance, shows nothing.
    One that goes on for longer than one has patience has failed.
    """
    fixtures = sys.modules["tests.fixtures.postgres"]
    fixtures.session_server = lambda: contextlib.nullcontext(server)  # type: ignore[attr-defined]
    for item, then in zip(items, (*items[1:], following), strict=False):
        alone = not item.session._setupstate.stack
        said = _failure(item, then, patience_s(item))
        if said:
            if not alone:
                item.session._setupstate.teardown_exact(None)  # what the session has opened
            said = _failure(item, None, patience_s(item))
        if said:
            return Failed(item, said)
    return None


def _failure(item: pytest.Item, then: pytest.Item | None, patience_s: float) -> str:
    ear = _Ear()
    item.config.pluginmanager.register(ear)
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, patience_s, patience_s)  # again where it is held up all the same
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=then)
    except Exception as error:  # noqa: BLE001 - pytest cannot report a test that recurses without end
        ear.said = ear.said or f"report: {error}".partition("\n")[0]
        item.session._setupstate.teardown_exact(None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    item.config.pluginmanager.unregister(ear)
    item.session.testsfailed = 0
    return ear.said


def _too_long(*_: object) -> None:
    raise TooLongError
