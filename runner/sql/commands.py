"""The name of a statement's command, as PostgreSQL's reference titles it."""

from __future__ import annotations

import re

from runner.sql.tree import Fields, option

_OBJECTS = {
    "OBJECT_ATTRIBUTE": "TYPE",
    "OBJECT_DOMCONSTRAINT": "DOMAIN",
    "OBJECT_FDW": "FOREIGN DATA WRAPPER",
    "OBJECT_FOREIGN_SERVER": "SERVER",
    "OBJECT_LARGEOBJECT": "LARGE OBJECT",
    "OBJECT_MATVIEW": "MATERIALIZED VIEW",
    "OBJECT_OPCLASS": "OPERATOR CLASS",
    "OBJECT_OPFAMILY": "OPERATOR FAMILY",
    "OBJECT_STATISTIC_EXT": "STATISTICS",
    "OBJECT_TABCONSTRAINT": "TABLE",
    "OBJECT_TSCONFIGURATION": "TEXT SEARCH CONFIGURATION",
    "OBJECT_TSDICTIONARY": "TEXT SEARCH DICTIONARY",
    "OBJECT_TSPARSER": "TEXT SEARCH PARSER",
    "OBJECT_TSTEMPLATE": "TEXT SEARCH TEMPLATE",
}
_FIXED = {
    "AlterCollationStmt": "ALTER COLLATION",
    "AlterDatabaseRefreshCollStmt": "ALTER DATABASE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "AlterDatabaseStmt": "ALTER DATABASE",
    "AlterDefaultPrivilegesStmt": "ALTER DEFAULT PRIVILEGES",
    "AlterEnumStmt": "ALTER TYPE",
    "AlterEventTrigStmt": "ALTER EVENT TRIGGER",
    "AlterExtensionContentsStmt": "ALTER EXTENSION",
    "AlterFdwStmt": "ALTER FOREIGN DATA WRAPPER",
    "AlterForeignServerStmt": "ALTER SERVER",
    "AlterOpFamilyStmt": "ALTER OPERATOR FAMILY",
    "AlterRoleSetStmt": "ALTER ROLE",
    "AlterSeqStmt": "ALTER SEQUENCE",
    "AlterStatsStmt": "ALTER STATISTICS",
    "AlterSystemStmt": "ALTER SYSTEM",
    "AlterTSConfigurationStmt": "ALTER TEXT SEARCH CONFIGURATION",
    "AlterTSDictionaryStmt": "ALTER TEXT SEARCH DICTIONARY",
    "AlterTableSpaceOptionsStmt": "ALTER TABLESPACE",
    "CheckPointStmt": "CHECKPOINT",
    "ClosePortalStmt": "CLOSE",
    "CompositeTypeStmt": "CREATE TYPE",
    "ConstraintsSetStmt": "SET CONSTRAINTS",
    "CreateAmStmt": "CREATE ACCESS METHOD",
    "CreateEnumStmt": "CREATE TYPE",
    "CreateEventTrigStmt": "CREATE EVENT TRIGGER",
    "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER",
    "CreateForeignServerStmt": "CREATE SERVER",
    "CreateOpClassStmt": "CREATE OPERATOR CLASS",
    "CreateOpFamilyStmt": "CREATE OPERATOR FAMILY",
    "CreateRangeStmt": "CREATE TYPE",
    "CreateSeqStmt": "CREATE SEQUENCE",
    "CreateStatsStmt": "CREATE STATISTICS",
    "CreateStmt": "CREATE TABLE",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "CreatedbStmt": "CREATE DATABASE",
    "DeclareCursorStmt": "DECLARE",
    "DropTableSpaceStmt": "DROP TABLESPACE",
    "DropdbStmt": "DROP DATABASE",
    "RuleStmt": "CREATE RULE",
    "SecLabelStmt": "SECURITY LABEL",
    "VariableShowStmt": "SHOW",
}
_TRANSACTION = {
    "PREPARE": "PREPARE TRANSACTION",
    "RELEASE": "RELEASE SAVEPOINT",
    "ROLLBACK_TO": "ROLLBACK TO SAVEPOINT",
    "START": "START TRANSACTION",
}
_WORD = re.compile(r"[A-Z][a-z]*")


def command(kind: str, fields: Fields) -> str:
    """The command of a statement node, e.g. `DELETE` or `CREATE INDEX CONCURRENTLY`."""
    return _FIXED.get(kind) or _by_fields(kind, fields) or " ".join(_WORD.findall(kind)[:-1]).upper()


def object_type(name: str) -> str:
    """The words for an ObjectType of the grammar, e.g. `MATERIALIZED VIEW`."""
    return _OBJECTS.get(name) or name.removeprefix("OBJECT_").replace("_", " ")


def _by_fields(kind: str, fields: Fields) -> str:  # noqa: C901, PLR0911, PLR0912 - one case a command
    match kind:
        case "SelectStmt":
            return "SELECT INTO" if "intoClause" in fields else "VALUES" if "valuesLists" in fields else "SELECT"
        case "IndexStmt":
            return _concurrently("CREATE INDEX", fields.get("concurrent"))
        case "DropStmt":
            return _concurrently("DROP " + object_type(fields["removeType"]), fields.get("concurrent"))
        case "ReindexStmt":
            return _concurrently("REINDEX", option(fields, "concurrently", among="params"))
        case "RefreshMatViewStmt":
            return _concurrently("REFRESH MATERIALIZED VIEW", fields.get("concurrent"))
        case "ViewStmt":
            return _create("VIEW", fields)
        case "CreateFunctionStmt":
            return _create("PROCEDURE" if fields.get("is_procedure") else "FUNCTION", fields)
        case "CreateTrigStmt":
            return _create("TRIGGER", fields)
        case "CreatePLangStmt":
            return _create("LANGUAGE", fields)
        case "CreateTransformStmt":
            return _create("TRANSFORM", fields)
        case "DefineStmt":
            return _create(object_type(fields["kind"]), fields)
        case "CreateTableAsStmt":
            return "CREATE TABLE AS" if fields["objtype"] == "OBJECT_TABLE" else "CREATE MATERIALIZED VIEW"
        case "CreateRoleStmt":
            return "CREATE " + str(fields["stmt_type"]).removeprefix("ROLESTMT_")
        case "AlterTableStmt" | "AlterTypeStmt" | "AlterTableMoveAllStmt" | "AlterFunctionStmt":
            return "ALTER " + object_type(fields.get("objtype", "OBJECT_TYPE"))
        case "AlterOwnerStmt" | "AlterObjectSchemaStmt" | "AlterObjectDependsStmt":
            return "ALTER " + object_type(fields["objectType"])
        case "RenameStmt":
            owner = {"OBJECT_COLUMN", "OBJECT_ATTRIBUTE"}
            renamed = fields["relationType"] if fields["renameType"] in owner else fields["renameType"]
            return "ALTER " + object_type(renamed)
        case "GrantStmt" | "GrantRoleStmt":
            return "GRANT" if fields.get("is_grant") else "REVOKE"
        case "VacuumStmt" if not fields.get("is_vacuumcmd"):
            return "ANALYZE"
        case "VacuumStmt" if option(fields, "full"):
            return "VACUUM FULL"
        case "FetchStmt" if fields.get("ismove"):
            return "MOVE"
        case "CopyStmt":
            return "COPY FROM" if fields.get("is_from") else "COPY TO"
        case "VariableSetStmt":
            return "RESET" if fields["kind"].startswith("VAR_RESET") else "SET"
        case "TransactionStmt":
            action = str(fields["kind"]).removeprefix("TRANS_STMT_")
            return _TRANSACTION.get(action) or action.replace("_", " ")
    return ""


def _create(what: str, fields: Fields) -> str:
    return ("CREATE OR REPLACE " if fields.get("replace") else "CREATE ") + what


def _concurrently(name: str, concurrent: object) -> str:
    return name + " CONCURRENTLY" if concurrent else name
