"""Baselines: what one guard of a run found, kept under its digest, for a later guard of the run to compare with."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from checks.base import CannotAskError, Captured, Json
from runner.canonical import canonical

Row = TypeVar("Row")


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A baseline of the run, as it was kept."""

    step: str
    at: str
    sha256: str
    content: bytes


class Baselines(Protocol):
    """Where the baselines of one run are."""

    def keep(self, content: bytes) -> str:
        """Keep content and tell its digest. Raises CannotAskError."""

    def find(self, target: str, about: str) -> Kept:
        """Find the newest one of a target, after proving its digest. Raises CannotAskError with the reason."""


def written(about: str, rows: Sequence[object], *, server_version: int) -> bytes:
    """Write rows (dataclasses of one type) down as canonical JSON, column by name."""
    columns = [field.name for field in dataclasses.fields(rows[0])] if rows else []  # type: ignore[arg-type]
    plain = [[msgspec.to_builtins(getattr(row, name)) for name in columns] for row in rows]
    return canonical({"about": about, "server_version": server_version, "columns": columns, "rows": plain})


def read(kept: Kept, into: type[Row]) -> Captured[Row]:
    """Read back what ``written`` wrote. Raises CannotAskError where the rows are of another shape."""
    found: dict[str, Any] = json.loads(kept.content)
    columns: list[str] = found["columns"]
    try:
        rows = msgspec.convert([dict(zip(columns, row, strict=True)) for row in found["rows"]], tuple[into, ...])  # type: ignore[valid-type]
    except (msgspec.ValidationError, ValueError):
        raise CannotAskError(f"the baseline of step {kept.step} was kept by another version of the check") from None
    return Captured(rows, kept.step, kept.at, found["server_version"])


def told(mode: str, about: str, sha256: str, step: str | None = None) -> dict[str, Json]:
    """Tell in the evidence which baseline was captured or compared."""
    return {"mode": mode, "about": about, "sha256": sha256} | ({} if step is None else {"step": step})
