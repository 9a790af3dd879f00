"""The catalogue: every check that comes with the program, by name; never found by scanning, imported when asked for."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

from checks.base import REGISTRY, Check
from checks.describe import CheckSpec, describe

BUILT_IN = (
    "active-sessions",
    "affected-rows",
    "backup-age",
    "backup-complete",
    "backup-readable",
    "cascade-reach",
    "child-without-key",
    "command",
    "connection-headroom",
    "direct-connection",
    "disabled-triggers",
    "disk-headroom",
    "duplicate-keys-in-tree",
    "extension-versions",
    "foreign-default",
    "hidden-nextval",
    "identity-inheritance",
    "idle-in-transaction",
    "inheritance-topology",
    "invalid-indexes",
    "lock-conflicts",
    "logical-replication-sequences",
    "long-transactions",
    "orphan-rows",
    "prepared-transactions",
    "primary",
    "privileges",
    "quiet",
    "replication-lag",
    "replication-slots",
    "restore-overwrite",
    "row-count",
    "schema-drift",
    "sequence-cache",
    "sequence-drift",
    "sequence-exhaustion",
    "settings",
    "shared-sequence",
    "sql",
    "target-identity",
    "time-window",
    "unvalidated-constraints",
    "vacuum-progress",
    "version",
    "wal-archiving",
    "wraparound",
)
"""One line a check: ``lock-conflicts`` is declared in ``checks/lock_conflicts.py``."""

_SPECS: dict[type[Check[Any]], CheckSpec] = {}


class UnknownCheckError(LookupError):
    """No check has this id."""

    def __init__(self, check_id: str, near: str | None) -> None:
        super().__init__(f"There is no check {check_id!r}" + (f"; did you mean {near}?" if near else "."))
        self.near = near


def get(check_id: str) -> CheckSpec:
    """Find one check. Raises UnknownCheckError, which names the nearest spelling."""
    found = _built_in(check_id) if check_id in BUILT_IN else REGISTRY.get(check_id)
    if found is None:
        near = difflib.get_close_matches(check_id, _ids(), n=1)
        raise UnknownCheckError(check_id, near[0] if near else None)
    if found not in _SPECS:
        _SPECS[found] = describe(found)
    return _SPECS[found]


def all() -> tuple[CheckSpec, ...]:  # noqa: A001 - reads as catalog.all()
    """Every check, by group and id."""
    return tuple(sorted((get(check_id) for check_id in _ids()), key=lambda spec: (spec.group, spec.id)))


def _ids() -> set[str]:
    return {*BUILT_IN, *REGISTRY}


def _built_in(check_id: str) -> type[Check[Any]]:
    """Take a check from its own module, whatever else declares its name."""
    module = importlib.import_module(f"checks.{check_id.replace('-', '_')}")
    (found,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Check) and each.__module__ == module.__name__
    )
    return found
