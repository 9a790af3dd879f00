"""Which privileges a step's statements need on relations; pure, and only as far as the text tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from runner.sql.classify import Classification

Privilege = Literal["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "MAINTAIN", "OWNER"]
_OF_DML: dict[str, Privilege] = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}
_OF_COMMAND: dict[str, Privilege] = {"TRUNCATE": "TRUNCATE", "COPY": "INSERT", "CREATE TRIGGER": "TRIGGER"}
_MAINTAINS = ("VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "REFRESH MATERIALIZED VIEW")
_DEFINES = ("CREATE TABLE", "ALTER TABLE")
"""They read nothing of the tables that their foreign keys name."""
_UNTOLD = ("GRANT", "REVOKE", "LOCK", "CREATE")
"""What they need is not a privilege on the relation alone."""


class Need(NamedTuple):
    """One privilege on one relation, by its name in the text."""

    relation: str
    privilege: Privilege


def needs_of(statements: Iterable[Classification]) -> tuple[Need, ...]:
    """Tell what the statements need; relations that they create themselves need nothing."""
    created: set[str] = set()
    found: dict[Need, None] = {}
    for each in statements:
        created |= set(each.creates) - set(each.writes)
        found |= dict.fromkeys(need for need in _needs(each) if need.relation not in created)
    return tuple(found)


def _needs(each: Classification) -> list[Need]:
    found: list[Need] = []
    for dml in each.dml:
        if dml.kind in _OF_DML:
            found.append(Need(dml.relation, _OF_DML[dml.kind]))
        if dml.where == "present":
            found.append(Need(dml.relation, "SELECT"))
    if each.command not in _DEFINES and not each.command.startswith("LOCK"):
        found += [Need(name, "SELECT") for name in each.reads]
    changed = {dml.relation for dml in each.dml} | set(each.creates)
    privilege = _privilege(each.command)
    if privilege is not None:
        found += [Need(name, privilege) for name in each.writes if name not in changed]
    return found


def _privilege(command: str) -> Privilege | None:
    for word, privilege in _OF_COMMAND.items():
        if command.startswith(word):
            return privilege
    if command.startswith(_MAINTAINS):
        return "MAINTAIN"
    owned = command.startswith("CREATE INDEX") or not command.startswith(_UNTOLD)
    return "OWNER" if owned else None
