"""Which relations a statement reads, writes and creates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runner.sql.tree import Fields, Visit, dotted, kinds, names, relation_name

_READING_FIELDS = frozenset({"fromClause", "usingClause", "sourceRelation", "pktable"})
_READING_PARENTS = frozenset({"JoinExpr", "RangeTableSample", "TableLikeClause", "LockStmt", "pubtable"})
_CREATED = frozenset(
    {
        ("CreateSeqStmt", "sequence"),
        ("CreateStmt", "relation"),
        ("ViewStmt", "view"),
        ("base", "relation"),
        ("into", "rel"),
        ("intoClause", "rel"),
    }
)
_TYPES = frozenset({("CompositeTypeStmt", "typevar"), ("LockingClause", "lockedRels")})
_RELATION_TYPES = kinds("OBJECT_{}", "TABLE INDEX VIEW MATVIEW SEQUENCE FOREIGN_TABLE")
_PARTS_OF_RELATIONS = kinds("OBJECT_{}", "COLUMN POLICY RULE TABCONSTRAINT TRIGGER")


@dataclass(frozen=True, slots=True)
class Relations:
    """Names as they stand in the text, quoted where SQL needs it; writes are changes of rows or definition."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    creates: tuple[str, ...]


def relations_of(visits: Iterable[Visit]) -> Relations:
    """Sort the relations that the nodes name; names that WITH defines are none."""
    found: dict[str, dict[str, None]] = {"reads": {}, "writes": {}, "creates": {}}
    copies_out = False
    for visit in visits:
        match visit.kind:
            case "CopyStmt":
                copies_out = not visit.fields.get("is_from")
            case "IndexStmt" if "idxname" in visit.fields:
                found["creates"][_index_name(visit.fields)] = None
            case "DropStmt":
                dropped = _named(visit.fields["removeType"], visit.fields["objects"])
                found["writes"].update(dict.fromkeys(dropped))
            case "CommentStmt" | "SecLabelStmt":
                described = _named(visit.fields["objtype"], [visit.fields["object"]])
                found["writes"].update(dict.fromkeys(described))
            case "RangeVar":
                if role := _role(visit, copies_out=copies_out):
                    found[role][relation_name(visit.fields)] = None
    return Relations(*(tuple(found[role]) for role in ("reads", "writes", "creates")))


def _role(visit: Visit, *, copies_out: bool) -> str | None:
    place = (visit.parent, visit.field)
    if place in _TYPES:
        return None
    if place in _CREATED:
        return "creates"
    if visit.field in _READING_FIELDS or visit.parent in _READING_PARENTS:
        is_cte = "schemaname" not in visit.fields and visit.fields["relname"] in visit.ctes
        return None if is_cte else "reads"
    if not visit.executed and visit.parent in {"DeleteStmt", "InsertStmt", "MergeStmt", "UpdateStmt"}:
        return "reads"
    return "reads" if visit.parent == "CopyStmt" and copies_out else "writes"


def _index_name(fields: Fields) -> str:
    schema = fields["relation"].get("schemaname")
    return dotted((schema, fields["idxname"]) if schema else (fields["idxname"],))


def _named(object_type: str, objects: Iterable[Fields]) -> Iterable[str]:
    """The relations among objects that the grammar names by lists of strings."""
    for each in objects:
        parts = names(each.get("List", {}).get("items", []))
        if object_type in _RELATION_TYPES:
            yield dotted(parts)
        elif object_type in _PARTS_OF_RELATIONS:
            yield dotted(parts[:-1])
