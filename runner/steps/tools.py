"""Which program and which bytes of a backup a step worked with, as the journal keeps them."""

from __future__ import annotations

from typing import Any

from runner.archive.fingerprint import fingerprint
from runner.errors import UsageError
from runner.postgres.clients import Client


def described(client: Client) -> dict[str, Any]:
    """Name a client program by its path, version and digest."""
    return {"path": str(client.path), "version": client.version, "sha256": fingerprint(client.path).sha256}


def refuse_older(client: Client, major: int, what: str) -> None:
    """Refuse a program that is older than what it would have to work on; ``what`` begins the sentence.

    Raises UsageError.
    """
    if major > client.major:
        raise UsageError(
            f"{what}, newer than {client.path.name} {client.version}",
            hint=f"put PostgreSQL {major}'s client programs first on the PATH",
        )
