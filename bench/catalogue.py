"""Every guard on 5,100 tables and 5,000 sequences: all of them within 3 s, none locking more than 50 tables at once.

    python bench/catalogue.py [--roots 100] [--children 50] [--rounds 3]

Asks each check that needs no parameter of its own (and a few with one) on a throwaway PostgreSQL, then sends each of
their statements again in a transaction of its own and counts the tables (and indexes) that it locks. Beside it,
check_postgres (Debian's, unpacked into .peers/ the first time) answers the same questions where it has them:
whole processes of both, and two databases that it judges wrongly. One JSON line each; fails above the bounds. The
seconds of the wall mean something on an idle machine only; beside them stand those of the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sequence_drift import build

from checks import catalog
from runner.demo.server import Server, throwaway
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

SECONDS = 3.0
LOCKS = 50
ROOT = Path(__file__).parents[1]
PEER = ROOT / ".peers" / "check-postgres"
WITH: dict[str, dict[str, Any]] = {
    "duplicate-keys-in-tree": {"parent": "e0.t0"},
    "row-count": {"tables": ["e0.t0"]},
    "settings": {"expect": ["fsync=on"]},
}
NOT_ASKED = {"quiet": "it waits on purpose"}
"""Checks left out besides those that need a step, a backup, another target or a person's query."""
NARROW = """
CREATE TABLE bill (id serial PRIMARY KEY, v int);
ALTER SEQUENCE bill_id_seq AS bigint MAXVALUE 9223372036854775807;
SELECT setval('bill_id_seq', 2147483640);
"""
FRESH = """
CREATE SEQUENCE countdown INCREMENT -1 MINVALUE 1 MAXVALUE 1000000 START 1000000;
SELECT nextval('countdown');
"""
SAME = {
    "sequence-exhaustion": "sequence",
    "wraparound": "txn_wraparound",
    "prepared-transactions": "prepared_txns",
    "connection-headroom": "backends",
}
"""Ours → the action of check_postgres that asks the same."""


def askable() -> dict[str, dict[str, Any]]:
    """The checks to ask, with their parameters."""
    given = {spec.id: {} for spec in catalog.all() if not any(p.required for p in spec.params)} | WITH
    of_step = {spec.id for spec in catalog.all() if any(p.name == "backup" and p.required for p in spec.params)}
    return {name: params for name, params in given.items() if name not in {*of_step, *NOT_ASKED}}


def processor(pid: int) -> float:
    """The seconds of processor that a process took so far; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask_all(dsn: str) -> tuple[dict[str, Any], float]:
    """Ask every check once, one behind the other, each as a guard is asked; and the seconds of processor."""
    found = {}
    with connect(dsn, application_name="shisa/bench") as connection:
        processes = (os.getpid(), connection.info.backend_pid)
        before = sum(map(processor, processes))
        for name, params in askable().items():
            begun = time.perf_counter()
            evidence = ask_guard(catalog.get(name), params, GuardAsk(ReadOnlySession(connection), target="live"))
            found[name] = (time.perf_counter() - begun, evidence)
        return found, sum(map(processor, processes)) - before


def locks(dsn: str, statements: tuple[str, ...]) -> tuple[int, int]:
    """The most tables of the database's own that one of the statements locks, and the most with their indexes."""
    most = (0, 0)
    count = (
        "SELECT count(*) FILTER (WHERE relkind NOT IN ('i', 'I')), count(*) FROM pg_locks AS l"
        " JOIN pg_class AS c ON c.oid = l.relation WHERE pid = pg_backend_pid() AND relation >= 16384"
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute("BEGIN READ ONLY")
            connection.execute("SET LOCAL search_path = pg_catalog")
            connection.execute(statement.encode()).fetchall()
            row = connection.execute(count).fetchone()
            most = most if row is None else (max(most[0], row[0]), max(most[1], row[1]))
            connection.execute("ROLLBACK")
    return most


def whole(dsn: str, rounds: int) -> dict[str, Any]:
    """Measure the whole catalogue."""
    taken = [ask_all(dsn) for _ in range(rounds)]
    total = statistics.median(sum(seconds for seconds, _ in found.values()) for found, _ in taken)
    last = taken[-1][0]
    most = {name: locks(dsn, evidence.sql) for name, (_, evidence) in last.items()}
    slowest = sorted(last, key=lambda name: -last[name][0])[:5]
    broken = [evidence.message for _, evidence in last.values() if "the check itself failed" in evidence.message]
    return {
        "bench": "catalogue",
        "checks": len(last),
        "seconds": round(total, 2),
        "bound_s": SECONDS,
        "processor_s": round(statistics.median(used for _, used in taken), 2),
        "load": round(os.getloadavg()[0], 1),
        "most_tables_locked": max(tables for tables, _ in most.values()),
        "most_with_indexes": max(relations for _, relations in most.values()),
        "bound_tables": LOCKS,
        "over": [name for name, (tables, _) in most.items() if tables > LOCKS],
        "slowest_ms": {name: round(last[name][0] * 1000) for name in slowest},
        "statements": sum(len(evidence.sql) for _, evidence in last.values()),
        "broken": broken,
        "ok": total <= SECONDS and all(tables <= LOCKS for tables, _ in most.values()) and not broken,
    }


def peer() -> str:
    """Find check_postgres; unpacked beside the project where it is not installed."""
    if found := shutil.which("check_postgres"):
        return found
    program = PEER / "usr" / "bin" / "check_postgres"
    if not program.exists():
        PEER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "check-postgres"], cwd=PEER, check=True, capture_output=True)
        subprocess.run(["dpkg", "-x", next(PEER.glob("*.deb")), PEER], check=True)
    return str(program)


def theirs(server: Server, name: str, action: str) -> tuple[int, str]:
    """Ask check_postgres: exit code (0 ok, 1 warning, 2 critical), and its line."""
    argv = [peer(), f"--action={action}", f"--dbname={name}"]
    done = subprocess.run(argv, env=server.env(name), capture_output=True, text=True, check=False)
    said = done.stdout.strip()
    if not said.startswith("POSTGRES_") or done.returncode > 2:
        raise SystemExit(f"check_postgres could not look: {said or done.stderr.strip()}")
    return done.returncode, said[:120]


def ours(server: Server, name: str, check: str) -> tuple[int, str]:
    """Ask shisa in a process of its own: exit code, and what it says."""
    shisa = str(Path(sys.executable).with_name("shisa"))
    argv = [shisa, "check", check, "--target", server.dsn(name), "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(f"shisa could not look: {done.stderr.strip()}")
    return done.returncode, json.loads(done.stdout)["message"]


def timed(act: Callable[[], object], rounds: int) -> float:
    """Median seconds."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def compared(server: Server, rounds: int) -> list[dict[str, Any]]:
    """Measure the questions that both have, on the big database."""
    lines = []
    for check, action in SAME.items():
        mine = timed(lambda check=check: ours(server, "big", check), rounds)
        other = timed(lambda action=action: theirs(server, "big", action), rounds)
        lines.append(
            {"bench": f"catalogue: {check}", "peer": f"check_postgres {action}", "ratio": round(mine / other, 2)}
        )
    return lines


def judged(server: Server) -> list[dict[str, Any]]:
    """Two databases that check_postgres judges wrongly."""
    lines = []
    for name, script, right in (("narrow", NARROW, 1), ("fresh", FRESH, 0)):
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            connection.execute(script)
        (mine, said), (other, told) = ours(server, name, "sequence-exhaustion"), theirs(server, name, "sequence")
        line = {"bench": f"catalogue: {name}", "shisa": said, "check_postgres": told}
        lines.append(line | {"peer_is_wrong": bool(other) != bool(right), "ok": mine == right})
    return lines


def main() -> int:
    """Build the database and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roots", type=int, default=100)
    parser.add_argument("--children", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true")
    given = parser.parse_args()
    with throwaway() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE big")
        with psycopg.connect(server.dsn("big"), autocommit=True) as connection:
            for script in build(given.roots, given.children):
                connection.execute(script.encode())
            connection.execute("VACUUM ANALYZE")
        lines = [whole(server.dsn("big"), given.rounds)]
        if not given.no_peer:
            lines += compared(server, given.rounds) + judged(server)
    for line in lines:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 0 if all(line.get("ok", True) for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
