"""The content of a file as it was merged: what Git holds of it on the branch that people review into."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

from runner.git import environment

_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where reviewed content ends up; the first that there is."""
_SECONDS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Merged:
    """A file at a branch."""

    branch: str
    text: str


def merged(path: Path) -> Merged | None:
    """Read a file as it was merged; None where there is no Git, no such branch, or no such file on it."""
    folder = path.resolve().parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        return None
    inside = path.resolve().relative_to(Path(top.strip()).resolve()).as_posix()
    for branch in _BRANCHES:
        if _git(folder, "rev-parse", "--verify", "--quiet", f"{branch}^{{commit}}") is not None:
            text = _git(folder, "show", f"{branch}:{inside}")
            return None if text is None else Merged(branch, text)
    return None


def _git(folder: Path, *words: str) -> str | None:
    tool = shutil.which("git")
    if tool is None or not folder.is_dir():
        return None
    argv = [tool, "-C", str(folder), *words]
    try:
        done = subprocess.run(argv, env=environment(), capture_output=True, timeout=_SECONDS, check=False)
        return done.stdout.decode() if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
