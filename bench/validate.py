"""``shisa validate`` with its full lint, against check-jsonschema (schema only) and ``yaml.load`` in the same run.

``shisa --version``: at most three times ``python -c pass``. One 20-step runbook: at most half of check-jsonschema's
whole process. 200 of them: at most a quarter of it, and at most four times ``yaml.load`` with libyaml. Interleaved
medians of whole processes, except for ``yaml.load``, which is compared with the work inside the process.
check-jsonschema is installed into ``.peers/`` the first time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".peers" / "check-jsonschema"
STEPS, FILES, ROUNDS = 20, 200, 5

HEAD = """\
# yaml-language-server: $schema=../schemas/runbook.schema.json
shisa: 1
id: maintenance-{i:03d}
title: "Reindex and clean up batch {i} # nightly"
owner: ops
params:
  tenant: {{type: integer, minimum: 1}}
  backup: {{type: path, description: an archive}}
targets:
  live: {{description: the cluster customers use}}
steps:
"""
KINDS = (
    """\
  - id: tell-{k:02d}
    title: Tell the team that batch {i} begins
    why: Customer success answers the telephone when something looks strange.
    manual: >-
      Have you told the on-call engineer that batch {i} of *{{{{ backup }}}}*
      is about to start?
    expected: Somebody has answered in the channel.
    effects: none
""",
    """\
  - id: count-{k:02d}
    title: How large is the table of step {k}
    target: live
    sql: |
      -- long running maintenance statement
      SELECT pg_size_pretty(pg_total_relation_size('orders_{i}')),
             count(*) FILTER (WHERE state = 'idle in transaction')
        FROM pg_stat_activity
       WHERE pid <> pg_backend_pid() AND {k} = {k};
    timeout: {k}5s
    capture: {{counted_{k}: {{column: count, type: integer}}}}
""",
    """\
  - id: restore-{k:02d}
    title: Bring back the rows that are missing
    why: The rows were deleted by mistake; what customers changed since stays.
    target: live
    restore:
      from: "{{{{ backup }}}}"
      tables: [public.orders_{i}]
      where: {{public.orders_{i}: "tenant_id = :tenant"}}
      rows: insert-missing
      sequences: keep
      triggers: off
    guards:
      before:
        - {{check: sequence-drift, severity: warn, recheck: cheap}}
        - {{check: duplicate-keys-in-tree, with: {{parent: public.orders_{i}}}}}
      after:
        - {{check: duplicate-keys-in-tree, with: {{parent: public.orders_{i}}}}}
    expect: {{rows: {{min: 1, max: 5000}}}}
    approval: cross-review
    rollback: {{restore: undo}}
""",
    """\
  - id: delete-{k:02d}
    title: Old rows of tenant {{{{ tenant }}}} go
    target: live
    sql: DELETE FROM orders_{i} WHERE tenant_id = :tenant AND day < now() - interval '{k} days'
    expect: {{rows: {{min: 0, max: 5000}}}}
    guards:
      before: [{{check: sequence-drift, with: {{backup: "{{{{ backup }}}}"}}}}]
    approval: cross-review
    no_rollback: the rows are kept in the archive of the first step
    lock_timeout: 2s
    statement_timeout: 1min
    retry: {{times: 3, backoff: 1s, on: [55P03, 40P01]}}
""",
    """\
  - id: analyze-{k:02d}
    title: Fresh statistics for the planner
    command:
      argv: [vacuumdb, --analyze, -t, "orders_{i}", app]
      env: {{PGOPTIONS: "-c statement_timeout=0", PGAPPNAME: "batch-{i}"}}
      exit_code: 0
    timeout: 30min
    effects: none
""",
)


def runbook(i: int) -> str:
    """A runbook of 20 steps that validates clean."""
    return HEAD.format(i=i) + "".join(KINDS[k % len(KINDS)].format(i=i, k=k) for k in range(STEPS))


def peer() -> str:
    """The program to compare with; installed into its own environment where it is missing."""
    program = PEERS / "bin" / "check-jsonschema"
    if not program.exists():
        venv.create(PEERS, with_pip=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", "check-jsonschema"], check=True)
    return str(program)


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1e3


def process(*argv: str) -> Callable[[], object]:
    """A whole process that must succeed; with bytecode at hand, as an installer leaves it for either program."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(argv, cwd=ROOT, env=env, check=True, capture_output=True)


def medians(*acts: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Medians of interleaved rounds, after one that warms up."""
    for act in acts:
        act()
    taken = [[timed(act) for act in acts] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def work(files: Sequence[Path]) -> tuple[float, float]:
    """Milliseconds inside one warm process: validation, and yaml.load with libyaml alone."""
    import yaml

    from runner.runbook.lint.files import validate

    texts = [file.read_text("utf-8") for file in files]
    paths = [str(file) for file in files]
    validate(paths[:1])
    ours, floor = medians(lambda: validate(paths), lambda: [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts])
    return ours, floor


def main() -> int:
    """Measure, print one line a bound, and say by the exit code whether all hold."""
    other = peer()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"rb{i:03d}.yaml") for i in range(FILES)]
        for i, file in enumerate(files):
            file.write_text(runbook(i), "utf-8")
        schema = ("--schemafile", str(ROOT / "schemas" / "runbook.schema.json"))
        shisa = (str(Path(sys.executable).with_name("shisa")), "validate", "--strict")
        one, one_other = medians(process(*shisa, str(files[0])), process(other, *schema, str(files[0])))
        many, many_other = medians(process(*shisa, folder), process(other, *schema, *map(str, files)), rounds=3)
        ours, floor = work(files)
    version, bare = medians(process(shisa[0], "--version"), process(sys.executable, "-c", "pass"))
    bounds = [
        ("shisa --version against python -c pass", version, bare, 3.0),
        ("validate one runbook against check-jsonschema", one, one_other, 0.5),
        (f"validate {FILES} runbooks against check-jsonschema", many, many_other, 0.25),
        (f"validate {FILES} runbooks against yaml.load", ours, floor, 4.0),
    ]
    for name, cost, base, bound in bounds:
        print(f"{name}: {cost:.0f} ms to {base:.0f} ms: {cost / base:.2f} x of {bound:g}")
    return 0 if all(cost <= bound * base for _, cost, base, bound in bounds) else 1


if __name__ == "__main__":
    sys.exit(main())
