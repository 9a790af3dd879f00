"""The strongest lock that a statement takes on the existing relations it names, and on their indexes.

Source: "Explicit Locking" and the pages of the commands in PostgreSQL's documentation; the tests ask a server.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.sql.tree import Fields, kinds, option

UNKNOWN = "unknown"
ACCESS_EXCLUSIVE = "AccessExclusiveLock"
SHARE_ROW_EXCLUSIVE = "ShareRowExclusiveLock"
SHARE_UPDATE_EXCLUSIVE = "ShareUpdateExclusiveLock"
_MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    SHARE_UPDATE_EXCLUSIVE,
    "ShareLock",
    SHARE_ROW_EXCLUSIVE,
    "ExclusiveLock",
    ACCESS_EXCLUSIVE,
    UNKNOWN,
)
_FIXED = {
    "AlterDomainStmt": UNKNOWN,
    "AlterExtensionContentsStmt": UNKNOWN,
    "AlterExtensionStmt": UNKNOWN,
    "AlterPolicyStmt": ACCESS_EXCLUSIVE,
    "AlterPublicationStmt": SHARE_UPDATE_EXCLUSIVE,
    "AlterSeqStmt": SHARE_ROW_EXCLUSIVE,
    "AlterSubscriptionStmt": UNKNOWN,
    "AlterTableMoveAllStmt": ACCESS_EXCLUSIVE,
    "CallStmt": UNKNOWN,
    "ClusterStmt": ACCESS_EXCLUSIVE,
    "CreateExtensionStmt": UNKNOWN,
    "CreatePolicyStmt": ACCESS_EXCLUSIVE,
    "CreateStatsStmt": SHARE_UPDATE_EXCLUSIVE,
    "CreateSubscriptionStmt": UNKNOWN,
    "CreateTrigStmt": SHARE_ROW_EXCLUSIVE,
    "DeleteStmt": "RowExclusiveLock",
    "DoStmt": UNKNOWN,
    "DropOwnedStmt": UNKNOWN,
    "ExecuteStmt": UNKNOWN,
    "InsertStmt": "RowExclusiveLock",
    "LoadStmt": UNKNOWN,
    "LockingClause": "RowShareLock",
    "MergeStmt": "RowExclusiveLock",
    "ReassignOwnedStmt": UNKNOWN,
    "RuleStmt": ACCESS_EXCLUSIVE,
    "TruncateStmt": ACCESS_EXCLUSIVE,
    "UpdateStmt": "RowExclusiveLock",
}
_ON_RELATION = kinds(
    "OBJECT_{}", "TABLE INDEX VIEW MATVIEW SEQUENCE FOREIGN_TABLE TRIGGER RULE POLICY COLUMN TABCONSTRAINT"
)
_DESCRIBED = kinds("OBJECT_{}", "TABLE INDEX VIEW MATVIEW SEQUENCE FOREIGN_TABLE COLUMN")
_WEAK_SUBCOMMANDS = {
    "AT_ClusterOn": SHARE_UPDATE_EXCLUSIVE,
    "AT_DisableTrig": SHARE_ROW_EXCLUSIVE,
    "AT_DisableTrigAll": SHARE_ROW_EXCLUSIVE,
    "AT_DisableTrigUser": SHARE_ROW_EXCLUSIVE,
    "AT_DropCluster": SHARE_UPDATE_EXCLUSIVE,
    "AT_EnableAlwaysTrig": SHARE_ROW_EXCLUSIVE,
    "AT_EnableReplicaTrig": SHARE_ROW_EXCLUSIVE,
    "AT_EnableTrig": SHARE_ROW_EXCLUSIVE,
    "AT_EnableTrigAll": SHARE_ROW_EXCLUSIVE,
    "AT_EnableTrigUser": SHARE_ROW_EXCLUSIVE,
    "AT_ResetOptions": SHARE_UPDATE_EXCLUSIVE,
    "AT_SetOptions": SHARE_UPDATE_EXCLUSIVE,
    "AT_SetStatistics": SHARE_UPDATE_EXCLUSIVE,
    "AT_ValidateConstraint": SHARE_UPDATE_EXCLUSIVE,
}
_LIGHT_OPTIONS = (
    "autovacuum_",
    "fillfactor",
    "log_autovacuum_",
    "n_distinct",
    "parallel_workers",
    "toast_tuple_target",
    "vacuum_",
)


def strongest(modes: Iterable[str | None]) -> str | None:
    """The mode that blocks most; unknown wins over all, None stands for no lock."""
    return max((mode for mode in modes if mode), key=_MODES.index, default=None)


def lock_of(kind: str, fields: Fields) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one case a command
    """The lock that this one node asks for, None if it names no existing relation."""
    match kind:
        case "AlterTableStmt":
            return strongest(_subcommand(each["AlterTableCmd"]) for each in fields["cmds"])
        case "IndexStmt":
            return SHARE_UPDATE_EXCLUSIVE if fields.get("concurrent") else "ShareLock"
        case "DropStmt":
            return _drop(fields)
        case "LockStmt":
            return _MODES[fields["mode"] - 1]
        case "VacuumStmt":
            return ACCESS_EXCLUSIVE if option(fields, "full") else SHARE_UPDATE_EXCLUSIVE
        case "ReindexStmt":
            return SHARE_UPDATE_EXCLUSIVE if option(fields, "concurrently", among="params") else ACCESS_EXCLUSIVE
        case "RefreshMatViewStmt":
            return "ExclusiveLock" if fields.get("concurrent") else ACCESS_EXCLUSIVE
        case "CreateStmt":
            return _create_table(fields)
        case "Constraint" if "pktable" in fields:
            return SHARE_ROW_EXCLUSIVE
        case "ViewStmt":
            return ACCESS_EXCLUSIVE if fields.get("replace") else None
        case "RenameStmt" if fields.get("relation"):
            return SHARE_UPDATE_EXCLUSIVE if fields["renameType"] == "OBJECT_INDEX" else ACCESS_EXCLUSIVE
        case "AlterObjectSchemaStmt" if fields.get("relation"):
            return ACCESS_EXCLUSIVE
        case "CopyStmt":
            return "RowExclusiveLock" if fields.get("is_from") else None
        case "CommentStmt" | "SecLabelStmt":
            return SHARE_UPDATE_EXCLUSIVE if fields["objtype"] in _DESCRIBED else None
        case "GrantStmt":
            return "AccessShareLock" if any("RangeVar" in each for each in fields.get("objects", [])) else None
        case "CreatePublicationStmt":
            return SHARE_UPDATE_EXCLUSIVE if fields.get("pubobjects") else None
    return _FIXED.get(kind)


def _drop(fields: Fields) -> str | None:
    if fields["removeType"] in _ON_RELATION:
        return SHARE_UPDATE_EXCLUSIVE if fields.get("concurrent") else ACCESS_EXCLUSIVE
    reaches_further = fields["behavior"] == "DROP_CASCADE" or fields["removeType"] == "OBJECT_EXTENSION"
    return UNKNOWN if reaches_further else None


def _create_table(fields: Fields) -> str | None:
    if "partbound" in fields:
        return ACCESS_EXCLUSIVE
    return SHARE_UPDATE_EXCLUSIVE if "inhRelations" in fields else None


def _subcommand(command: Fields) -> str:
    subtype, definition = command["subtype"], command.get("def", {})
    if subtype in {"AT_SetRelOptions", "AT_ResetRelOptions"}:
        changed = [each["DefElem"]["defname"] for each in definition["List"]["items"]]
        light = all(name.startswith(_LIGHT_OPTIONS) for name in changed)
        return SHARE_UPDATE_EXCLUSIVE if light else ACCESS_EXCLUSIVE
    if subtype == "AT_AddConstraint" and definition["Constraint"]["contype"] == "CONSTR_FOREIGN":
        return SHARE_ROW_EXCLUSIVE
    return _WEAK_SUBCOMMANDS.get(subtype, ACCESS_EXCLUSIVE)
