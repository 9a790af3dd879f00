"""Programs that a guard asks: run to their end within a time, and what they say of a data volume's free bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from checks.base import CannotAskError, Ran
from runner.errors import ShisaError


def run(argv: Sequence[str], limit: timedelta, folder: Path) -> Ran:
    """Run a program to its end in a folder, for at most ``limit``. Raises CannotAskError."""
    from runner.postgres.clients import run_client

    try:
        ran = run_client(argv, dict(os.environ), seconds=limit.total_seconds(), folder=folder)
    except OSError as error:
        raise CannotAskError(f"{argv[0]} cannot be run: {error.strerror or error}") from None
    except ShisaError as error:
        raise CannotAskError(error.whole) from None
    return Ran(ran.code, ran.output, ran.errors)


def free_bytes(argv: Sequence[str], target: str, limit: timedelta, folder: Path) -> int:
    """Run the command that a target's configuration names for its free bytes. Raises CannotAskError."""
    if not argv:
        raise CannotAskError(f"shisa.yaml names no command disk_free for the target {target}")
    ran = run(argv, limit, folder)
    last = (ran.stdout.split() or ["nothing"])[-1]
    if ran.exit_code != 0 or not last.isdecimal():
        told = f"exit code {ran.exit_code}, {last[:40]!r}"
        raise CannotAskError(f"the command disk_free of {target} printed no number of bytes: {told}")
    return int(last)
