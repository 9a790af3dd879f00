"""The content of a file as it was merged: what Git holds of it on the branch that people review into."""

from __future__ import annotations

import dataclasses
import subprocess
from datetime import datetime
from pathlib import Path

from runner.git import environment
from runner.which import which

_BRANCHES = {
    "origin/HEAD": "refs/remotes/origin/HEAD",
    "origin/main": "refs/remotes/origin/main",
    "origin/master": "refs/remotes/origin/master",
    "main": "refs/heads/main",
    "master": "refs/heads/master",
}
"""Where reviewed content ends up, in full, for a tag of that name comes first; the first that there is."""
_SECONDS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Merged:
    """A file at a branch."""

    branch: str
    text: str


def merged(path: Path, *, before: datetime | None = None) -> Merged | None:
    """Read a file as it was merged; None where there is no Git, no such branch, or no such file on it.

    ``before`` asks for the file as the branch had it at that moment, by the times of the commits that changed it.
    """
    folder = path.resolve().parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        return None
    inside = path.resolve().relative_to(Path(top.strip()).resolve()).as_posix()
    for branch, ref in _BRANCHES.items():
        if _git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is not None:
            if before is not None:
                since = ("--first-parent", f"--before={before.isoformat()}")
                ref = (_git(folder, "rev-list", "-1", *since, ref, "--", f":/{inside}") or "").strip()  # noqa: PLW2901
            text = _git(folder, "cat-file", "blob", f"{ref}:{inside}") if ref else None
            return None if text is None else Merged(branch, text)
    return None


def _git(folder: Path, *words: str) -> str | None:
    tool = which("git")
    if tool is None or not folder.is_dir():
        return None
    argv = [tool, "--no-replace-objects", "-C", str(folder), *words]
    try:
        done = subprocess.run(argv, env=environment(), capture_output=True, timeout=_SECONDS, check=False)
        return done.stdout.decode() if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
