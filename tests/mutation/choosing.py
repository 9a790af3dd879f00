"""Which tests could notice a mutant, and in which order they are tried."""

import inspect
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, words
from tests.mutation.recording import Record

TEAM = "tests/runner/journal/team/"
"""The tests that ask the team journal's functions: any of them may notice a mutant in SQL."""
SECONDS = 120
"""What is not noticed by so many seconds of the quickest tests is noticed too late."""


class Choice:
    """The tests that pass as long as nothing is changed."""

    def __init__(self, items: Sequence[pytest.Item], known: Record, root: Path) -> None:
        self._items = [each for each in items if known.took[each.nodeid] < math.inf]
        self._known = known
        self._root = root
        self._spoken = {
            each: words(f"{getattr(each, 'callspec', None)}{inspect.getsource(each.function)}") for each in self._items
        }
        self._often = Counter(word for spoken in self._spoken.values() for word in spoken)

    def of(self, mutant: Mutant) -> list[pytest.Item]:
        """Choose by the lines that a test touches, the quickest first; in SQL by the rare words that are around it."""
        if mutant.area == "sql":
            found = [each for each in self._items if each.nodeid.startswith(TEAM)]
            found.sort(key=lambda each: -sum(1 / self._often[word] for word in mutant.words & self._spoken[each]))
        else:
            lines = ((str(self._root / mutant.path), line) for line in mutant.lines)
            touching = set().union(*(self._known.touch.get(line, ()) for line in lines))
            found = [each for each in self._items if each.nodeid in touching]
            found.sort(key=lambda each: self._known.took[each.nodeid])
        spent = itertools.accumulate(map(self.seconds, found))
        return [each for each, seconds in zip(found, spent, strict=True) if seconds < SECONDS]

    def seconds(self, item: pytest.Item) -> float:
        return self._known.took[item.nodeid]
