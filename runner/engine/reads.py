"""Which bytes a step reads from files: they are signed with its text, and looked at again before its effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from checks.facts.figures import size
from runner.errors import ArchiveError, RunbookError
from runner.journal.events import FileRead
from runner.runbook.template import render_text
from runner.steps.progress import Progress

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.journal.events import StepEntered
    from runner.runbook.values import Values


def reads_of(session: Session, plain: Mapping[str, Any], known: Values) -> tuple[FileRead, ...]:
    """Sum up every backup that a rendered step reads, its rollback and cleanup, and its loop where that is known.

    One that cannot be read has no digest; as soon as it can, the step is another one. What a loop reads by its item is
    known to the iteration only, which is then asked for by itself.
    """
    return tuple(_read(session, path) for path in dict.fromkeys(_paths(plain, known)))


def read_again(session: Session, entered: StepEntered) -> None:
    """Read every byte of a step's files once more, whatever their stamps say; what is shown next is as of now."""
    for each in entered.reads:
        session.summed.forget(session.folder / each.path)
        _read(session, each.path)


def other_bytes(was: StepEntered, now: StepEntered) -> list[str]:
    """Name the files of a step that hold other bytes than when it was shown."""
    before = {each.path: each for each in was.reads}
    return [
        f"{each.path} holds other bytes than when it was shown: {_told(each)} now, {_told(before[each.path])} then"
        for each in now.reads
        if each.path in before and each != before[each.path]
    ]


def _told(read: FileRead) -> str:
    return "it cannot be read" if read.sha256 is None else f"sha256 {read.sha256[:16]}…"


def _read(session: Session, path: str) -> FileRead:
    progress = Progress(session.operator.progress, session.operator.tell)
    try:
        found = session.summed.of(
            session.folder / path,
            lambda count, whole: progress.say(f"{size(count)} of {size(whole)} of {path} are summed up", count / whole),
        )
    except ArchiveError:
        return FileRead(path=path)
    return FileRead(path=path, sha256=found.sha256, size_bytes=found.size_bytes)


def _paths(body: Mapping[str, Any], known: Values) -> Iterator[str]:
    restore = body.get("restore")
    if isinstance(restore, Mapping):
        yield from _rendered(str(restore["from"]), known)
    inner = [body[key] for key in ("rollback", "cleanup") if isinstance(body.get(key), Mapping)]
    for each in (*inner, *(body.get("for_each") or {}).get("steps", ())):
        yield from _paths(each, known)


def _rendered(text: str, known: Values) -> Iterator[str]:
    try:
        yield str(render_text(text, known))
    except RunbookError:
        return  # by the item of a loop
