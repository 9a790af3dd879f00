"""PostgreSQL's own client programs: where they are, which version, and how they learn where to connect."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import ConnectError, StepFailedError, UsageError
from runner.postgres.connect import SETTINGS
from runner.which import which

if TYPE_CHECKING:
    from psycopg import Connection

_END = """
SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
 WHERE application_name = %s AND pid <> pg_backend_pid()"""
_AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND pid <> pg_backend_pid()"
_PATIENCE = 10.0
"""Seconds that a program is given to end before it is killed."""
_LONGEST = 2_000_000.0
"""Seconds that a program may take at most, 23 days: the system counts what is left in 31 bits of milliseconds."""
_KEPT = 4000
"""Characters of a program's error output that are kept."""


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """A client program such as pg_restore."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, 18 for 18.6."""
        return int(self.version.split(".")[0])


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """How a client program ended."""

    code: int
    output: str
    errors: str
    """The last part of what it wrote to its error output."""


def find_client(name: str) -> Client:
    """Find a client program on the PATH and ask its version.

    Raises UsageError when there is none or it does not answer.
    """
    program = which(name)
    if program is None:
        message = f"{name} is not on the PATH"
        raise UsageError(message, hint="install PostgreSQL's client programs (Debian: postgresql-client)")
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        answer = ""
    version = re.search(r"\) (\d+(?:\.\d+)?)", answer)
    if version is None:
        message = f"{program} does not tell its version"
        raise UsageError(message, hint=f"run `{name} --version` and see")
    return Client(Path(program), version[1])


def login(conninfo: str, application_name: str) -> tuple[str, dict[str, str]]:
    """Give a client program's way to a target: a conninfo that anybody may see, and an environment with the password.

    The environment stays as it is but for settings: what the conninfo leaves open, libpq fills in for the program just
    as for our own connections. Raises UsageError for a secret that could only be given where others see it.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given = conninfo_to_dict(conninfo)
    password = given.pop("password", None)
    if "sslpassword" in given:
        raise UsageError(
            "the target has an sslpassword, which PostgreSQL's programs take only where everybody sees it",
            hint="use a key without a passphrase, readable by its owner only",
        )
    given |= {"application_name": application_name, "options": given.get("options") or ""}
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    secret = {} if password is None else {"PGPASSWORD": str(password)}
    return make_conninfo("", **given), {**kept, "LC_ALL": "C", **secret}


def run_client(
    argv: Sequence[str],
    env: dict[str, str],
    *,
    seconds: float | None = None,
    folder: Path | None = None,
    started: Callable[[subprocess.Popen[Any]], None] = lambda _: None,
) -> Ran:
    """Run a client program in a process group of its own; an interruption ends the whole group first.

    Raises KeyboardInterrupt through, and StepFailedError where it takes longer than ``seconds``, after the group
    has ended.
    """
    with subprocess.Popen(
        argv,
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            started(child)
            output, errors = child.communicate(timeout=None if seconds is None else min(seconds, _LONGEST))
        except subprocess.TimeoutExpired:
            end_group(child)
            raise StepFailedError(f"{Path(argv[0]).name} took longer than {seconds:g} s and was ended") from None
        except BaseException:
            end_group(child)
            raise
    return Ran(child.returncode, output, errors[-_KEPT:])


def end_backends(connection: Connection[Any], application_name: str) -> bool:
    """End what a client program has left running on the server; whether all of it is gone."""
    row = connection.execute(_END, (application_name,)).fetchone()
    return row is not None and row[0] == 0


def at_work(connection: Connection[Any], application_name: str) -> bool:
    """Tell whether a session of this name is on the server, beside the one that asks. Raises ConnectError."""
    import psycopg

    try:
        row = connection.execute(_AT_WORK, (application_name,)).fetchone()
    except psycopg.Error as error:
        message = f"the target does not tell who is connected: {error.diag.message_primary or error}"
        raise ConnectError(message) from None
    return row is None or row[0] > 0


def end_group(child: subprocess.Popen[Any]) -> None:
    """End a child that was started with ``start_new_session``, and everything that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(timeout=_PATIENCE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
