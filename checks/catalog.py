"""The catalogue: every check that comes with the program, imported by name, never found by scanning."""

from __future__ import annotations

import difflib
from typing import Any

from checks import (
    active_sessions,
    affected_rows,
    backup_age,
    backup_complete,
    backup_readable,
    cascade_reach,
    child_without_key,
    command,
    connection_headroom,
    direct_connection,
    disabled_triggers,
    disk_headroom,
    duplicate_keys_in_tree,
    extension_versions,
    foreign_default,
    hidden_nextval,
    identity_inheritance,
    idle_in_transaction,
    inheritance_topology,
    invalid_indexes,
    lock_conflicts,
    logical_replication_sequences,
    long_transactions,
    orphan_rows,
    prepared_transactions,
    primary,
    privileges,
    quiet,
    replication_lag,
    replication_slots,
    restore_overwrite,
    row_count,
    schema_drift,
    sequence_cache,
    sequence_drift,
    sequence_exhaustion,
    settings,
    shared_sequence,
    sql,
    target_identity,
    time_window,
    unvalidated_constraints,
    vacuum_progress,
    version,
    wal_archiving,
    wraparound,
)
from checks.base import REGISTRY, Check
from checks.describe import CheckSpec, describe

MODULES = (
    active_sessions,
    affected_rows,
    backup_age,
    backup_complete,
    backup_readable,
    cascade_reach,
    child_without_key,
    command,
    connection_headroom,
    direct_connection,
    disabled_triggers,
    disk_headroom,
    duplicate_keys_in_tree,
    extension_versions,
    foreign_default,
    hidden_nextval,
    identity_inheritance,
    idle_in_transaction,
    inheritance_topology,
    invalid_indexes,
    lock_conflicts,
    logical_replication_sequences,
    long_transactions,
    orphan_rows,
    prepared_transactions,
    primary,
    privileges,
    quiet,
    replication_lag,
    replication_slots,
    restore_overwrite,
    row_count,
    schema_drift,
    sequence_cache,
    sequence_drift,
    sequence_exhaustion,
    settings,
    shared_sequence,
    sql,
    target_identity,
    time_window,
    unvalidated_constraints,
    vacuum_progress,
    version,
    wal_archiving,
    wraparound,
)
"""One line a check."""

_SPECS: dict[type[Check[Any]], CheckSpec] = {}


class UnknownCheckError(LookupError):
    """No check has this id."""

    def __init__(self, check_id: str, near: str | None) -> None:
        super().__init__(f"There is no check {check_id!r}" + (f"; did you mean {near}?" if near else "."))
        self.near = near


def get(check_id: str) -> CheckSpec:
    """Find one check. Raises UnknownCheckError, which names the nearest spelling."""
    found = REGISTRY.get(check_id)
    if found is None:
        near = difflib.get_close_matches(check_id, REGISTRY, n=1)
        raise UnknownCheckError(check_id, near[0] if near else None)
    if found not in _SPECS:
        _SPECS[found] = describe(found)
    return _SPECS[found]


def all() -> tuple[CheckSpec, ...]:  # noqa: A001 - reads as catalog.all()
    """Every check, by group and id."""
    return tuple(sorted((get(check_id) for check_id in REGISTRY), key=lambda spec: (spec.group, spec.id)))
