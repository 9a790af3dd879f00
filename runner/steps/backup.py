"""``backup``: the real pg_dump on an exported snapshot, into a file that is there whole or not at all.

The snapshot, its place in the WAL and the state of every sequence go into the journal with the file's digest: a dump's
own sequence values are those of the moment when pg_dump came to them, not those of its rows.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.duration import parse_duration
from checks.facts.baseline import CAPTURE
from checks.facts.figures import size
from checks.facts.rewind import Stood
from checks.facts.wording import counted
from checks.sequence_drift import SequenceDrift
from runner.archive import read_archive
from runner.archive.fingerprint import fingerprint
from runner.archive.selection import split_table
from runner.baseline import told, written
from runner.errors import ShisaError, StepFailedError, UsageError
from runner.journal.events import StepEnded
from runner.postgres.clients import Client, at_work, find_client, login
from runner.postgres.dumping import export_snapshot, tables_to_dump
from runner.postgres.supervise import supervise
from runner.runbook.model import Backup
from runner.steps.base import Effect, since
from runner.steps.dump_watch import DumpWatch
from runner.steps.ending import end_on_server, why
from runner.steps.placing import discard, draft_of, place
from runner.steps.tools import described, refuse_older

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.postgres.dumping import Snapshot

_FORMATS = {"custom": "c", "directory": "d", "tar": "t", "plain": "p"}
_SEQUENCES_KEPT = 10_000
"""Sequences whose state one journal line holds."""
_LOCK_TIMEOUT = "1min"
"""How long pg_dump waits for its locks where the step says nothing: what queues behind it waits too."""
CAPTURED = ("path", "sha256", "size_bytes", "lsn")
"""What a backup leaves for later steps, by the names that ``capture: {name: {column: …}}`` takes."""


def perform(effect: Effect) -> StepEnded:
    """Dump the selection; where anything comes between, nothing of it is left behind."""
    backup = effect.step.backup
    if backup is None:
        raise AssertionError
    path, client = effect.folder / backup.to, find_client("pg_dump")
    options = _options(backup, effect)
    _refuse_captures(effect)
    draft = draft_of(path, effect.run)
    begun = time.monotonic()
    with contextlib.closing(effect.connect(purpose="snapshot")) as connection:
        major = connection.info.server_version // 10000
        refuse_older(client, str(major), f"the target runs PostgreSQL {major}")
        _clear(effect, connection, draft)
        snapshot = export_snapshot(connection)
        watch = DumpWatch(effect, connection, tables_to_dump(connection, tuple(backup.schemas), _tables(backup)))
        effect.intend(None)
        effect.tell(f"pg_dump {client.version} writes {path.name} from the snapshot at {snapshot.lsn}")
        try:
            argv = [str(client.path), *options, f"--snapshot={snapshot.id}", f"--file={draft}"]
            _dump(effect, argv, watch)
            detail = _made(draft, path, client, snapshot)
            kept = None if snapshot.standby else _kept(effect, snapshot, connection.info.server_version)
            for name, each in effect.step.capture.items():
                effect.capture(name, detail[str(each.column)])  # before the file has its name: not lost with us
            place(draft, path)
        except KeyboardInterrupt as stopped:
            message = f"{why(stopped)}; {end_on_server(effect)}, and nothing was kept"
            return StepEnded(outcome="cancelled", message=message, duration_ms=since(begun))
        except ShisaError as error:
            message = f"{error.message}; {end_on_server(effect)}, and nothing was kept"
            return StepEnded(outcome="failed", message=message, duration_ms=since(begun), detail=error.detail)
        finally:
            discard(draft)
    said = (
        f"{path.name}: {counted(detail['tables'], 'table')}, {size(detail['size_bytes'])}, snapshot at {snapshot.lsn}"
    )
    whole = {"backup": detail} | ({} if kept is None else {"baseline": kept})
    return StepEnded(outcome="done", message=said, duration_ms=since(begun), detail=whole)


def _clear(effect: Effect, connection: Connection[Any], draft: Path) -> None:
    """Remove what a killed attempt of this run has left. Raises UsageError while its pg_dump is at work."""
    if not os.path.lexists(draft):
        return
    if at_work(connection, effect.application_name):
        raise UsageError(
            f"{draft} is still being written by an earlier attempt of this run",
            hint="wait until that pg_dump has ended, or end it; then resume",
        )
    discard(draft)
    effect.tell(f"{draft.name}, left by an attempt that was killed, is removed")


def _dump(effect: Effect, argv: list[str], watch: DumpWatch) -> None:
    where, env = login(effect.conninfo or "", effect.application_name)
    ran = supervise(
        [*argv, "--dbname", where],
        env,
        heard=watch.heard,
        look=watch.look,
        started=effect.started,
        seconds=effect.seconds,
    )
    if ran.code < 0:
        raise StepFailedError(f"pg_dump was ended by signal {-ran.code}")
    if ran.code != 0:
        said = ran.errors.strip().splitlines() or [f"pg_dump ended with {ran.code}"]
        raise StepFailedError(next((line for line in said if "error:" in line), said[-1]), hint=_second(said))


def _second(said: list[str]) -> str | None:
    """Give what pg_dump says behind its error: the server's detail, or the query that failed."""
    behind = [line.partition(": ")[2] for line in said if ": detail: " in line or ": hint: " in line]
    return behind[0] if behind else None


def _options(backup: Backup, effect: Effect) -> list[str]:
    """Give pg_dump's options; every name is meant as it stands, never as a pattern. Raises UsageError."""
    jobs = int(backup.jobs)
    if backup.format not in _FORMATS:
        raise UsageError(f"pg_dump has no format {backup.format!r}", hint=f"it is one of {', '.join(_FORMATS)}")
    if jobs > 1 and backup.format != "directory":
        raise UsageError(
            f"pg_dump writes the format {backup.format} with one job, not {jobs}", hint="say `format: directory`"
        )
    if backup.schemas and backup.tables:
        raise UsageError("a backup takes schemas or tables, not both", hint="write the tables as schema.table")
    waits = parse_duration(effect.step.lock_timeout or _LOCK_TIMEOUT)
    options = [f"--format={_FORMATS[backup.format]}", "--verbose", "--no-password", "--strict-names"]
    options += [f"--lock-wait-timeout={round(waits.total_seconds() * 1000)}", *([f"--jobs={jobs}"] if jobs > 1 else [])]
    options += [f"--schema={_exactly(schema)}" for schema in backup.schemas]
    return options + [f"--table={_exactly(schema)}.{_exactly(name)}" for schema, name in _tables(backup)]


def _tables(backup: Backup) -> tuple[tuple[str, str], ...]:
    found = []
    for text in backup.tables:
        schema, name = split_table(text)
        if schema is None:
            raise UsageError(f"{text!r} is a table without its schema", hint="write it as in public.orders")
        found.append((schema, name))
    return tuple(found)


def _exactly(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _refuse_captures(effect: Effect) -> None:
    for each in effect.step.capture.values():
        if each.column not in CAPTURED:
            what = each.column or "output"
            raise UsageError(f"a backup has no {what} to capture", hint=f"`column:` is one of {', '.join(CAPTURED)}")


def _kept(effect: Effect, snapshot: Snapshot, server_version: int) -> dict[str, Any]:
    """Keep where the sequences stood as a baseline, with which ``sequence-drift`` compares later in the run."""
    about = SequenceDrift().about
    rows = [Stood(each.name, each.following) for each in snapshot.sequences]
    return told(CAPTURE, about, effect.attach(written(about, rows, server_version=server_version)))


def _made(draft: Path, path: Path, client: Client, snapshot: Snapshot) -> dict[str, Any]:
    """Prove that what pg_dump left can be read, and describe it for the journal."""
    facts, sum_ = read_archive(draft), fingerprint(draft)
    states = [(each.name, each.last_value, each.is_called) for each in snapshot.sequences[:_SEQUENCES_KEPT]]
    return {
        "path": str(path),
        "format": facts.format,
        "sha256": sum_.sha256,
        "size_bytes": sum_.size_bytes,
        "tables": sum(entry.kind == "TABLE DATA" for entry in facts.entries),
        "tool": described(client),
        "snapshot": snapshot.id,
        "lsn": snapshot.lsn,
        "standby": snapshot.standby,
        "sequences": [list(state) for state in states],
        "sequences_left_out": len(snapshot.sequences) - len(states),
    }
