"""A journaled SQL step, against what it cannot do without in the same run: at most 1.3 times; and 1,000 against 100.

Floor of a step: its three durable appends (the very lines that a run has written), BEGIN, the statement, COMMIT, and
the commit of the note that makes its xid survive a crash; the connections are open. Runs and floors are interleaved,
and the median of their ratios counts; the processor's seconds of this program are told beside. Then ten times as many
steps, and ten times as many iterations of a loop, in memory: either may cost ten times as many of the processor's
seconds and a tenth. And the time to take a run of 10,000 events up again: at most a second. Exit 1 when a bound is
broken. SHISA_BENCH_DIR says on which disk.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

from runner.config.load import read
from runner.demo.binaries import find
from runner.demo.server import throwaway
from runner.engine.begin.opening import open_run, resume_run
from runner.engine.begin.seat import Seat
from runner.engine.ports import Answers, wall_clock
from runner.engine.stepping import step_through
from runner.journal import open_journal
from runner.journal.events import Note
from runner.journal.record import Record
from runner.runbook.expand import plan_of
from runner.runbook.load import load

BOUND, LINEAR, RESUME_S = 1.3, 11.0, 1.0
SETTLED_S = 2.1
"""Until then a file is read anew before each step, for its time may not tell yet that it was written again."""
STEPS, ROUNDS, DONE, EVENTS = 100, 11, 1_900, 10_000
APPENDED = {"step.entered", "step.intended", "step.ended"}
SILENT = Answers({"*": "go"}, lambda _: None)


class Took(NamedTuple):
    """Seconds on the clock, and those of the processor that this program used."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Took:
        """Read both clocks."""
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, begun: Took) -> Took:
        return Took(self.wall - begun.wall, self.cpu - begun.cpu)


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

    def opened(self, steps: int, *, loop: bool = False):
        """Open a run of so many steps that insert a row each; or of one loop that does it as often."""
        path = self.folder / "runbook.yaml"
        row = {"title": "Row", "target": "live"}
        inner = {"id": "i", **row, "sql": "INSERT INTO t VALUES (:n)"}
        each = {"id": "s", **row, "for_each": {"items": list(range(steps)), "as": "n", "steps": [inner]}}
        several = [{"id": f"s{n}", **row, "sql": f"INSERT INTO t VALUES ({n})"} for n in range(steps)]
        runbook = {"shisa": 1, "id": "b", "title": "B", "targets": {"live": {}}, "steps": [each] if loop else several}
        path.write_text(json.dumps(runbook))
        return open_run(self.seat(), plan_of(load(path), {}), {})

    def seat(self) -> Seat:
        return Seat(
            journal=open_journal("journal.db", self.folder),
            config=self.config,
            person="alice",
            key=None,
            operator=SILENT,
            clock=wall_clock,
        )

    def ready(self, steps: int, *, loop: bool = False):
        """Open a run of a file that nobody wrote to lately, and its connections."""
        session = self.opened(steps, loop=loop)
        with session.links.effect(session.targets.by_name["live"], "bench"):
            time.sleep(SETTLED_S)
        return session

    def run(self, session) -> tuple[Took, list[Record]]:
        """Step through a run that is ready; what it took, and its lines."""
        begun = Took.now()
        ending = step_through(session)
        took = Took.now() - begun
        assert ending.state == "completed", ending
        session.journal.close()
        return took, session.records

    def pair(self, records: list[Record]) -> tuple[Took, Took]:
        """A floor and a run right behind each other, neither after a rest."""
        session = self.ready(STEPS)
        return self.floor(records, STEPS), self.run(session)[0]

    def floor(self, records: list[Record], steps: int) -> Took:
        """What the same appends and transactions take without anything around them."""
        folder = self.folder / "floor"
        folder.mkdir(exist_ok=True)
        journal = open_journal("journal.db", folder)
        bodies = [[r.body for r in records if r.step == f"s{n}" and r.body.name in APPENDED] for n in range(steps)]
        with psycopg.connect(self.dsn, autocommit=True) as one, psycopg.connect(self.dsn, autocommit=True) as two:
            begun = Took.now()
            for number, (entered, intended, ended) in enumerate(bodies):
                place = {"run": "261127-000000", "step": f"s{number}", "person": "alice"}
                journal.append(entered, **place)
                one.execute("BEGIN")
                two.execute("SELECT pg_logical_emit_message(true, 'shisa', 'note')")
                journal.append(intended, **place)
                one.execute(f"INSERT INTO t VALUES ({number})")
                one.execute("COMMIT")
                journal.append(ended, **place)
            took = Took.now() - begun
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
        again = resume_run(session.run, self.seat())
        took = time.perf_counter() - begun
        again.let_go()
        again.journal.close()
        return took


def measured(desk: Desk) -> Iterator[bool]:
    """Print each figure, and say whether it is within its bound."""
    _, records = desk.run(desk.ready(STEPS))
    pairs = [desk.pair(records) for _ in range(ROUNDS)]
    ratio = statistics.median(run.wall / floor.wall for floor, run in pairs)
    bare, whole = (_a_step(side) for side in zip(*pairs, strict=True))
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"SQL step: {whole.wall:.2f} ms, bare {bare.wall:.2f} ms: {ratio:.2f} x of {BOUND}")
    print(f"          of the processor {whole.cpu:.2f} ms, bare {bare.cpu:.2f} ms")
    yield ratio <= BOUND
    with tempfile.TemporaryDirectory(dir=_memory(), prefix="shisa-bench-") as name:
        memory = Desk(Path(name), desk.dsn)
        for what, loop in (("steps", False), ("iterations", True)):
            few, many = (
                statistics.median(memory.run(memory.ready(count, loop=loop))[0].cpu for _ in range(3))
                for count in (STEPS, 10 * STEPS)
            )
            print(f"{10 * STEPS:,} {what} cost {many / few:.1f} x what {STEPS} cost, of {LINEAR:g}")
            yield many <= LINEAR * few
        resume = memory.resumed(DONE, EVENTS)
    print(f"resuming a run of {EVENTS:,} events: {resume:.2f} s of {RESUME_S:g}")
    yield resume <= RESUME_S


def _a_step(runs: Sequence[Took]) -> Took:
    """Milliseconds of a step."""
    walls, cpus = zip(*runs, strict=True)
    return Took(statistics.median(walls) / STEPS * 1e3, statistics.median(cpus) / STEPS * 1e3)


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
