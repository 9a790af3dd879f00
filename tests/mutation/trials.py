"""Try mutants in a process that has collected the tests once: each in a child, by the tests that touch its lines."""

import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from runner.demo.server import Server
from tests.mutation.children import each_in_a_child
from tests.mutation.choosing import Choice
from tests.mutation.mutants import Mutant
from tests.mutation.recording import record
from tests.mutation.running import first_failing
from tests.mutation.swapping import swapped


class Trial(NamedTuple):
    mutant: Mutant
    ended: str
    """By which test that noticed, or by what else; empty where all passed."""
    seconds: float
    tests: int
    """How many could have noticed."""

    @property
    def killed(self) -> bool:
        """Whether a test noticed: what ended the trial before one could shows nothing."""
        return "::" in self.ended


class Trials:
    """Stands in for pytest's loop over the tests."""

    def __init__(self, root: Path, folder: Path, mutants: Sequence[Mutant], servers: Sequence[Server]) -> None:
        self._root = root
        self._folder = folder
        self._mutants = mutants
        self._servers = servers
        self.done: list[Trial] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        began = time.monotonic()
        files = [self._root / each for each in {each.path for each in self._mutants}]
        known = record(session.items, files, self._servers, self._folder)
        for test, seconds in known.took.items():
            if seconds == math.inf:
                _say(f"fails before anything is changed, and counts for nothing: {test}")
        _say(f"{len(known.took)} tests in {time.monotonic() - began:.0f} s; each mutant runs those that could notice")
        choice = Choice(session.items, known, self._root)
        suited = {each.name: choice.of(each) for each in self._mutants}

        def tried(mutant: Mutant, server: Server) -> str:
            """Find a test that fails as long as the mutant is there, and passes without it."""
            tests = suited[mutant.name]
            while tests:
                with swapped(mutant, self._root, Path(os.environ["TMPDIR"])):
                    failed = first_failing(tests, server, patience_s=lambda each: 60 + 10 * choice.seconds(each))
                if not failed or not first_failing([failed.item], server):
                    return str(failed or "")
                tests = tests[tests.index(failed.item) + 1 :]
            return ""

        for mutant, ended, seconds in each_in_a_child(self._mutants, tried, self._servers):
            self.done.append(trial := Trial(mutant, ended, seconds, len(suited[mutant.name])))
            state = f"killed by {ended}" if trial.killed else f"LIVES {ended}"
            _say(f"{len(self.done)}/{len(self._mutants)}  {seconds:.1f} s  {mutant.name}\n    {state}")
        return True


def _say(text: str) -> None:
    sys.__stderr__.write(text + "\n")
    sys.__stderr__.flush()
