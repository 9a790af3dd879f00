"""A journaled SQL step, against what it cannot do without in the same run: at most 1.3 times; and 1,000 against 100.

Floor of a step: its three durable appends (the very lines that a run has written), BEGIN, the statement, COMMIT, and
the commit of the note that makes its xid survive a crash. Runs and floors are interleaved and medians compared. Then a
run of ten times as many steps, which may cost ten times as much and a tenth, and the time to take a run of 10,000
events up again: at most a second. Exit 1 when a bound is broken. SHISA_BENCH_DIR says on which disk.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from runner.config.load import read
from runner.demo.binaries import find
from runner.demo.server import throwaway
from runner.engine.begin.opening import open_run, resume_run
from runner.engine.ports import Answers, wall_clock
from runner.engine.stepping import step_through
from runner.journal import open_journal
from runner.journal.events import Note
from runner.journal.record import Record
from runner.runbook.expand import plan_of
from runner.runbook.load import load

BOUND, LINEAR, RESUME_S = 1.3, 11.0, 1.0
STEPS, ROUNDS, DONE, EVENTS = 100, 5, 1_900, 10_000
APPENDED = {"step.entered", "step.intended", "step.ended"}
SILENT = Answers({"*": "go"}, lambda _: None)


class Desk:
    """A folder with a configuration, in which runs are made."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder, self.dsn = folder, dsn
        settings = {
            "shisa": 1,
            "journal": "journal.db",
            "targets": {"live": {"dsn": dsn, "environment": "test"}},
            "people": {"alice": {"teams": ["ops"]}},
        }
        (folder / "shisa.yaml").write_text(json.dumps(settings))
        self.config = read(folder / "shisa.yaml")

    def opened(self, steps: int):
        """Open a run of so many steps that insert a row each."""
        path = self.folder / "runbook.yaml"
        lines = (
            f"  - {{id: s{n}, title: Step {n}, target: live, sql: INSERT INTO t VALUES ({n})}}\n" for n in range(steps)
        )
        path.write_text("shisa: 1\nid: b\ntitle: B\ntargets: {live: {}}\nsteps:\n" + "".join(lines))
        return open_run(plan=plan_of(load(path), {}), target_map={}, **self.common())

    def common(self):
        return {
            "journal": open_journal("journal.db", self.folder),
            "config": self.config,
            "person": "alice",
            "key": None,
            "operator": SILENT,
            "clock": wall_clock,
        }

    def run(self, steps: int) -> tuple[float, list[Record]]:
        """Step through a run; seconds, and its lines."""
        session = self.opened(steps)
        begun = time.perf_counter()
        ending = step_through(session)
        took = time.perf_counter() - begun
        assert ending.state == "completed", ending
        session.journal.close()
        return took, session.records

    def floor(self, records: list[Record], steps: int) -> float:
        """Seconds that the same appends and transactions take without anything around them."""
        folder = self.folder / "floor"
        folder.mkdir(exist_ok=True)
        journal = open_journal("journal.db", folder)
        bodies = [[r.body for r in records if r.step == f"s{n}" and r.body.name in APPENDED] for n in range(steps)]
        with psycopg.connect(self.dsn, autocommit=True) as one, psycopg.connect(self.dsn, autocommit=True) as two:
            begun = time.perf_counter()
            for number, (entered, intended, ended) in enumerate(bodies):
                place = {"run": "261127-000000", "step": f"s{number}", "person": "alice"}
                journal.append(entered, **place)
                one.execute("BEGIN")
                two.execute("SELECT pg_logical_emit_message(true, 'shisa', 'note')")
                journal.append(intended, **place)
                one.execute(f"INSERT INTO t VALUES ({number})")
                one.execute("COMMIT")
                journal.append(ended, **place)
            took = time.perf_counter() - begun
        journal.close()
        return took

    def resumed(self, steps: int, events: int) -> float:
        """Seconds to take a run up again of which so many steps are done, and whose journal has so many lines."""
        session = self.opened(steps + 1)
        session.operator = Answers({f"s{n}": "go" for n in range(steps)}, lambda _: None)
        step_through(session)
        for _ in range(len(session.records), events):
            session.journal.append(Note(text="a remark"), run=session.run, step=None, person="alice")
        session.journal.close()
        begun = time.perf_counter()
        again = resume_run(session.run, **self.common())
        took = time.perf_counter() - begun
        again.let_go()
        again.journal.close()
        return took


def measured(desk: Desk) -> Iterator[bool]:
    """Print each figure, and say whether it is within its bound."""
    _, records = desk.run(STEPS)
    runs, floors = [], []
    for _ in range(ROUNDS):
        floors.append(desk.floor(records, STEPS))
        runs.append(desk.run(STEPS)[0])
    floor, cost = statistics.median(floors) / STEPS, statistics.median(runs) / STEPS
    print(f"SQL step: {cost * 1e3:.2f} ms, bare {floor * 1e3:.2f} ms: {cost / floor:.2f} x of {BOUND}")
    yield cost <= BOUND * floor
    many = desk.run(10 * STEPS)[0] / statistics.median(runs)
    print(f"{10 * STEPS:,} steps cost {many:.1f} x what {STEPS} cost, of {LINEAR:g}")
    yield many <= LINEAR
    with tempfile.TemporaryDirectory(dir=_memory(), prefix="shisa-bench-") as name:
        resume = Desk(Path(name), desk.dsn).resumed(DONE, EVENTS)
    print(f"resuming a run of {EVENTS:,} events: {resume:.2f} s of {RESUME_S:g}")
    yield resume <= RESUME_S


def _memory() -> str | None:
    """Give a folder where it costs nothing to write 10,000 lines, which is not what is measured."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def main() -> int:
    """Measure, and say by the exit code whether the bounds hold."""
    with (
        throwaway(find(), durable=True) as server,
        tempfile.TemporaryDirectory(dir=os.environ.get("SHISA_BENCH_DIR", "."), prefix=".bench-") as name,
    ):
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE t (n int)")
        return 0 if all(list(measured(Desk(Path(name), server.dsn())))) else 1


if __name__ == "__main__":
    sys.exit(main())
