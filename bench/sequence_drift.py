"""sequence-drift on 5,100 tables and 5,000 sequences: what it adds to its bare queries, and whether it stays linear.

    python bench/sequence_drift.py [--roots 100] [--children 50] [--rounds 7]

Builds trees of tables on a throwaway PostgreSQL, dumps them, lets the live system move on, and asks the guard with the
backup and without. The bare queries are the very texts that the guard sent, fetched by plain psycopg one behind the
other (with the archive's table of contents read, where the guard reads it). Each round is a pair on fresh connections;
the ratio is the median of the pairs, so that other work on the machine weighs on both sides. Prints one JSON line;
fails above the bound.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from checks import catalog
from checks.base import Verdict
from runner.archive import read_archive
from runner.demo.server import Server, throwaway
from runner.guards import GuardAsk, ask_guard
from runner.postgres.connect import connect
from runner.postgres.readonly import ReadOnlySession

BOUND = 1.5
LINEAR = 1.5
"""How much dearer an object may be in the full size than in a quarter of it."""
SCHEMAS = 10


def build(roots: int, children: int) -> Iterator[str]:
    """Give the script: roots with a shared sequence and their children, and a sequence of its own for most children."""
    yield "".join(f"CREATE SCHEMA e{number};" for number in range(SCHEMAS))
    for root in range(roots):
        schema = f"e{root % SCHEMAS}"
        parts = [f"CREATE TABLE {schema}.t{root} (id serial PRIMARY KEY, v int);"]
        for child in range(children):
            table, own = f"{schema}.t{root}_{child}", f"{schema}.s{root}_{child}"
            parts.append(f"CREATE TABLE {table} (PRIMARY KEY (id)) INHERITS ({schema}.t{root});")
            if child:
                parts.append(f"CREATE SEQUENCE {own}; ALTER TABLE {table} ADD n bigint DEFAULT nextval('{own}');")
            parts.append(f"INSERT INTO {table} (v) SELECT 1 FROM generate_series(1, 3);")
        yield "".join(parts)


def guard(dsn: str, params: dict[str, str]) -> tuple[float, tuple[str, ...]]:
    """Ask the guard once: seconds, and the queries that it sent."""
    with connect(dsn, application_name="shisa/bench") as connection:
        begun = time.perf_counter()
        evidence = ask_guard(
            catalog.get("sequence-drift"), params, GuardAsk(ReadOnlySession(connection), target="live")
        )
        took = time.perf_counter() - begun
    if evidence.verdict is not (Verdict.BLOCK if params else Verdict.PASS):
        raise SystemExit(f"{evidence.verdict}: {evidence.message}")
    return took, evidence.sql


def bare(dsn: str, params: dict[str, str], queries: tuple[str, ...]) -> float:
    """Send the same queries with nothing around them: seconds."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET search_path = pg_catalog")
        begun = time.perf_counter()
        if params:
            read_archive(Path(params["backup"]))
        for query in queries:
            connection.execute(query.encode()).fetchall()
        return time.perf_counter() - begun


def measured(dsn: str, params: dict[str, str], rounds: int) -> dict[str, float]:
    """Measure pairs, each side first in turn."""
    _, queries = guard(dsn, params)
    pairs = []
    for each in range(rounds):
        first = bare(dsn, params, queries) if each % 2 else None
        asked, _ = guard(dsn, params)
        pairs.append((asked, bare(dsn, params, queries) if first is None else first))
    return {
        "guard": round(min(asked for asked, _ in pairs), 3),
        "bare": round(min(plain for _, plain in pairs), 3),
        "ratio": round(statistics.median(asked / plain for asked, plain in pairs), 2),
        "queries": len(queries),
    }


def ask(server: Server, roots: int, children: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Build one size and measure it."""
    name = f"bench_{roots}"
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        for script in build(roots, children):
            connection.execute(script.encode())
        connection.execute("VACUUM ANALYZE")
    backup = folder / f"{name}.dump"
    server.run("pg_dump", "-Fc", "-f", backup, dbname=name)
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        for root in range(roots):
            connection.execute(f"INSERT INTO e{root % SCHEMAS}.t{root}_0 (v) VALUES (2)".encode())
    return {
        "live": measured(server.dsn(name), {}, rounds),
        "backup": measured(server.dsn(name), {"backup": str(backup)}, rounds),
    }


def main() -> int:
    """Run at full size and at a quarter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roots", type=int, default=100)
    parser.add_argument("--children", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    quarter = max(1, given.roots // 4)
    settings = {"max_locks_per_transaction": "64"}
    with tempfile.TemporaryDirectory() as folder, throwaway(settings=settings) as server:
        small = ask(server, quarter, given.children, given.rounds, Path(folder))
        full = ask(server, given.roots, given.children, given.rounds, Path(folder))
    growth = {mode: round(full[mode]["guard"] / small[mode]["guard"] * quarter / given.roots, 2) for mode in full}
    ok = all(each["ratio"] <= BOUND for each in full.values()) and all(each <= LINEAR for each in growth.values())
    tables = given.roots * (given.children + 1)
    sequences = given.roots * given.children
    line = {"bench": "sequence-drift", "tables": tables, "sequences": sequences, "bound": BOUND, "ok": ok}
    sys.stdout.write(json.dumps(line | full | {"per_object_growth_x4": growth}) + "\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
