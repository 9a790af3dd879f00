"""Try mutants in a process that has collected the tests once: each in a child, by the tests that touch its lines."""

import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import coverage
import pytest

from runner.demo.server import Server
from tests.mutation.children import each_in_a_child
from tests.mutation.mutants import Mutant, words
from tests.mutation.swapping import swap

TEAM = "tests/runner/journal/team/"
"""The tests that ask the team journal's functions: they run for every mutant in SQL."""


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
        self._took: dict[str, float] = {}
        self._touch: dict[tuple[str, int], set[str]] = {}
        self.done: list[Trial] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        self._record(session.items)
        items = {each.nodeid: each for each in session.items}
        self._words = {name: words(str(vars(getattr(each, "callspec", each)))) for name, each in items.items()}
        suited = {each.name: [items[test] for test in self._suited(each)] for each in self._mutants}

        def tried(mutant: Mutant, server: Server) -> str:
            _use(server)
            swap(mutant, self._root, Path(os.environ["TMPDIR"]))
            return _failing(suited[mutant.name])

        def limit(mutant: Mutant) -> float:
            return 60 + 5 * sum(self._took[each.nodeid] for each in suited[mutant.name])

        for mutant, killer, seconds in each_in_a_child(self._mutants, tried, self._servers, limit):
            self.done.append(Trial(mutant, killer, seconds, len(suited[mutant.name])))
            state = f"killed by {killer}" if killer else "LIVES"
            _say(f"{len(self.done)}/{len(self._mutants)}  {seconds:.1f} s  {mutant.name}\n    {state}")
        return True

    def _suited(self, mutant: Mutant) -> list[str]:
        """The tests that could notice: first those that speak of what stands around the change, the quickest first."""
        if mutant.area == "sql":
            found = {each for each in self._took if each.startswith(TEAM)}
        else:
            found = {test for line in mutant.lines for test in self._touch.get((mutant.path, line), ())}
        near = {test: -len(mutant.words & self._words[test]) if mutant.area == "sql" else 0 for test in found}
        return sorted(
            (test for test in found if self._took[test] < math.inf), key=lambda test: (near[test], self._took[test])
        )

    def _record(self, items: Sequence[pytest.Item]) -> None:
        """Run every test once, and learn which lines it touches and how long it takes."""
        python = [str(self._root / path) for path in {each.path for each in self._mutants if each.area == "python"}]
        files = list(dict.fromkeys(each.path for each in items))
        parts = [
            [each for each in items if files.index(each.path) % len(self._servers) == part]
            for part, _ in enumerate(self._servers)
        ]

        def recorded(part: list[pytest.Item], server: Server) -> str:
            _use(server)
            own = self._folder / f"part{parts.index(part)}"
            cover = coverage.Coverage(data_file=own, config_file=False, include=python) if python else None
            if cover is not None:
                cover.set_option("run:disable_warnings", ["no-data-collected"])
            took = {}
            for number, item in enumerate(part):
                began = time.monotonic()
                if cover is not None:
                    cover.start()
                    cover.switch_context(item.nodeid)
                failed = _failing(part[number : number + 1], part[number + 1] if number + 1 < len(part) else None)
                if cover is not None:
                    cover.stop()
                took[item.nodeid] = math.inf if failed else time.monotonic() - began
                item.session.testsfailed = 0
            if cover is not None:
                cover.save()
            own.with_suffix(".json").write_text(json.dumps(took))
            return "whole"

        began = time.monotonic()
        for part, said, _ in each_in_a_child(parts, recorded, self._servers, lambda _: 3600):
            if said != "whole":
                raise pytest.UsageError(said)
            own = self._folder / f"part{parts.index(part)}"
            self._took |= json.loads(own.with_suffix(".json").read_text())
            for line, test in _touched(own):
                self._touch.setdefault((str(Path(line[0]).relative_to(self._root)), line[1]), set()).add(test)
        failing = [test for test, seconds in self._took.items() if seconds == math.inf]
        _say("".join(f"fails before anything is changed, and counts for nothing: {test}\n" for test in failing))
        _say(f"{len(items)} tests in {time.monotonic() - began:.0f} s; each mutant runs those that touch its lines")


def _touched(file: Path) -> Iterator[tuple[tuple[str, int], str]]:
    if not file.exists():
        return
    data = coverage.CoverageData(file)
    data.read()
    for path in data.measured_files():
        for line, tests in data.contexts_by_lineno(path).items():
            for test in tests:
                if test:
                    yield (path, line), test


def _failing(items: Sequence[pytest.Item], then: pytest.Item | None = None) -> str:
    """Run tests until one fails; give its name, or nothing."""
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else then
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            item.session._setupstate.teardown_exact(None)  # what the session has opened
            return item.nodeid
    return ""


def _use(server: Server) -> None:
    """Let the fixture ``server`` give one that runs already."""
    sys.modules["tests.fixtures.postgres"].session_server = lambda: contextlib.nullcontext(server)  # type: ignore[attr-defined]


def _say(text: str) -> None:
    sys.__stderr__.write(text + "\n")
    sys.__stderr__.flush()
