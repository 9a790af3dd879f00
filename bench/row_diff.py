"""A backup's rows against the live rows at 1 and 5 million: time over reading both streams to nothing, and memory.

    python bench/row_diff.py [--rows 1000000 5000000] [--shape few|third|clustered] [--rounds 3]

Builds a table on a throwaway PostgreSQL, dumps it with ``-Fc``, lets 0.2 % (``third``: 30 %) of the rows change, or
writes it anew in another order (``clustered``), and compares. The floor unpacks the archive's rows and reads the live
rows by libpq, and does nothing with either. Each side runs in a process of its own, in turn; the ratio is that of the
medians, the memory the largest resident set. Prints one JSON line a size; fails above a bound (time: ``few`` only).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from runner.archive import Rows, read_archive
from runner.demo.server import throwaway
from runner.guards import GuardAsk
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

BOUND = 1.5
MEMORY_MB = 100
CHANGES = {
    "few": "UPDATE t SET v = 'new' WHERE id % 1000 = 1; DELETE FROM t WHERE id % 1000 = 2",
    "third": "UPDATE t SET v = 'new' WHERE id % 10 < 3",
    "clustered": "CREATE INDEX other ON t (v); UPDATE t SET v = 'new' WHERE id % 1000 = 1",
}
THEN = {"few": "VACUUM ANALYZE t", "third": "VACUUM ANALYZE t", "clustered": "CLUSTER t USING other"}
EXPECTED = {"few": (1, 1), "third": (300, 0), "clustered": (1, 0)}
"""Changed and deleted rows of a thousand."""


def floor(dsn: str, backup: str) -> None:
    """Read both streams to nothing."""
    entry = next(each for each in read_archive(Path(backup)).entries if each.kind == "TABLE DATA")
    for _ in Rows(Path(backup)).blocks(entry):
        pass
    with psycopg.connect(dsn) as connection:
        libpq = connection.pgconn
        libpq.exec_(b"COPY public.t TO STDOUT")
        while libpq.get_copy_data(0)[0] > 0:
            pass
        while libpq.get_result():
            pass


def diff(dsn: str, backup: str) -> tuple[int, int]:
    """Compare: changed and deleted rows."""
    with connect(dsn, application_name="shisa/bench") as connection:
        port = GuardAsk(ReadOnlySession(connection), target="live")
        with port.snapshot():
            facts = port.diff(Path(backup), limit=timedelta(minutes=30), group_by="tenant")
    (table,) = facts.tables
    if table.unseen:
        raise SystemExit(table.unseen)
    return sum(each.changed_since for each in table.groups), sum(each.deleted_since for each in table.groups)


def child(what: str, dsn: str, backup: str) -> None:
    """Run one side; print seconds, peak MB and what was found."""
    begun = time.perf_counter()
    found = floor(dsn, backup) if what == "floor" else diff(dsn, backup)
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps({"s": took, "mb": peak, "found": found}))


def run(what: str, dsn: str, backup: Path) -> dict[str, object]:
    """Run one side in a process of its own."""
    argv = [sys.executable, __file__, "--child", what, dsn, str(backup)]
    return json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(server, rows: int, shape: str, rounds: int, folder: Path) -> dict[str, object]:
    """Build one size and measure it."""
    name = f"bench_{shape}_{rows}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    backup = folder / f"{name}.dump"
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, tenant int, v text, at timestamptz DEFAULT now(), n numeric);"
            f"INSERT INTO t SELECT g, g % 500, md5(g::text), now(), g / 7.0 FROM generate_series(1, {rows}) g"
        )
        server.run("pg_dump", "-Fc", "-f", backup, dbname=name)
        connection.execute(CHANGES[shape])
        connection.execute(THEN[shape])
    floors, diffs = [], []
    for _ in range(rounds):
        floors.append(run("floor", server.dsn(name), backup))
        diffs.append(run("diff", server.dsn(name), backup))
    expected = [rows // 1000 * part for part in EXPECTED[shape]]
    ratio = statistics.median(each["s"] for each in diffs) / statistics.median(each["s"] for each in floors)
    memory = max(each["mb"] for each in diffs)
    ok = memory <= MEMORY_MB and all(each["found"] == expected for each in diffs) and (shape != "few" or ratio <= BOUND)
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name}")
    return {
        "bench": "row-diff",
        "rows": rows,
        "shape": shape,
        "floor_s": round(min(each["s"] for each in floors), 2),
        "diff_s": round(min(each["s"] for each in diffs), 2),
        "ratio": round(ratio, 2),
        "memory_mb": memory,
        "bound": BOUND,
        "ok": ok,
    }


def main() -> int:
    """Measure each size."""
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--shape", choices=CHANGES, default="few")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder, throwaway() as server:
        for rows in given.rows:
            line = measure(server, rows, given.shape, given.rounds, Path(folder))
            good = good and bool(line["ok"])
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
