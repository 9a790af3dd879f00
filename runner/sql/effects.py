"""What PostgreSQL's built-in functions do beyond computing a value.

The built-ins without such an effect are listed in builtins.txt, taken from pg_proc and pg_type of PostgreSQL
14 to 18; a function that stands neither there nor here is code that nobody looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runner.sql.settings import setting_danger
from runner.sql.tree import Fields, dotted, names


@dataclass(frozen=True, slots=True)
class Effect:
    """What calling a function does; all empty for one that only computes or looks."""

    destroys: str = ""
    survives: str = ""
    acts: str = ""
    """Why it is more than looking, when it neither destroys nor survives."""
    opaque: bool = False


_QUIET = Effect()
_UNKNOWN = Effect(
    destroys="is not a known harmless built-in", survives="may do what a ROLLBACK does not undo", opaque=True
)


def _effects() -> Iterator[tuple[str, Effect]]:
    def each(listed: str, *, destroys: str = "", survives: str = "", acts: str = "") -> Iterator[tuple[str, Effect]]:
        for name in listed.split():
            yield name, Effect(destroys=destroys, survives=survives, acts=acts)

    outside = "acts outside the transaction"
    slots = "changes a replication slot at once"
    yield from each("setval", destroys="moves a sequence", survives="moves a sequence at once")
    yield from each("nextval", survives="uses up a number of a sequence")
    yield from each(
        "pg_terminate_backend pg_cancel_backend", destroys="ends the work of another session", survives=outside
    )
    yield from each("pg_reload_conf", destroys="puts edited settings into force", survives=outside)
    yield from each("pg_promote", destroys="turns a standby into a primary", survives=outside)
    yield from each(
        "pg_rotate_logfile pg_rotate_logfile_old pg_switch_wal pg_create_restore_point pg_log_standby_snapshot"
        " pg_log_backend_memory_contexts pg_logical_emit_message pg_backup_start pg_backup_stop pg_start_backup"
        " pg_stop_backup pg_wal_replay_pause pg_wal_replay_resume pg_sync_replication_slots",
        survives=outside,
    )
    yield from each(
        "pg_drop_replication_slot pg_replication_slot_advance pg_logical_slot_get_changes"
        " pg_logical_slot_get_binary_changes",
        destroys="gives up changes that a replication slot keeps",
        survives=slots,
    )
    yield from each(
        "pg_create_physical_replication_slot pg_create_logical_replication_slot pg_copy_physical_replication_slot"
        " pg_copy_logical_replication_slot",
        survives=slots,
    )
    yield from each("pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes", acts="takes a replication slot")
    yield from each(
        "pg_replication_origin_advance pg_replication_origin_drop pg_replication_origin_session_setup"
        " pg_replication_origin_session_reset pg_replication_origin_xact_setup pg_replication_origin_xact_reset",
        destroys="changes what replication takes for applied",
        survives="changes replication progress at once",
    )
    yield from each("pg_replication_origin_create", survives="creates a replication origin")
    yield from each(
        "pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared"
        " pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru"
        " pg_stat_reset_subscription_stats",
        destroys="discards collected statistics",
        survives="discards collected statistics at once",
    )
    yield from each(
        "pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats pg_restore_relation_stats",
        destroys="replaces the planner's statistics",
        survives="may replace the planner's statistics at once",
    )
    yield from each("lo_export", destroys="writes a file on the server", survives="writes a file on the server")
    yield from each("lo_unlink lo_put lowrite lo_truncate lo_truncate64", destroys="changes or removes a large object")
    yield from each("lo_import lo_creat lo_create lo_from_bytea", acts="creates a large object")
    yield from each("pg_notify", acts="sends a notification")
    yield from each("pg_import_system_collations", acts="creates collations")
    yield from each(
        "brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list",
        acts="works on an index",
    )
    yield from each(
        "pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared",
        survives="takes a lock that the session keeps",
    )
    yield from each(
        "pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all",
        destroys="gives up locks that this program may rely on",
        survives="gives up locks at once",
    )
    yield from each(
        "pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared",
        acts="takes a lock",
    )
    yield from each(
        "pg_nextoid pg_stop_making_pinned_objects pg_extension_config_dump",
        destroys="is internal to PostgreSQL's own tools",
        survives="is internal to PostgreSQL's own tools",
    )


_OPAQUE_PREFIXES = ("binary_upgrade_", "cursor_to_xml", "query_to_xml")
_OPAQUE_NAMES = frozenset({"ts_rewrite", "ts_stat"})
"""Built-ins that run a query given as text."""
_BUILTINS_SAMPLE_METHODS = frozenset({"bernoulli", "system"})


@cache
def known_effects() -> dict[str, Effect]:
    """The built-ins that do something, by name."""
    return dict(_effects())


@cache
def quiet_builtins() -> frozenset[str]:
    """The names of the built-in functions that only compute or look."""
    text = Path(__file__).with_name("builtins.txt").read_text("ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def runs_text(name: str) -> bool:
    """Whether a built-in runs code that it is given, so that its name alone says nothing."""
    return name in _OPAQUE_NAMES or name.startswith(_OPAQUE_PREFIXES)


def call_effect(call: Fields, harmless: frozenset[str]) -> tuple[str, Effect]:
    """The name and the effect of a FuncCall node."""
    parts = names(call["funcname"])
    return dotted(parts), named_effect(parts, harmless, call.get("args", []))


def named_effect(parts: tuple[str, ...], harmless: frozenset[str], arguments: list[Fields]) -> Effect:
    """The effect of a function by its qualified name; harmless holds names as they are written in calls."""
    if dotted(parts) in harmless:
        return _QUIET
    *schema, name = parts
    if schema in ([], ["pg_catalog"]):
        if name == "set_config":
            return _set_config(arguments)
        if effect := known_effects().get(name):
            return effect
        if name in quiet_builtins():
            return _QUIET
    if name.startswith("dblink"):
        reach = "acts in another session, which a ROLLBACK does not reach"
        return Effect(destroys=reach, survives=reach, opaque=True)
    return _UNKNOWN


def attribute_effect(name: str) -> Effect:
    """The effect of `(value).name`, which PostgreSQL also reads as the call name(value)."""
    return _UNKNOWN if runs_text(name) else known_effects().get(name, _QUIET)


def sample_effect(parts: tuple[str, ...], harmless: frozenset[str]) -> Effect:
    """The effect of a TABLESAMPLE method, which is a function too."""
    return _QUIET if parts[-1] in _BUILTINS_SAMPLE_METHODS else named_effect(parts, harmless, [])


def _set_config(arguments: list[Fields]) -> Effect:
    match arguments:
        case [{"A_Const": {"sval": {"sval": str(name)}}}, *_]:
            return Effect(destroys=setting_danger(name), acts="changes a setting")
        case _:
            return Effect(destroys="changes a setting whose name is not in the text", acts="changes a setting")
