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

import psycopg

from runner.demo.server import throwaway
from runner.journal.events import Anchor, Event
from runner.journal.postgres.install import install
from runner.journal.postgres.store import PostgresJournal
from runner.journal.record import Journal
from runner.journal.sqlite import SqliteJournal

BOUND = 15.0
ROUNDS = 300
BODY = "x" * 400
EVENT = Anchor(kept=BODY, head_seq=0, head="")


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def measured(name: str, journal: Journal, folder: Path, event: Event) -> bool:
    """Append and fsync by turns, print one line, and tell whether the bound holds."""
    handle = os.open(folder / "bare", os.O_RDWR | os.O_CREAT, 0o600)

    def bare() -> None:
        os.pwrite(handle, BODY.encode(), 0)
        os.fsync(handle)

    def append() -> None:
        journal.append(event, run="", step=None, person="alice")

    bare()
    append()
    floors, appends = zip(*((timed(bare), timed(append)) for _ in range(ROUNDS)), strict=True)
    os.close(handle)
    journal.close()
    floor, cost = statistics.median(floors), statistics.median(appends)
    p95 = statistics.quantiles(appends, n=20)[-1]
    told = f"{cost:.2f} ms (p95 {p95:.2f}), bare fsync {floor:.2f} ms: {cost / floor:.1f} x of {BOUND:g}"
    print(f"durable append, {name}: {told}")
    return cost <= BOUND * floor


def in_postgres(folder: Path) -> bool:
    """Append to a team journal on a server with fsync on."""
    with throwaway(durable=True) as server:
        install(server.dsn())
        with psycopg.connect(server.dsn(), autocommit=True) as root:
            root.execute("INSERT INTO shisa.person VALUES ('alice', 'postgres', '{ops}')")
        return measured(f"PostgreSQL {server.version}", PostgresJournal(server.dsn()), folder, EVENT)


def main() -> int:
    """Measure both stores, and say by the exit code whether the bound holds."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("SHISA_BENCH_DIR", "."), prefix=".bench-") as name:
        folder = Path(name)
        held = [measured("SQLite", SqliteJournal(folder / "journal.db"), folder, EVENT), in_postgres(folder)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
