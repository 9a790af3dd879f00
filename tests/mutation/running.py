"""Run tests that pytest has collected, in a child of its process."""

import contextlib
import signal
import sys
from collections.abc import Callable, Sequence

import pytest

from runner.demo.server import Server


def first_failing(
    items: Sequence[pytest.Item],
    server: Server,
    following: pytest.Item | None = None,
    patience_s: Callable[[pytest.Item], float] = lambda _: 0,
) -> str:
    """Run tests until one fails; give its name, or nothing. The fixture ``server`` gives one that runs already.

    It has to fail alone too: what went wrong because of the tests before it shows nothing.
    A test that goes on for longer than one has patience ends the process with SIGALRM.
    """
    fixtures = sys.modules["tests.fixtures.postgres"]
    fixtures.session_server = lambda: contextlib.nullcontext(server)  # type: ignore[attr-defined]
    for item, then in zip(items, (*items[1:], following), strict=False):
        signal.setitimer(signal.ITIMER_REAL, patience_s(item))
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=then)
        if item.session.testsfailed:
            item.session._setupstate.teardown_exact(None)  # what the session has opened
            item.session.testsfailed = 0
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if item.session.testsfailed:
                return item.nodeid
    return ""
