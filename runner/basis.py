"""What evidence rests on: with the same basis a guard would find the same, so it need not be asked again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from checks.base import CannotAskError
from runner.archive.stamp import stamp
from runner.postgres.mark import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.base import Json
    from runner.postgres.readonly import ReadOnlySession


class Basis:
    """Collects what one guard looks at; taken before it looks, so that a write meanwhile is never missed."""

    def __init__(self, session: ReadOnlySession) -> None:
        """Mark the server. Raises CannotAskError."""
        self._server = mark(session)
        self._files: dict[str, str] = {}
        self._whole = True

    def file(self, path: Path) -> None:
        """Stamp a file that is about to be read; what cannot be stamped leaves no basis."""
        try:
            self._files.setdefault(str(path), stamp(path))
        except OSError:
            self._whole = False

    def unbounded(self) -> None:
        """Say that the guard looks at something that no mark covers."""
        self._whole = False

    def as_json(self) -> dict[str, Json] | None:
        """Give it as it stands in the evidence; None where it proves nothing."""
        files = [{"path": path, "stamp": told} for path, told in self._files.items()]
        return {"server": self._server, "files": files} if self._whole else None


def same(known: Mapping[str, Json] | None, session: ReadOnlySession) -> bool:
    """Whether nothing that the evidence rests on was written since; False where that cannot be told."""
    if known is None:
        return False
    with contextlib.suppress(CannotAskError, OSError):
        return _files(known["files"]) and bool(known["server"] == mark(session))
    return False


def _files(files: Iterable[Mapping[str, str]]) -> bool:
    return all(stamp(Path(each["path"])) == each["stamp"] for each in files)
