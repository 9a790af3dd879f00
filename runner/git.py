"""Git as it is asked: found on the PATH, without what in this environment would lead it to another repository."""

from __future__ import annotations

import errno
import os

from runner.which import which

_WHO = ("GIT_AUTHOR_", "GIT_COMMITTER_")


def environment() -> dict[str, str]:
    """Keep of Git's own variables only those that say who makes a tag."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_WHO)}


def program() -> str:
    """Tell where Git is; raises FileNotFoundError."""
    tool = which("git")
    if tool is None:
        raise FileNotFoundError(errno.ENOENT, "git is not on the PATH")
    return tool
