"""Why a statement is destructive: what it removes, overwrites, takes away or hides. One table, closed by default.

A kind of statement that is in neither table is destructive, because nobody judged it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.sql.alter_table import alter_table_harm
from runner.sql.commands import command, object_type
from runner.sql.settings import setting_danger
from runner.sql.tree import Fields, kinds, option, option_names, relation_name

_HARMLESS = kinds(
    "{}Stmt",
    """
    AlterCollation AlterDatabaseRefreshColl AlterObjectDepends AlterStats AlterTableMoveAll AlterTableSpaceOptions
    CheckPoint ClosePortal Cluster Comment CompositeType ConstraintsSet CreateAm CreateConversion CreateDomain
    CreateEnum CreateFdw CreateForeignServer CreateForeignTable CreateOpClass CreateOpFamily CreatePolicy
    CreatePublication CreateRange CreateRole CreateSchema CreateSeq CreateStats Create CreateTableAs
    CreateTableSpace CreateUserMapping Createdb Deallocate DeclareCursor Explain Fetch ImportForeignSchema Index
    Listen Lock Notify Prepare RefreshMatView Reindex Select Unlisten Vacuum VariableShow
    """,
)
_REPLACING = kinds("{}Stmt", "CreateFunction CreatePLang CreateTransform CreateTrig Define View")
_ALWAYS = {
    "AlterDatabaseSetStmt": "changes a setting of later sessions",
    "AlterDatabaseStmt": "changes how a database may be used",
    "AlterExtensionContentsStmt": "changes what belongs to an extension",
    "AlterExtensionStmt": "runs the extension's update script, which is not seen here",
    "AlterFdwStmt": "changes where foreign rows come from",
    "AlterForeignServerStmt": "changes where foreign rows come from",
    "AlterFunctionStmt": "changes how existing code runs",
    "AlterObjectSchemaStmt": "moves an object, so that queries no longer find it",
    "AlterOperatorStmt": "changes how existing queries run",
    "AlterOwnerStmt": "takes an object away from its owner",
    "AlterPolicyStmt": "changes who sees and writes rows",
    "AlterRoleSetStmt": "changes a setting of later sessions",
    "AlterSystemStmt": "changes a setting of the whole cluster",
    "AlterTSConfigurationStmt": "changes what text search finds",
    "AlterTSDictionaryStmt": "changes what text search finds",
    "AlterTypeStmt": "changes how existing values are handled",
    "AlterUserMappingStmt": "changes the login to a foreign server",
    "CallStmt": "runs code that is not seen here",
    "CreateEventTrigStmt": "runs code on the commands of all sessions",
    "CreateExtensionStmt": "runs the extension's script, which is not seen here",
    "CreateSubscriptionStmt": "lets another server write and delete rows here",
    "DeleteStmt": "removes rows",
    "DoStmt": "runs code that is not seen here",
    "DropOwnedStmt": "removes everything that a role owns and may do",
    "DropRoleStmt": "removes a role",
    "DropSubscriptionStmt": "removes a subscription and its slot",
    "DropTableSpaceStmt": "removes a tablespace",
    "DropUserMappingStmt": "removes the login to a foreign server",
    "DropdbStmt": "removes a database",
    "ExecuteStmt": "runs a prepared statement that is not seen here",
    "LoadStmt": "loads code that is not seen here",
    "MergeStmt": "may change and remove rows",
    "ReassignOwnedStmt": "takes everything away from its owner",
    "RenameStmt": "renames, so that queries no longer find the old name",
    "RuleStmt": "rewrites the statements of all sessions",
    "SecLabelStmt": "changes what a security provider allows",
    "TruncateStmt": "removes all rows",
    "UpdateStmt": "overwrites values",
}
OPAQUE = frozenset({"CallStmt", "DoStmt", "ExecuteStmt", "LoadStmt"})
_JUMPS = frozenset({"restart", "increment", "cycle"})
_DOMAIN_HARM = {"T": "changes a default", "X": "removes a constraint"}


def harm(kind: str, fields: Fields) -> Iterator[str]:
    """The reasons, as sentences, for which this one statement node is destructive."""
    if kind in _HARMLESS:
        return
    what = "".join(_judge(kind, fields)) if kind in _JUDGES else _ALWAYS.get(kind, _unjudged(kind, fields))
    if what:
        target = fields.get("relation", {})
        where = f" ({relation_name(target)})" if "relname" in target else ""
        yield f"{command(kind, fields)} {what}{where}"


def _unjudged(kind: str, fields: Fields) -> str:
    if kind in _REPLACING:
        return "replaces an existing definition" if fields.get("replace") else ""
    return "is not known to this program"


def _judge(kind: str, fields: Fields) -> Iterator[str]:
    yield ", ".join(_JUDGES[kind](fields))


def _insert(fields: Fields) -> Iterator[str]:
    if fields.get("onConflictClause", {}).get("action") == "ONCONFLICT_UPDATE":
        yield "ON CONFLICT DO UPDATE overwrites rows"


def _drop(fields: Fields) -> Iterator[str]:
    further = " and all that depends on it" if fields["behavior"] == "DROP_CASCADE" else ""
    yield f"removes a {object_type(fields['removeType']).lower()}{further}"


def _copy(fields: Fields) -> Iterator[str]:
    if fields.get("is_program"):
        yield "runs a program on the server"
    if fields.get("is_from"):
        yield "loads rows in bulk"
    elif "filename" in fields and not fields.get("is_program"):
        yield "writes a file on the server"


def _sequence(fields: Fields) -> Iterator[str]:
    if jumps := option_names(fields) & _JUMPS:
        yield f"changes which numbers come next ({', '.join(sorted(jumps))})"


def _revoke(fields: Fields) -> Iterator[str]:
    if not fields.get("action", fields).get("is_grant"):
        yield "takes rights away"


def _role(fields: Fields) -> Iterator[str]:
    adds_members = option_names(fields) == {"rolemembers"} and fields.get("action") == 1
    if not adds_members:
        yield "changes the login or the rights of a role"


def _setting(fields: Fields) -> Iterator[str]:
    if fields["kind"] == "VAR_SET_VALUE" and (danger := setting_danger(fields["name"])):
        yield f"{fields['name']} {danger}"


def _transaction(fields: Fields) -> Iterator[str]:
    if fields["kind"].endswith("_PREPARED"):
        yield "settles a transaction that is not seen here"


def _discard(fields: Fields) -> Iterator[str]:
    if fields["target"] in {"DISCARD_ALL", "DISCARD_TEMP"}:
        yield "removes temporary tables" + (" and gives up locks" if fields["target"] == "DISCARD_ALL" else "")


def _enum(fields: Fields) -> Iterator[str]:
    if "oldVal" in fields:
        yield "renames a value that rows hold"


def _event_trigger(fields: Fields) -> Iterator[str]:
    if fields["tgenabled"] in {"D", "R"}:
        yield "switches an event trigger off"


def _domain(fields: Fields) -> Iterator[str]:
    if what := _DOMAIN_HARM.get(fields["subtype"]):
        yield what


def _cast(fields: Fields) -> Iterator[str]:
    if fields["context"] != "COERCION_EXPLICIT":
        yield "changes how existing queries resolve"


def _op_family(fields: Fields) -> Iterator[str]:
    if fields.get("isDrop"):
        yield "removes members that indexes may need"


def _publication(fields: Fields) -> Iterator[str]:
    if fields["action"] != "AP_AddObjects" or "options" in fields:
        yield "changes what subscribers receive"


def _subscription(fields: Fields) -> Iterator[str]:
    enables = fields["kind"] == "ALTER_SUBSCRIPTION_ENABLED" and option(fields, "enabled")
    if not enables:
        yield "changes what another server writes here"


_JUDGES: dict[str, Callable[[Fields], Iterator[str]]] = {
    "AlterDefaultPrivilegesStmt": _revoke,
    "AlterDomainStmt": _domain,
    "AlterEnumStmt": _enum,
    "AlterEventTrigStmt": _event_trigger,
    "AlterOpFamilyStmt": _op_family,
    "AlterPublicationStmt": _publication,
    "AlterRoleStmt": _role,
    "AlterSeqStmt": _sequence,
    "AlterSubscriptionStmt": _subscription,
    "AlterTableStmt": alter_table_harm,
    "CopyStmt": _copy,
    "CreateCastStmt": _cast,
    "DiscardStmt": _discard,
    "DropStmt": _drop,
    "GrantRoleStmt": _revoke,
    "GrantStmt": _revoke,
    "InsertStmt": _insert,
    "TransactionStmt": _transaction,
    "VariableSetStmt": _setting,
}
