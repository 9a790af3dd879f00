"""Checks of other distributions: found by entry point, and used only where shisa.yaml names them.

A distribution announces ``ID = "module"`` in the group ``shisa.checks``. Nothing of it is imported before somebody
names the id; the checks that come with the program cannot be replaced.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Any

from checks.base import REGISTRY, Check
from checks.catalog import BUILT_IN
from checks.describe import describe

GROUP = "shisa.checks"


class PluginError(Exception):
    """A check that shisa.yaml names and that cannot be used; ``id`` is its name there."""

    def __init__(self, check_id: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.id = check_id
        self.message = message
        self.hint = hint


@dataclasses.dataclass(frozen=True, slots=True)
class Plugin:
    """Where a check comes from."""

    id: str
    distribution: str
    version: str


_loaded: dict[str, tuple[Plugin, type[Check[Any]]]] = {}


def use(ids: Sequence[str]) -> tuple[Plugin, ...]:
    """Put exactly these checks beside the built-in ones; those of an earlier call are taken away.

    Raises PluginError, and then none are there.
    """
    for check_id in _loaded:
        REGISTRY.pop(check_id, None)
    found = [_load(check_id) for check_id in dict.fromkeys(ids)]
    REGISTRY.update({plugin.id: cls for plugin, cls in found})
    return tuple(plugin for plugin, _ in found)


def used() -> tuple[Plugin, ...]:
    """Tell which checks of other distributions are in use."""
    return tuple(plugin for check_id, (plugin, _) in _loaded.items() if check_id in REGISTRY)


def _load(check_id: str) -> tuple[Plugin, type[Check[Any]]]:
    if check_id not in _loaded:
        entry = _announced(check_id)
        if entry.dist is None:
            raise AssertionError
        _loaded[check_id] = (Plugin(check_id, entry.dist.name, entry.dist.version), _imported(entry))
    return _loaded[check_id]


def _announced(check_id: str) -> metadata.EntryPoint:
    if check_id in BUILT_IN:
        hint = "Take it out of `checks:`; built-in checks need no naming there, and cannot be replaced."
        raise PluginError(check_id, f"the check {check_id} is built in", hint)
    known = metadata.entry_points(group=GROUP)
    found = {(each.dist.name, each.value): each for each in known if each.name == check_id and each.dist is not None}
    if not found:
        raise PluginError(check_id, f"no installed distribution has the check {check_id}", _nearest(check_id, known))
    if len(found) > 1:
        names = " and ".join(sorted(name for name, _ in found))
        raise PluginError(check_id, f"the check {check_id} is in {names}", "Uninstall one of them.")
    return next(iter(found.values()))


def _nearest(check_id: str, known: Iterable[metadata.EntryPoint]) -> str:
    near = difflib.get_close_matches(check_id, {each.name for each in known}, n=1)
    install = "Install the distribution into the same environment as shisa (`pipx inject shisa NAME`)."
    return f"Did you mean {near[0]!r}?" if near else install


def _imported(entry: metadata.EntryPoint) -> type[Check[Any]]:
    """Import a check. What its module declares besides waits for its own name in shisa.yaml."""
    before = dict(REGISTRY)
    source = "" if entry.dist is None else f" of {entry.dist.name} {entry.dist.version}"
    try:
        entry.load()
        _waiting.update({name: cls for name, cls in REGISTRY.items() if before.get(name) is not cls})
        cls = _waiting.get(entry.name)
        if cls is None:
            message = f"{entry.value} declares no check of this id"
            raise LookupError(message)  # noqa: TRY301 - worded below, as every other defect
        describe(cls)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        message = f"the check {entry.name}{source} cannot be loaded: {reason}"
        raise PluginError(entry.name, message, "Tell its makers, or take it out of `checks:`.") from error
    finally:
        REGISTRY.clear()
        REGISTRY.update(before)
    return cls


_waiting: dict[str, type[Check[Any]]] = {}
"""What modules have declared, by id; a module is imported only once."""
