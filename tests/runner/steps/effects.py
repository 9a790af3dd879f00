"""One effect by itself: no run, no approvals; a real server, a real archive, real files beside a journal."""

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

from runner.archive.fingerprint import fingerprint
from runner.journal.attachments import Attachments
from runner.journal.events import StepEnded, StepIntended
from runner.postgres.connect import connect
from runner.runbook.model import step_of
from runner.steps.base import Effect
from runner.steps.outliving import Mark
from runner.steps.restore import perform


@dataclasses.dataclass
class Restored:
    """What became of one restore, and what an undo needs."""

    ended: StepEnded
    intended: StepIntended | None


def dump(tools: Any, dsn: str, path: Path, *options: str) -> Path:
    """Take a backup by the real pg_dump."""
    argv = [tools.path("pg_dump"), "--dbname", dsn, "--file", path, *options]
    subprocess.run(argv, check=True, capture_output=True)
    return path


def restore(
    dsn: str,
    folder: Path,
    body: dict[str, Any] | str,
    *,
    undoes: Restored | None = None,
    told: list[str] | None = None,
    **keys: Any,
):
    """Carry out a restore, or undo one; what a step raises before its intent is raised, ``told`` takes its progress."""
    attachments = Attachments(folder / "kept")
    intended: list[StepIntended] = []

    def intend(xid: Any, kept: str | None = None) -> StepIntended:
        given = {} if xid is None else dataclasses.asdict(xid)
        intended.append(StepIntended(step_digest="0" * 64, kept=kept, **given))
        return intended[-1]

    effect = Effect(
        run="261127-abcdef",
        path="rows",
        step=step_of({"id": "rows", "title": "Rows", "target": "live", "restore": body} | keys),
        undoes=None,
        statements=(),
        survives_rollback=False,
        values={},
        secrets={},
        folder=folder,
        application_name="shisa/261127-abcdef/rows",
        mark=lambda: Mark(folder / "kept" / "rows.working"),
        look_again=lambda: None,
        intend=intend,
        attach=lambda content: attachments.put([content]),
        archive=fingerprint,
        keep=attachments.put,
        kept=lambda: attachments.read(undoes.intended.kept),
        connect=lambda *, purpose="": connect(dsn, application_name=f"shisa/test/{purpose}"),
        conninfo=dsn,
        confirm=lambda: "done",
        agreed=lambda: "",
        measure=lambda *_: None,
        started=lambda _: None,
        stopping=lambda: False,
        sleep=lambda _: None,
        capture=lambda *_: None,
        tell=lambda _: None,
        progress=([] if told is None else told).append,
    )
    ended = perform(effect)
    return Restored(ended, intended[-1] if intended else None)
