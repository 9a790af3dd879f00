"""What a rule has to say about one place of a runbook."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.document import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Flag:
    """One place in a runbook that a rule has something to say about."""

    path: Path
    message: str
    hint: str | None = None
    of_key: bool = False
    """Whether the key is meant, and not its value."""
    offset: int | None = None
    """A character inside the text at ``path``."""
