"""The row diff against reladiff's hashdiff, and against pg_restore into a scratch database with a FULL JOIN.

    python bench/row_diff_peers.py [--rows 1000000] [--rounds 3]

The same rows for all: those of ``row_diff.py``, 0.2 % of them changed or deleted since the archive was written. Whole
processes, in turn; ratios of the medians. reladiff compares two databases: the restore that it needs is not counted.
It is installed into ``.peers/`` the first time. Ours must be six times faster than reladiff, and faster than the
restore together with its join, for which the restored rows stand beside the live ones already.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import row_diff

from runner.demo.server import throwaway

PEERS = Path(__file__).parents[1] / ".peers" / "reladiff"
BOUNDS = {"reladiff hashdiff": 6.0, "scratch database and FULL JOIN": 1.0}
"""How many times as long as ours each must take at least."""
JOIN = """\
SELECT count(*) FILTER (
         WHERE l.id IS NOT NULL AND (l.tenant, l.v, l.at, l.n) IS DISTINCT FROM (b.tenant, b.v, b.at, b.n)),
       count(*) FILTER (WHERE l.id IS NULL)
  FROM bak.t b FULL JOIN public.t l USING (id)
"""


def peer() -> str:
    """reladiff; installed into its own environment where it is missing."""
    program = PEERS / "bin" / "reladiff"
    if not program.exists():
        venv.create(PEERS, with_pip=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", "reladiff", "psycopg2-binary"], check=True)
    return str(program)


def seconds(act: Callable[[], object]) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def measure(server, rows: int, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of each, a round a figure."""
    reladiff, backup = peer(), folder / "t.dump"
    url = f"postgresql://{server.user}:{quote(server.password, safe='')}@{server.host}:{server.port}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE live")
    with psycopg.connect(server.dsn("live"), autocommit=True) as live:
        live.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, tenant int, v text, at timestamptz DEFAULT now(), n numeric);"
            f"INSERT INTO t SELECT g, g % 500, md5(g::text), now(), g / 7.0 FROM generate_series(1, {rows}) g;"
            "CREATE SCHEMA bak; CREATE TABLE bak.t AS TABLE t; ALTER TABLE bak.t ADD PRIMARY KEY (id)"
        )
        server.run("pg_dump", "-Fc", "-t", "public.t", "-f", backup, dbname="live")
        live.execute(row_diff.CHANGES["few"])
        live.execute("VACUUM ANALYZE t")
        live.execute("VACUUM ANALYZE bak.t")

    def restore() -> None:
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS scratch")
            admin.execute("CREATE DATABASE scratch")
        server.run("pg_restore", "-d", "scratch", backup)

    def join() -> None:
        with psycopg.connect(server.dsn("live")) as live:
            found = live.execute(JOIN).fetchone()
        if found != (rows // 1000, rows // 1000):
            raise SystemExit(f"the join found {found}")

    def hashdiff() -> None:
        words = [reladiff, f"{url}/scratch", "t", f"{url}/live", "t", "-k", "id", "-c", "%", "-s"]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        if f"{rows // 1000} rows updated" not in done.stdout:
            raise SystemExit(done.stdout + done.stderr)

    taken: dict[str, list[float]] = {"ours": [], **{name: [] for name in BOUNDS}}
    for _ in range(rounds):
        taken["ours"].append(seconds(lambda: row_diff.run("diff", server.dsn("live"), backup)))
        taken["scratch database and FULL JOIN"].append(seconds(restore) + seconds(join))
        taken["reladiff hashdiff"].append(seconds(hashdiff))
    return taken


def main() -> int:
    """Measure, and print one JSON line a peer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, throwaway() as server:
        taken = {
            name: statistics.median(each)
            for name, each in measure(server, given.rows, given.rounds, Path(folder)).items()
        }
    good = True
    for name, bound in BOUNDS.items():
        ratio = taken[name] / taken["ours"]
        good = good and ratio >= bound
        line = {"bench": "row-diff-peers", "rows": given.rows, "peer": name, "peer_s": round(taken[name], 2)}
        line |= {"ours_s": round(taken["ours"], 2), "times_faster": round(ratio, 1), "at_least": bound}
        sys.stdout.write(json.dumps(line) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
