"""A plain dump restored whole, in one transaction of which is known, after any crash, whether it happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.facts.figures import size
from checks.facts.wording import counted
from runner.archive import stream
from runner.archive.script import Script
from runner.errors import ShisaError, UsageError
from runner.journal.events import StepEnded
from runner.postgres.transaction import Transaction, leave_note
from runner.runbook.model import Restore
from runner.steps.base import Effect
from runner.steps.fated import after_error, ended
from runner.steps.progress import Progress
from runner.steps.sending import send_script
from runner.steps.tools import described_archive

if TYPE_CHECKING:
    from psycopg import Connection

    from checks.base import ArchiveFacts

_UNBOUND = """
SELECT set_config(name, '0', true) FROM pg_settings
 WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"""


def perform_script(effect: Effect, restore: Restore, facts: ArchiveFacts) -> StepEnded:
    """Send a plain dump's statements; SEQUENCE SETs only where the step says so."""
    if restore.schemas or restore.tables or restore.section or int(restore.jobs) > 1:
        raise UsageError(
            f"{facts.path} is a plain SQL dump: it is restored whole, in its own order, or not at all",
            hint="leave out schemas, tables, section and jobs; or take the backup with -Fc, which can be chosen from",
        )
    detail = {"archive": described_archive(facts, effect.archive(facts.path))}
    reading = _Reading(facts.path)
    progress = Progress(effect.progress, effect.tell)

    def work(connection: Connection[Any]) -> str:
        sent = send_script(
            connection,
            Script(facts.path, reading.blocks(), sent=True),
            sequences=restore.sequences == "from-backup",
            look=lambda _: progress.say(*reading.words()),
        )
        effect.archive(facts.path)
        return f"{counted(sent, 'statement')} of {facts.path.name} carried out"

    return in_one_transaction(effect, work, detail)


def in_one_transaction(effect: Effect, work: Callable[[Connection[Any]], str], detail: dict[str, Any]) -> StepEnded:
    """Do something that PostgreSQL can roll back whole; its fate can be asked after any crash (docs/guarantees.md).

    ``work`` gives the sentence for the journal; whatever it raises rolls everything back.
    """
    import psycopg

    begun = time.monotonic()
    xid, intended, committing = None, False, False
    step = effect.step
    with effect.connect() as connection, effect.connect(purpose="note") as second:
        transaction = Transaction(
            connection, lock_timeout=effect.lock_timeout, statement_timeout=step.statement_timeout or "0"
        )
        try:
            xid = transaction.begin()
            connection.execute(_UNBOUND)
            leave_note(second, effect.run, effect.path, xid)
            effect.intend(xid)
            intended = True
            said = work(connection)
            committing = True
            transaction.commit()
        except (psycopg.Error, KeyboardInterrupt) as error:
            connection.close()
            return after_error(effect, error, xid if committing else None, begun)
        except ShisaError as error:
            connection.close()
            if not intended:
                raise
            outcome = "unknown" if effect.survives_rollback else "failed"
            return ended(outcome, f"rolled back: {error.message}", (), begun, **error.detail)
    return ended("done", f"{said}; committed transaction {xid.xid}", (), begun, **detail)


class _Reading:
    """The blocks of a dump, unpacked, and how far the file is read."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._whole = path, 0, path.stat().st_size

    def blocks(self) -> Iterator[bytes]:
        return stream.unpack(self._path, self._counted(), stream.algorithm_of(stream.peek(self._path)))

    def words(self) -> tuple[str, float | None]:
        return f"{size(self._read)} of {size(self._whole)} read", self._read / self._whole

    def _counted(self) -> Iterator[bytes]:
        for block in stream.file_blocks(self._path):
            self._read += len(block)
            yield block
