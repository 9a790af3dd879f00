"""Which subcommands of ALTER TABLE (INDEX, VIEW, SEQUENCE …) are destructive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.sql.tree import Fields, kinds

_HARMLESS = kinds(
    "AT_{}",
    """
    AddColumn AddConstraint AddIdentity AlterConstraint AttachPartition ClusterOn DropCluster DropNotNull
    EnableAlwaysRule EnableAlwaysTrig EnableRule EnableTrig EnableTrigAll EnableTrigUser ResetOptions
    ResetRelOptions SetAccessMethod SetCompression SetLogged SetNotNull SetOptions SetRelOptions SetStatistics
    SetStorage SetTableSpace ValidateConstraint
    """,
)
_HARM = {
    "AT_AddInherit": "puts its rows into another table's tree",
    "AT_AlterColumnType": "rewrites the values of column {name}",
    "AT_ChangeOwner": "takes the table away from its owner",
    "AT_ColumnDefault": "changes the default of column {name}",
    "AT_DetachPartition": "takes rows out of the partitioned table",
    "AT_DetachPartitionFinalize": "takes rows out of the partitioned table",
    "AT_DisableRowSecurity": "lets everybody see and write the rows that policies hid",
    "AT_DisableRule": "switches a rule off",
    "AT_DisableTrig": "switches trigger {name} off",
    "AT_DisableTrigAll": "switches all triggers and foreign keys off",
    "AT_DisableTrigUser": "switches the triggers off",
    "AT_DropColumn": "removes column {name}",
    "AT_DropConstraint": "removes constraint {name}",
    "AT_DropExpression": "stops computing column {name}",
    "AT_DropIdentity": "removes the numbering of column {name}",
    "AT_DropInherit": "takes its rows out of another table's tree",
    "AT_EnableReplicaRule": "switches a rule off in ordinary sessions",
    "AT_EnableReplicaTrig": "switches trigger {name} off in ordinary sessions",
    "AT_EnableRowSecurity": "hides rows by policy",
    "AT_ForceRowSecurity": "hides rows from the owner by policy",
    "AT_NoForceRowSecurity": "lets the owner see and write the rows that policies hid",
    "AT_ReplicaIdentity": "changes what subscribers learn of changed rows",
    "AT_SetExpression": "recomputes column {name}",
    "AT_SetUnLogged": "makes a crash empty the table",
}
_WORD = re.compile(r"[A-Z][a-z]*")


def alter_table_harm(fields: Fields) -> Iterator[str]:
    """What each subcommand destroys; a subcommand that nobody judged counts as destructive."""
    for each in fields["cmds"]:
        command = each["AlterTableCmd"]
        subtype = command["subtype"]
        if subtype == "AT_SetIdentity":
            yield from _identity(command)
        elif subtype not in _HARMLESS:
            text = _HARM.get(subtype, f"changes it ({subcommand_name(subtype)})")
            further = " and all that depends on it" if command.get("behavior") == "DROP_CASCADE" else ""
            yield text.format(name=command.get("name", "")) + further


def subcommands(fields: Fields) -> tuple[str, ...]:
    """The subcommands in words, e.g. `ADD INHERIT`, `COLUMN DEFAULT`."""
    return tuple(subcommand_name(each["AlterTableCmd"]["subtype"]) for each in fields["cmds"])


def subcommand_name(subtype: str) -> str:
    """An AlterTableType of the grammar in words."""
    return " ".join(_WORD.findall(subtype.removeprefix("AT_"))).upper()


def _identity(command: Fields) -> Iterator[str]:
    changed = {each["DefElem"]["defname"] for each in command["def"]["List"]["items"]}
    if changed & {"restart", "increment", "cycle"}:
        yield f"changes which numbers come next for column {command['name']}"
