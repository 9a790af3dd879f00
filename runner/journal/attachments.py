"""What is too large for a journal line stands in a file that is named by its digest.

A team journal keeps in the database what its guards attached, for whoever goes on with the run on another machine; the
rows of customers that a restore keeps for its undo stay in files on the machine that ran it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from runner.errors import JournalError
from runner.journal import is_team
from runner.journal.events import Event, GuardsAsked
from runner.journal.sqlite_faults import from_os
from runner.journal.sqlite_file import mode_for
from runner.on_disk import sync

SUFFIX = ".kept"
"""What the folder is called beyond the name of the journal file."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


def proven(digest: str, content: bytes) -> str:
    """Give the digest back, where it is that of the content; JournalError where it is not."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise _changed(digest)
    return digest


def _changed(what: str | Path) -> JournalError:
    return JournalError(
        f"The attachment {what} was changed after it was written.",
        hint="Its journal line names the digest it must have; look for a copy.",
    )


def named_by(body: Event) -> Iterator[str]:
    """Tell the digests of what a line's guards attached: baselines, and findings beyond what the line holds."""
    for evidence in body.evidence if isinstance(body, GuardsAsked) else ():
        for part in ("omitted", "baseline"):
            if part in evidence:
                yield evidence[part]["sha256"]


class Attachments:
    """A folder beside the journal: the rest of an evidence, the rows that a step keeps for its rollback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, chunks: Iterable[bytes]) -> str:
        """Keep content durably and tell its SHA-256, which is its name; JournalError when it cannot."""
        summed = hashlib.sha256()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".draft-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    for chunk in chunks:
                        summed.update(chunk)
                        file.write(chunk)
                    file.flush()
                    os.fchmod(file.fileno(), mode_for(self.folder))
                    os.fsync(file.fileno())
                Path(name).replace(self.folder / summed.hexdigest())
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    Path(name).unlink()
                raise
            sync(self.folder)
        except OSError as error:
            raise from_os(self.folder, error) from error
        return summed.hexdigest()

    def read(self, digest: str) -> Iterator[bytes]:
        """Read content in blocks, after proving that it is what the digest names; JournalError when it is not."""
        if _DIGEST.fullmatch(digest) is None:
            raise JournalError(f"{digest!r} is not a SHA-256, so it names no attachment.")
        path = self.folder / digest
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise _changed(path)
                file.seek(0)
                while block := file.read(_BLOCK):
                    yield block
        except FileNotFoundError as error:
            raise JournalError(
                f"The attachment {path} is missing.", hint="Keep the attachments with the journal they belong to."
            ) from error
        except OSError as error:
            raise from_os(path, error) from error


def attachments_of(location: str, folder: Path) -> Attachments:
    """Give the folder beside the journal that shisa.yaml names; of a team journal it is on this machine.

    ``folder`` is where relative paths start.
    """
    if is_team(location):
        return Attachments(folder / ".shisa" / f"team{SUFFIX}")
    return Attachments(beside(folder / Path(location).expanduser()))


def beside(journal: Path) -> Path:
    """Name the folder beside a journal's file."""
    return journal.with_name(journal.name + SUFFIX)
