"""Which lines each test touches, and how long it takes: every test runs once before anything is changed."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import coverage
import pytest

from runner.demo.server import Server
from tests.mutation.children import each_in_a_child
from tests.mutation.running import first_failing


class Record:
    """What was seen of the tests."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        """Test → seconds; for ever where it fails before anything is changed."""
        self.touch: dict[tuple[str, int], set[str]] = defaultdict(set)
        """File and line → the tests that come by."""

    def take(self, folder: Path) -> None:
        """Take in what one child has written."""
        self.took |= json.loads((folder / "took.json").read_text())
        data = coverage.CoverageData(folder / "lines")
        data.read()
        for path in data.measured_files():
            for line, tests in data.contexts_by_lineno(path).items():
                self.touch[path, line].update(filter(None, tests))


def record(items: Sequence[pytest.Item], files: Sequence[Path], servers: Sequence[Server], folder: Path) -> Record:
    """Run the tests and see which come by these files; one child for each server runs the tests of every other file."""
    modules = list(dict.fromkeys(each.path for each in items))
    parts = [
        (part, [each for each in items if modules.index(each.path) % len(servers) == part])
        for part, _ in enumerate(servers)
    ]
    found = Record()
    for (part, _), said, _ in each_in_a_child(
        parts, lambda part, server: _recorded(part[1], files, server, folder / f"part{part[0]}"), servers
    ):
        if said:
            raise pytest.UsageError(said)
        found.take(folder / f"part{part}")
    return found


def _recorded(items: Sequence[pytest.Item], files: Sequence[Path], server: Server, folder: Path) -> str:
    folder.mkdir()
    cover = coverage.Coverage(data_file=folder / "lines", config_file=False, include=[str(each) for each in files])
    cover.set_option("run:disable_warnings", ["no-data-collected"])
    took = {}
    for item, following in zip(items, (*items[1:], None), strict=False):
        began = time.monotonic()
        cover.start()
        cover.switch_context(item.nodeid)
        failed = first_failing([item], server, following)
        cover.stop()
        took[item.nodeid] = math.inf if failed else time.monotonic() - began
    cover.save()
    (folder / "took.json").write_text(json.dumps(took))
    return ""
