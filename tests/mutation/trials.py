"""Try mutants in a process that has collected the tests once: each in a child, by the tests that touch its lines."""

import itertools
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
from tests.mutation.mutants import Mutant, words
from tests.mutation.recording import Record, record
from tests.mutation.running import first_failing
from tests.mutation.swapping import swap

TEAM = "tests/runner/journal/team/"
"""The tests that ask the team journal's functions: all of them run for a mutant in SQL."""
SECONDS = 60
"""What is not noticed by so many seconds of the quickest tests is noticed too late."""


class Trial(NamedTuple):
    mutant: Mutant
    killer: str
    """The test that noticed; empty where none did."""
    seconds: float
    tests: int
    """How many could have noticed."""


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
        suited = {each.name: self._suited(each, session.items, known) for each in self._mutants}

        def tried(mutant: Mutant, server: Server) -> str:
            swap(mutant, self._root, Path(os.environ["TMPDIR"]))
            return first_failing(suited[mutant.name], server)

        def limit(mutant: Mutant) -> float:
            return 60 + 5 * sum(known.took[each.nodeid] for each in suited[mutant.name])

        for mutant, killer, seconds in each_in_a_child(self._mutants, tried, self._servers, limit):
            self.done.append(Trial(mutant, killer, seconds, len(suited[mutant.name])))
            state = f"killed by {killer}" if killer else "LIVES"
            _say(f"{len(self.done)}/{len(self._mutants)}  {seconds:.1f} s  {mutant.name}\n    {state}")
        return True

    def _suited(self, mutant: Mutant, items: Sequence[pytest.Item], known: Record) -> list[pytest.Item]:
        """The tests that could notice, the quickest first; of SQL first those that speak of what is around it."""

        def order(item: pytest.Item) -> tuple[int, float]:
            near = words(str(vars(getattr(item, "callspec", item)))) if mutant.area == "sql" else frozenset()
            return -len(mutant.words & near), known.took[item.nodeid]

        path = str(self._root / mutant.path)
        touching = set().union(*(known.touch.get((path, line), ()) for line in mutant.lines))
        found = sorted(
            (
                each
                for each in items
                if each.nodeid in touching or (mutant.area == "sql" and each.nodeid.startswith(TEAM))
                if known.took[each.nodeid] < math.inf
            ),
            key=order,
        )
        spent = itertools.accumulate(known.took[each.nodeid] for each in found)
        return [each for each, seconds in zip(found, spent, strict=True) if seconds < SECONDS]


def _say(text: str) -> None:
    sys.__stderr__.write(text + "\n")
    sys.__stderr__.flush()
