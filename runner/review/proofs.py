"""What people signed, as files that ssh-keygen alone can check, years later and without this program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner.config.model import Person
from runner.errors import UsageError
from runner.journal.record import Record
from runner.review.keys import allowed_signers
from runner.review.sshsig import ANSWER, APPROVAL, RUN


def write_proofs(folder: Path, records: Iterable[Record], people: Mapping[str, Person]) -> int:
    """Write each signed statement (``.json``), its signature (``.sig``) and ``allowed_signers``; gives how many.

    The statements serve as anchors too. Raises UsageError where the folder is not a new one.
    """
    try:
        folder.mkdir(parents=True)
        _new(folder / "allowed_signers", allowed_signers(people, [APPROVAL, RUN, ANSWER]))
        count = 0
        for record in records:
            body: Any = record.body
            statement, signature = getattr(body, "statement", None), getattr(body, "signature", None)
            if statement and signature:
                name = f"{record.seq:06}-{record.body.name}"
                _new(folder / f"{name}.json", statement)
                _new(folder / f"{name}.sig", signature)
                count += 1
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.", hint="Name a folder that is new.") from error
    return count


def _new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)
