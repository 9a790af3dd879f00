"""The account that a throwaway PostgreSQL runs under: PostgreSQL refuses to run as root."""

from __future__ import annotations

import dataclasses
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.demo.binaries import Binaries
from runner.errors import UsageError

NOBODY = 65534
UNSHARE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """How programs are started so that they do not see themselves as root."""

    prefix: tuple[str, ...] = ()
    """What stands before the command: the call that enters an own user namespace."""
    user: str | None = None
    """Another user, where user namespaces are refused; it must be given the files it needs."""

    def start(self, argv: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program in its own session, so that Ctrl-C in a terminal does not reach it."""
        if self.user is not None:
            options |= {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [*self.prefix, *map(str, argv)], stdin=subprocess.DEVNULL, start_new_session=True, **options
        )

    def call(self, argv: Sequence[str | Path], **options: Any) -> int:
        """Run a program to its end and give its exit code; it does not outlive an interruption of ours."""
        with self.start(argv, **options) as process:
            try:
                return process.wait()
            except BaseException:
                process.kill()
                raise

    def manages(self, *argv: str | Path) -> bool:
        """Whether a command that only looks ends well under this account."""
        quiet = subprocess.DEVNULL
        try:
            return self.call(argv, stdout=quiet, stderr=quiet, cwd="/") == 0
        except (OSError, KeyError, subprocess.SubprocessError):
            return False

    def give(self, path: Path) -> None:
        """Make a file or folder the account's own."""
        if self.user is not None:
            shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)

    def folder(self) -> Path:
        """Make a folder, closed to others, that the account can reach."""
        for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp inside is safe
            made = Path(tempfile.mkdtemp(prefix="shisa-pg-", dir=parent))
            self.give(made)
            if self.manages("test", "-w", made):
                return made
            made.rmdir()
        raise UsageError("The user nobody can reach no folder for temporary files.", hint="Set TMPDIR.")

    def reach(self, binaries: Binaries, folder: Path) -> Binaries:
        """Give binaries that the account can execute: a copy in ``folder`` where it cannot enter theirs."""
        if self.manages(binaries.bin / "postgres", "--version"):
            return binaries
        package = binaries.bin.parent.parent
        for part in (Path(package.name, binaries.bin.parent.name), Path(f"{package.name}.libs")):
            if (package.parent / part).is_dir():
                shutil.copytree(package.parent / part, folder / "programs" / part)
        return dataclasses.replace(binaries, bin=folder / "programs" / package.name / binaries.bin.parent.name / "bin")


def unprivileged() -> Account:
    """Find the account for PostgreSQL; raises UsageError where root has no way to stop being root."""
    if os.geteuid() != 0:
        return Account()
    for account in (Account(prefix=UNSHARE), Account(user="nobody")):
        if account.manages("true"):
            return account
    raise UsageError(
        "PostgreSQL refuses to run as root; neither a user namespace nor the user nobody could be used.",
        hint="Run shisa as an ordinary user.",
    )
