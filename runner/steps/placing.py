"""A file or folder that is whole before anybody sees it: written under another name, synced, then given its own."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from runner.errors import StepFailedError, UsageError
from runner.on_disk import sync


def draft_of(path: Path, run: str) -> Path:
    """Name the draft of a file that a run writes, in the same folder: a rename is only there all or nothing.

    Raises UsageError where the file exists already, and where its folder does not.
    """
    if os.path.lexists(path):
        raise UsageError(f"{path} exists already; a backup never replaces anything", hint="name another file in `to:`")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} into", hint="make it, or name another")
    return path.parent / f".{path.name}.{run}.part"


def place(draft: Path, path: Path) -> None:
    """Make a finished draft durable and give it its name.

    Raises StepFailedError where something else has taken the name meanwhile, or the disk does not take it.
    """
    try:
        for each in _parts(draft):
            sync(each)
        if draft.is_dir():
            draft.rename(path)  # onto a folder only if that is empty; then nothing of anybody's is lost
        else:
            _link(draft, path)
        sync(path.parent)
    except FileExistsError:
        raise StepFailedError(f"{path} was made by somebody else meanwhile; the backup was thrown away") from None
    except OSError as error:
        raise StepFailedError(f"{path} cannot be written: {error.strerror or error}") from None


def discard(draft: Path) -> None:
    """Remove a draft, as far as it is there."""
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            draft.unlink()


def _link(draft: Path, path: Path) -> None:
    """Give a file its second name, which never replaces another file, and take the first away."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        draft.rename(path)
    else:
        draft.unlink()


def _parts(draft: Path) -> list[Path]:
    return [*draft.iterdir(), draft] if draft.is_dir() else [draft]
