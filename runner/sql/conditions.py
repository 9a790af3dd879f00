"""What a DELETE or UPDATE is limited to: nothing, a condition that is the same for every row, or a real one."""

from __future__ import annotations

from typing import Literal

from runner.sql.tree import Fields, placeless, walk

Where = Literal["absent", "constant", "present"]

_ROW_DEPENDENT = frozenset({"ColumnRef", "CurrentOfExpr", "SubLink"})


def where_of(fields: Fields) -> Where:
    """How a DELETE or UPDATE node chooses its rows; `id = id` and `x OR true` count as constant."""
    condition = fields.get("whereClause")
    if condition is None:
        return "absent"
    ((kind, inner),) = condition.items()
    looks_at_rows = any(visit.kind in _ROW_DEPENDENT for visit in walk(kind, inner))
    return "present" if looks_at_rows and not _always_true(kind, inner) else "constant"


def _always_true(kind: str, fields: Fields) -> bool:
    if kind == "BoolExpr":
        decide = any if fields["boolop"] == "OR_EXPR" else all
        return fields["boolop"] != "NOT_EXPR" and decide(_always_true(*_only(each)) for each in fields["args"])
    if kind == "A_Const":
        return bool(fields.get("boolval", {}).get("boolval"))
    if kind == "A_Expr":
        names = [each.get("String", {}).get("sval") for each in fields["name"]]
        left, right = fields.get("lexpr"), fields.get("rexpr")
        return names[-1] in {"=", ">=", "<="} and left is not None and placeless(left) == placeless(right)
    return False


def _only(node: Fields) -> tuple[str, Fields]:
    ((kind, fields),) = node.items()
    return kind, fields
