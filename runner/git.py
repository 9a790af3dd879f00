"""The environment in which Git is asked: this one, without what would lead it to another repository or settings."""

from __future__ import annotations

import os

_WHO = ("GIT_AUTHOR_", "GIT_COMMITTER_")


def environment() -> dict[str, str]:
    """Keep of Git's own variables only those that say who makes a tag."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_WHO)}
