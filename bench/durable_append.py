"""A durable append, against a bare fsync of as many bytes in the same run: at most 15 times.

Floor: overwrite 400 bytes of a file of their own and fsync it. Both are interleaved, and medians are compared, so
that a disturbed disk disturbs both. Exit 1 when the bound is broken.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runner.journal.events import Note
from runner.journal.sqlite import SqliteJournal

BOUND = 15.0
ROUNDS = 300
BODY = "x" * 400


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def main() -> int:
    """Measure, print one line, and say by the exit code whether the bound holds."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("SHISA_BENCH_DIR", "."), prefix=".bench-") as name:
        journal = SqliteJournal(Path(name, "journal.db"))
        handle = os.open(Path(name, "bare"), os.O_RDWR | os.O_CREAT, 0o600)

        def bare() -> None:
            os.pwrite(handle, BODY.encode(), 0)
            os.fsync(handle)

        def append() -> None:
            journal.append(Note(text=BODY), run="261123-abcdef", step="restore", person="alice")

        bare()
        floors, appends = zip(*((timed(bare), timed(append)) for _ in range(ROUNDS)), strict=True)
        os.close(handle)
        journal.close()
    floor, cost = statistics.median(floors), statistics.median(appends)
    p95 = statistics.quantiles(appends, n=20)[-1]
    print(
        f"durable append: {cost:.2f} ms (p95 {p95:.2f}), bare fsync {floor:.2f} ms: {cost / floor:.1f} x of {BOUND:g}"
    )
    return 0 if cost <= BOUND * floor else 1


if __name__ == "__main__":
    sys.exit(main())
