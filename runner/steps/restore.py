"""``restore``: objects and rows out of an archive, by the real pg_restore, with or without its SEQUENCE SETs.

``keep`` (the default) and ``raise`` restore from a list that leaves every SEQUENCE SET out, so that no sequence of
the target moves back; ``raise`` then lifts the sequences above every id in use. ``from-backup`` restores what the
archive says and is what the guard ``sequence-drift`` is for.
"""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.archive import read_archive, sequence_sets
from runner.archive.sizes import row_sizes
from runner.errors import ShisaError, StepFailedError, UsageError
from runner.journal.events import StepEnded
from runner.postgres.clients import Client, login, run_client
from runner.postgres.raising import MARGIN, raise_sequences
from runner.postgres.supervise import supervise
from runner.runbook.model import Restore
from runner.runbook.restoring import selection_of
from runner.steps.base import Effect, since
from runner.steps.ending import end_on_server, why
from runner.steps.fated import sentence
from runner.steps.restore_clone import perform_clone
from runner.steps.restore_script import perform_script
from runner.steps.restore_watch import RestoreWatch
from runner.steps.tools import described, described_archive, pg_restore_for

if TYPE_CHECKING:
    from checks.base import ArchiveFacts
    from runner.postgres.clients import Ran

_ENTRY = re.compile(r"(\d+);")
_LOST = re.compile(r"connection|terminat|could not send|could not receive", re.IGNORECASE)


def perform(effect: Effect) -> StepEnded:
    """Restore the selection in one transaction; what is not carried out whole is rolled back."""
    restore = effect.step.restore
    if not isinstance(restore, Restore):
        from runner.steps.restore_undo import undo

        return undo(effect)
    facts = read_archive(effect.folder / restore.from_)
    _refuse_foreign(effect, restore, facts)
    if restore.rows is not None:
        from runner.steps.restore_rows import perform_rows

        return perform_rows(effect, restore, facts)
    if restore.into is not None:
        return perform_clone(effect, restore, facts)
    ended = perform_script(effect, restore, facts) if facts.format == "plain" else _archive(effect, restore, facts)
    if ended.outcome == "done" and restore.sequences == "raise":
        return _raise(effect, restore, facts, ended)
    return ended


def _refuse_foreign(effect: Effect, restore: Restore, facts: ArchiveFacts) -> None:
    """Make sure that the backup is one of the database to which the target leads at this moment."""
    with effect.connect(purpose="look") as connection:
        database = connection.info.dbname
    expected = restore.from_database or database
    if facts.database not in {None, expected}:
        raise StepFailedError(
            f"{facts.path.name} is a backup of the database {facts.database}, not of {expected}",
            hint=f"if that is meant, say `from_database: {facts.database}` in the step",
        )


def _archive(effect: Effect, restore: Restore, facts: ArchiveFacts) -> StepEnded:
    begun = time.monotonic()
    client = pg_restore_for(facts)
    where, env = login(effect.conninfo or "", effect.application_name)
    with tempfile.TemporaryDirectory(prefix="shisa-") as folder:
        entries = _listed(client, restore, facts, env)
        list_file = Path(folder) / "entries"
        list_file.write_text("".join(f"{line}\n" for line in entries), encoding="utf-8")
        detail = {"archive": described_archive(facts, effect.archive(facts.path)), "tool": described(client)}
        taken = {int(line.partition(";")[0]) for line in entries}
        watch = RestoreWatch(effect, [each for each in facts.entries if each.dump_id in taken], row_sizes(facts.path))
        effect.intend(None)
        effect.tell(f"pg_restore {client.version} takes {_entries(len(entries))} of {facts.path.name}")
        argv = [str(client.path), "-L", str(list_file), "--verbose", "--no-password", *_mode(restore)]
        try:
            ran = supervise(
                [*argv, "-d", where, str(facts.path)],
                env,
                heard=watch.heard,
                look=watch.look,
                started=effect.started,
                seconds=effect.seconds,
            )
        except (KeyboardInterrupt, StepFailedError) as stopped:
            return _stopped(effect, why(stopped), begun)
    if ran.code < 0 or (ran.code > 0 and effect.stopping()):
        return _stopped(effect, "pg_restore was ended by a signal", begun)
    return _proven(effect, facts.path, _ended(ran, restore, len(entries), begun, detail))


def _stopped(effect: Effect, reason: str, begun: float) -> StepEnded:
    """Say what is known of a pg_restore that was ended: its COMMIT may have been on its way."""
    message = f"{reason}; {end_on_server(effect)}, but part of it may stand"
    return StepEnded(outcome="unknown", message=message, duration_ms=since(begun))


def _listed(client: Client, restore: Restore, facts: ArchiveFacts, env: dict[str, str]) -> list[str]:
    """Let pg_restore itself list what the selection takes. Raises UsageError where that is nothing."""
    listed = run_client([str(client.path), "-l", *_selection(restore), str(facts.path)], env)
    if listed.code != 0:
        raise UsageError(f"pg_restore cannot list {facts.path}: {listed.errors.strip()}")
    entries = keep_entries(listed.output, facts, with_sequences=restore.sequences == "from-backup")
    if not entries:
        raise UsageError(
            f"nothing in {facts.path.name} fits what this step selects",
            hint=f"`pg_restore -l {facts.path}` lists what it holds",
        )
    return entries


def keep_entries(listing: str, facts: ArchiveFacts, *, with_sequences: bool) -> list[str]:
    """Take the lines of a ``pg_restore -l`` listing that shall be restored.

    The archive's own table of contents says which line is a SEQUENCE SET, not the line's text.
    """
    rewinding = {entry.dump_id for entry in facts.entries if entry.kind == "SEQUENCE SET"}
    lines = []
    for line in listing.splitlines():
        entry = _ENTRY.match(line)
        if entry is not None and (with_sequences or int(entry[1]) not in rewinding):
            lines.append(line)
    return lines


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def _selection(restore: Restore) -> list[str]:
    argv = [f"--schema={schema}" for schema in restore.schemas]
    for table in restore.tables:
        schema, dot, name = table.rpartition(".")
        argv += [f"--schema={schema}"] * bool(dot) + [f"--table={name}"]
    return argv + ([f"--section={restore.section}"] if restore.section else [])


def _mode(restore: Restore) -> list[str]:
    jobs = int(restore.jobs)
    return ["--exit-on-error", *(["--single-transaction"] if jobs == 1 else [f"--jobs={jobs}"])]


def _ended(ran: Ran, restore: Restore, entries: int, begun: float, detail: dict[str, Any]) -> StepEnded:
    if ran.code == 0:
        told = f"{_entries(entries)} restored"
        return StepEnded(outcome="done", message=told, duration_ms=since(begun), detail=detail)
    errors = ran.errors.strip().splitlines() or [f"pg_restore ended with {ran.code}"]
    said = next((line for line in errors if "error:" in line), errors[0])  # 14 begins with where it was
    whole = int(restore.jobs) == 1 and restore.sequences != "from-backup" and not _LOST.search(ran.errors)
    if whole:
        return StepEnded(outcome="failed", message=f"rolled back: {said}", duration_ms=since(begun))
    return StepEnded(outcome="unknown", message=f"{said}; part of it may stand", duration_ms=since(begun))


def _proven(effect: Effect, path: Path, ended: StepEnded) -> StepEnded:
    """Say so where somebody wrote to the backup while pg_restore read it, which has committed by now."""
    if ended.outcome == "done":
        try:
            effect.archive(path)
        except StepFailedError as error:
            message = f"{ended.message}, but {error.message}; nobody knows which of them were restored"
            return StepEnded(outcome="unknown", message=message, duration_ms=ended.duration_ms, detail=ended.detail)
    return ended


def _raise(effect: Effect, restore: Restore, facts: ArchiveFacts, ended: StepEnded) -> StepEnded:
    import psycopg

    names = [(each.schema, each.name) for each in sequence_sets(facts, selection_of(restore))]
    try:
        with effect.connect() as connection:
            raised = (
                raise_sequences(connection, names, margin=MARGIN, lock_timeout=effect.lock_timeout) if names else []
            )
    except (ShisaError, psycopg.Error) as error:
        reason = error.message if isinstance(error, ShisaError) else sentence(error)
        message = f"{ended.message}, but the sequences were not raised: {reason}"
        return StepEnded(outcome="unknown", message=message, duration_ms=ended.duration_ms)
    detail = {**ended.detail, "raised": [change.as_json() for change in raised]}
    return StepEnded(outcome="done", message=ended.message, duration_ms=ended.duration_ms, detail=detail)
