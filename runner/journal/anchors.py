"""Anchors: what somebody else remembers of the journal's head.

The chain alone cannot show that its tail was cut off or that all of it was written anew. Every signed statement
carries the head that its signer saw, so reviewers are the witnesses; kept copies of statements witness even where
the journal itself has lost them.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from runner.canonical import NotCanonicalError, canonical, parse_canonical
from runner.errors import UsageError
from runner.journal.record import Head
from runner.on_disk import sync


@dataclasses.dataclass(frozen=True, slots=True)
class AnchorPoint:
    """Somebody saw that line ``seq`` of the journal had the hash ``head``."""

    seq: int
    head: str
    source: str
    """Who says so: ``line 12`` or the name of a kept file."""


def anchor_in(text: str, source: str) -> AnchorPoint | None:
    """Find the head in a signed statement, or in a bare ``{"head": …, "seq": …}``; None where there is none."""
    try:
        value = parse_canonical(text.strip().encode())
    except (NotCanonicalError, UnicodeEncodeError):
        return None
    match value:
        case {"predicate": {"journal": {"seq": int(seq), "head": str(head)}}}:
            return AnchorPoint(seq, head, source)
        case {"seq": int(seq), "head": str(head)}:
            return AnchorPoint(seq, head, source)
    return None


def keep(head: Head, folder: Path) -> Path:
    """Write the journal's head into a new file in a folder, for ``read_anchors``; tell its path.

    Raises UsageError where it cannot be written. A file that is there must say the same.
    """
    path = folder / f"journal-{head.seq}.json"
    text = canonical({"head": head.hash, "seq": head.seq}).decode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync(folder)
    except FileExistsError:
        if path.read_text(encoding="utf-8").strip() != text:
            raise UsageError(f"{path} remembers another head of line {head.seq}.", hint="Run `shisa verify`.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def read_anchors(folder: Path) -> tuple[AnchorPoint, ...]:
    """Read the statements and heads that were kept in a folder, one in each ``.json`` file.

    Raises UsageError for a folder without any and for a file that holds no head: an anchor that cannot be read
    must not count as one that matches.
    """
    try:
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The anchors in {folder} cannot be read: {error}.") from error
    if not texts:
        raise UsageError(f"There are no anchors in {folder}.", hint="Keep signed statements there, one a .json file.")
    return tuple(_required(anchor_in(text, name), folder / name) for name, text in texts.items())


def _required(found: AnchorPoint | None, path: Path) -> AnchorPoint:
    if found is None:
        raise UsageError(
            f"{path} holds neither a signed statement nor a journal head.",
            hint="Keep the statement as it was signed: canonical JSON, unchanged.",
        )
    return found
