"""How many rows a restore with ``rows`` would write, by what it does to them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.answers import GroupDiff, TableDiff

DOES = {
    "insert-missing": {"insert": "deleted_since"},
    "overwrite": {"insert": "deleted_since", "overwrite": "changed_since"},
    "replace": {"insert": "deleted_since", "overwrite": "changed_since", "remove": "inserted_since"},
}
"""What each mode does, and to which of the rows that differ."""


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """The rows of one table that would be inserted, overwritten or removed."""

    table: str
    kind: str
    problem: str = ""
    rows: int | None = None
    groups: tuple[tuple[str, int], ...] = ()


def touched(mode: str, group: GroupDiff) -> int:
    """Tell how many rows of a group a restore would write; a mode that is not known is judged like ``overwrite``.

    Rows that are only added (``add``) are not compared.
    """
    does = {} if mode == "add" else DOES.get(mode, DOES["overwrite"])
    return sum(getattr(group, differs) for differs in does.values())


def written_by(mode: str, table: TableDiff, *, grouped: bool) -> Iterator[Written]:
    """Tell what the mode would do to the rows of one table; ``grouped`` tells whose they are, too."""
    for kind, differs in DOES[mode].items():
        counts = [("NULL" if each.group is None else each.group, getattr(each, differs)) for each in table.groups]
        groups = tuple((group, count) for group, count in counts if count)
        problem = table.unseen
        if not problem and mode == "overwrite" and not table.keyed:
            problem = "it has no key that tells which row is which"
        if problem:
            yield Written(table.table, kind, problem)
        else:
            yield Written(table.table, kind, "", sum(n for _, n in groups), groups if grouped else ())
