"""Where a program is that shisa calls by its name: never in the folder that somebody happens to work in."""

from __future__ import annotations

import os
import shutil


def which(name: str) -> str | None:
    """Find a program on the PATH, in folders that are named from the root; None where there is none.

    An empty or relative folder in PATH stands for whatever folder a runbook lies in, with the programs that its
    authors put there.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(name, path=os.pathsep.join(filter(os.path.isabs, folders)))
