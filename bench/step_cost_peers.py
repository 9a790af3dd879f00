"""A journaled SQL step against an Ansible task that sends the same statement: at least 50 times cheaper.

    python bench/step_cost_peers.py [--tasks 20] [--rounds 3]

Tasks run on this machine with what makes Ansible quick: no facts are gathered, the connection is local, and modules
go through pipelining. Each is one `ansible.builtin.command` that calls psql. Their cost is that of a playbook with so
many tasks, less that of one with none, so that no start of a program counts on either side; of ours the steps of one
run are measured, as in ``step_cost.py``. Ansible is installed into ``.peers/`` the first time, and is no dependency.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from pathlib import Path

import psycopg
import step_cost

from runner.demo.binaries import find
from runner.demo.server import Server, throwaway

PEERS = Path(__file__).parents[1] / ".peers" / "ansible"
BOUND = 50.0


def peer() -> str:
    """ansible-playbook; installed into its own environment where it is missing."""
    program = PEERS / "bin" / "ansible-playbook"
    if not program.exists():
        venv.create(PEERS, with_pip=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", "ansible-core"], check=True)
    return str(program)


def playbook(folder: Path, psql: str, tasks: int) -> Path:
    """A playbook of so many tasks, each a statement of its own."""
    words = [psql, "--no-psqlrc", "--quiet", "--command"]
    each = [
        {"name": f"Row {n}", "ansible.builtin.command": {"argv": [*words, f"INSERT INTO t VALUES ({n})"]}}
        for n in range(tasks)
    ]
    path = folder / f"{tasks}.json"
    path.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": each}]))  # JSON is YAML
    return path


def seconds(program: str, book: Path, env: Mapping[str, str]) -> float:
    """Seconds of a playbook."""
    begun = time.perf_counter()
    words = [program, "--inventory", "localhost,", "--connection", "local", book]
    done = subprocess.run(words, env={**os.environ, **env}, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - begun


def measure(server: Server, tasks: int, rounds: int, folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of a task and of a step, a round a figure."""
    program, psql = peer(), str(find().path("psql"))
    env = server.env() | {
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "LC_ALL": "C.UTF-8",
    }
    none, several = (playbook(folder, psql, count) for count in (0, tasks))
    desk = step_cost.Desk(folder, server.dsn())
    desk.run(tasks)
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append((seconds(program, several, env) - seconds(program, none, env)) / tasks * 1e3)
        ours.append(desk.run(step_cost.STEPS)[0].wall / step_cost.STEPS * 1e3)
    return theirs, ours


def main() -> int:
    """Measure, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    where = os.environ.get("SHISA_BENCH_DIR", ".")
    with (
        tempfile.TemporaryDirectory(dir=where, prefix=".bench-") as folder,
        throwaway(find(), durable=True) as server,
    ):
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE t (n int)")
        theirs, ours = map(statistics.median, measure(server, given.tasks, given.rounds, Path(folder)))
    line = {"bench": "step-cost-peers", "ansible_task_ms": round(theirs, 1), "step_ms": round(ours, 2)}
    line |= {"times_cheaper": round(theirs / ours, 1), "at_least": BOUND}
    sys.stdout.write(json.dumps(line) + "\n")
    return 0 if theirs / ours >= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
