"""Which statements PostgreSQL refuses inside a transaction block, and which need one."""

from __future__ import annotations

from typing import Literal

from runner.sql.tree import Fields, option, option_names

Transaction = Literal["any", "forbidden", "required", "control"]
"""any · forbidden: SQLSTATE 25001 in a block · required: an error or no effect outside one · control: opens or
ends a block, which is this program's work."""

_FORBIDDEN = frozenset(
    {
        "AlterSystemStmt",
        "CreateTableSpaceStmt",
        "CreatedbStmt",
        "DropSubscriptionStmt",
        "DropTableSpaceStmt",
        "DropdbStmt",
    }
)
_WHOLE = frozenset({"REINDEX_OBJECT_DATABASE", "REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM"})
_IN_BLOCK = frozenset({"SAVEPOINT", "RELEASE", "ROLLBACK_TO"})
_PREPARED = frozenset({"COMMIT_PREPARED", "ROLLBACK_PREPARED"})
_PUBLICATION_CHANGES = frozenset({"SET_PUBLICATION", "ADD_PUBLICATION", "DROP_PUBLICATION"})
_CURSOR_OPT_HOLD = 0x20


def transaction_of(kind: str, fields: Fields) -> Transaction:
    """What the statement demands of its surroundings, as far as its text tells.

    What only the server knows stays "any": REINDEX of a partitioned table, DROP SUBSCRIPTION without a slot
    (called forbidden, which is right for both), a procedure that commits.
    """
    if kind == "TransactionStmt":
        return _control(fields["kind"].removeprefix("TRANS_STMT_"))
    judges = (_concurrent, _whole_database, _replication)
    if kind in _FORBIDDEN or any(judge(kind, fields) for judge in judges):
        return "forbidden"
    return "required" if _needs_block(kind, fields) else "any"


def _needs_block(kind: str, fields: Fields) -> bool:
    match kind:
        case "LockStmt" | "ConstraintsSetStmt":
            return True
        case "DeclareCursorStmt":
            return not fields.get("options", 0) & _CURSOR_OPT_HOLD
        case "VariableSetStmt":
            return bool(fields.get("is_local")) or fields.get("name") == "TRANSACTION"
    return False


def _concurrent(kind: str, fields: Fields) -> bool:
    match kind:
        case "IndexStmt" | "DropStmt":
            return bool(fields.get("concurrent"))
        case "ReindexStmt":
            return option(fields, "concurrently", among="params")
        case "AlterTableStmt":
            commands = [each["AlterTableCmd"] for each in fields["cmds"]]
            return any(each.get("def", {}).get("PartitionCmd", {}).get("concurrent") for each in commands)
    return False


def _whole_database(kind: str, fields: Fields) -> bool:
    match kind:
        case "VacuumStmt":
            return bool(fields.get("is_vacuumcmd"))
        case "ClusterStmt":
            return "relation" not in fields
        case "ReindexStmt":
            return fields["kind"] in _WHOLE
        case "AlterDatabaseStmt":
            return "tablespace" in option_names(fields)
        case "DiscardStmt":
            return bool(fields["target"] == "DISCARD_ALL")
    return False


def _control(kind: str) -> Transaction:
    if kind in _PREPARED:
        return "forbidden"
    return "required" if kind in _IN_BLOCK else "control"


def _replication(kind: str, fields: Fields) -> bool:
    if kind == "CreateSubscriptionStmt":
        return option(fields, "create_slot", default=option(fields, "connect", default=True))
    if kind != "AlterSubscriptionStmt":
        return False
    change = fields["kind"].removeprefix("ALTER_SUBSCRIPTION_")
    if change == "REFRESH":
        return option(fields, "copy_data", default=True)
    return change in _PUBLICATION_CHANGES and option(fields, "refresh", default=True)
