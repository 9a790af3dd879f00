"""A program that tells people: what there is to tell comes as JSON on its standard input."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Any

from runner.config.model import Loaded

_SECONDS = 20.0
"""How long the command may take; people are waiting."""
_LONGEST = 200
"""Characters of what it says that are kept."""


def send(config: Loaded, message: Mapping[str, Any]) -> str | None:
    """Call the program; says why people could not be told, None where it ended well.

    The program runs in the folder of shisa.yaml without a shell, and its whole process group ends with its time.
    """
    argv = config.config.notify.command
    with tempfile.TemporaryFile() as errors:
        try:
            child = subprocess.Popen(
                argv,
                cwd=config.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            return f"{argv[0]} cannot be run: {error.strerror or error}"
        try:
            child.communicate(json.dumps(message).encode(), timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            return f"{argv[0]} did not end within {_SECONDS:.0f} s"
        finally:
            with contextlib.suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        errors.seek(0)
        lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    if child.returncode == 0:
        return None
    return f"{argv[0]} ended with {child.returncode}: {(lines or ['it said nothing'])[-1][:_LONGEST]}"
