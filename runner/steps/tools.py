"""Which program and which bytes of a backup a step worked with, as the journal keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.archive.fingerprint import Fingerprint, fingerprint
from runner.errors import UsageError
from runner.postgres.clients import Client, find_client

if TYPE_CHECKING:
    from checks.base import ArchiveFacts


def described(client: Client) -> dict[str, Any]:
    """Name a client program by its path, version and digest."""
    return {"path": str(client.path), "version": client.version, "sha256": fingerprint(client.path).sha256}


def described_archive(facts: ArchiveFacts, summed: Fingerprint) -> dict[str, Any]:
    """Name a backup by its path, format, maker and digest."""
    return {
        "path": str(facts.path),
        "format": facts.format,
        "dump_version": facts.dump_version,
        "sha256": summed.sha256,
        "size_bytes": summed.size_bytes,
    }


def pg_restore_for(facts: ArchiveFacts) -> Client:
    """Find a pg_restore that can read an archive. Raises UsageError where there is none, or an older one."""
    client = find_client("pg_restore")
    refuse_older(client, facts.dump_version, f"{facts.path} was written by pg_dump {facts.dump_version}")
    return client


def refuse_older(client: Client, version: str | None, what: str) -> None:
    """Refuse a program that is older than what it would have to work on; ``what`` begins the sentence.

    Raises UsageError.
    """
    major = (version or "").split(".")[0]
    if major.isdigit() and int(major) > client.major:
        raise UsageError(
            f"{what}, newer than {client.path.name} {client.version}",
            hint=f"put PostgreSQL {major}'s client programs first on the PATH",
        )
