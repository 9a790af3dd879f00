"""One file per step kind: its effect."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable

from runner.steps.base import Perform


@functools.cache
def _load(module: str) -> Perform:
    perform: Perform = importlib.import_module(f"runner.steps.{module}").perform
    return perform


EFFECTS: dict[str, Callable[[], Perform]] = {
    kind: functools.partial(_load, kind)
    for kind in ("manual", "ask", "check", "wait", "sql", "command", "backup", "restore", "sequences")
}
"""Step kind → loader of its effect; a kind that is missing here cannot run yet, and a run says so when it opens."""
