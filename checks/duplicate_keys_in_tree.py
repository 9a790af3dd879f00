"""``duplicate-keys-in-tree``: a key stands once in a whole tree of tables, not once in each of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.key_ranges import ColumnRow, ask_ends, meeting
from checks.facts.shared_keys import SharedKeys, ask_shared
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class ParentRow:
    """The tree's root."""

    relation: int
    object: str


@dataclasses.dataclass(frozen=True, slots=True)
class MemberRow:
    """One table of the tree."""

    table: str
    kind: str
    root: bool
    readable: bool
    uniques: str

    def unique(self, key: Sequence[str]) -> bool:
        """Whether the table itself keeps the key unique."""
        return any(set(each["columns"]) <= set(key) for each in json.loads(self.uniques))

    def primary_key(self) -> tuple[str, ...]:
        """The primary key's columns; empty where there is none."""
        return next((tuple(each["columns"]) for each in json.loads(self.uniques) if each["primary"]), ())


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    parent: str
    problem: str = ""
    """Why nothing could be compared; empty where it could."""
    key: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    """The tables that hold rows, in the order of the numbers in ``shared``."""
    unseen: tuple[tuple[str, str], ...] = ()
    enforced: bool = False
    """Whether a unique index of the partitioned parent spans the whole tree."""
    shared: SharedKeys = dataclasses.field(default_factory=lambda: SharedKeys({}))


@check(
    "duplicate-keys-in-tree",
    since=14,
    group="sequences and keys",
    looks_at="tables",
    limits=["duplicate_keys"],
    steady=True,
)
class DuplicateKeysInTree(Check[Facts]):
    """No key stands twice in a tree of tables.

    ## Why it matters

    A primary key or unique index holds for one table, not for the tables that inherit from it. Two children can hold
    the same id without any error, and every query on the parent then mixes up two things: one customer's row is shown,
    updated or deleted in place of another's.

    ## When it blocks

    At least one key stands in more than one row of the tree. The evidence counts these keys, says which tables share
    how many of them, and gives the lowest and the highest. Keys that are NULL in any column are never equal.

    ## What to do

    Decide for each key which row keeps it, give the other one a new key, and everything that refers to it too. Before
    that find the cause: usually a sequence that was put back (`sequence-drift`).

    ## What it cannot see

    Tables that the role may not read or whose rows are filtered (unknown), foreign tables (unknown), keys that another
    system holds, and keys of rows that other transactions have not committed yet. Where more keys are shared than the
    limit, the count stops there and says so.
    """

    parent: str = param("Root of the tree, as schema.name.")
    columns: tuple[str, ...] = param(
        "Columns of the key; where empty the parent's primary key, or else the one that all children have.", default=()
    )
    limit: int = param("Shared keys counted in one statement at most.", default=100_000, minimum=1)

    def gather(self, ask: Ask) -> Facts:
        """Learn the tree, then the ends of each table's keys, then the keys where ranges meet."""
        found = ask.rows(self.queries["parent"], ParentRow, parent=self.parent)
        if not found:
            return Facts(self.parent, "there is no table of this name; write schema.name")
        (root,) = found
        members = ask.rows(self.queries["members"], MemberRow, parent=root.relation)
        key = self.columns or _primary_key(members)
        if not key:
            return Facts(root.object, "it has no primary key, nor one that all its children share; name the columns")
        columns = ask.rows(self.queries["columns"], ColumnRow, parent=root.relation, columns=json.dumps(list(key)))
        missing = [column.name for column in columns if column.column is None]
        if missing:
            return Facts(root.object, f"it has no column {', '.join(missing)}")
        stored = [member for member in members if member.kind != "p"]
        readable = [member for member in stored if member.readable and member.kind == "r"]
        facts = Facts(
            root.object,
            key=key,
            tables=tuple(member.table for member in readable),
            unseen=tuple((member.table, _why(member)) for member in stored if member not in readable),
            enforced=any(member.root and member.kind == "p" and member.unique(key) for member in members),
        )
        if facts.enforced:
            return facts
        ends = ask_ends(ask, facts.tables, columns[0].column or "")
        alone = [number for number, member in enumerate(readable) if number in ends and not member.unique(key)]
        groups = meeting(ask, columns[0], ends)
        shared = ask_shared(ask, facts.tables, columns, groups=groups, alone=alone, limit=self.limit)
        return dataclasses.replace(facts, shared=shared)

    def looked_at(self, facts: Facts) -> int:
        """Count the tables that were read."""
        return len(facts.tables)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block where a key is shared."""
        name, key = facts.parent, ", ".join(facts.key)
        if facts.problem:
            yield Finding(name, Verdict.UNKNOWN, f"{name} could not be looked at: {facts.problem}.")
            return
        if not facts.enforced:
            for table, why in facts.unseen:
                message = f"{table} {why}, so nobody can tell whether it shares keys with the rest of {name}."
                yield Finding(table, Verdict.UNKNOWN, message)
        count = len(facts.shared.keys)
        measured = {
            "key": list(facts.key),
            "duplicate_keys": count,
            "counted_all": not facts.shared.more,
            "lowest": None,
            "highest": None,
            "shared_by": [
                {"tables": [facts.tables[number] for number in numbers], "duplicate_keys": keys}
                for numbers, keys in facts.shared.by_tables()
            ],
        }
        span = facts.shared.span()
        if span is None:
            how = "a unique index of the partitioned table spans it" if facts.enforced else "every table was compared"
            yield Finding(name, Verdict.PASS, f"No key ({key}) stands twice in the tree of {name}: {how}.", measured)
            return
        lowest, highest = (" ".join(each) for each in span)
        many = f"{'' if not facts.shared.more else 'At least '}{counted(count, 'key')}"
        between = f"{lowest} to {highest}" if count > 1 else lowest
        yield Finding(
            name,
            Verdict.BLOCK,
            f"{many} ({key}: {between}) {'stands' if count == 1 else 'stand'} more than once in the tree of {name}: "
            f"{_shared_by(facts)}.",
            measured | {"lowest": lowest, "highest": highest},
            {"duplicate_keys": 0},
        )


def _primary_key(members: Sequence[MemberRow]) -> tuple[str, ...]:
    of_root = next((member.primary_key() for member in members if member.root), ())
    of_children = {member.primary_key() for member in members if not member.root}
    return of_root or (of_children.pop() if len(of_children) == 1 else ())


def _why(member: MemberRow) -> str:
    return "may not be read by this role" if not member.readable else "is a foreign table"


def _shared_by(facts: Facts) -> str:
    shares = facts.shared.by_tables()
    told = [f"{keys} in {' and '.join(facts.tables[number] for number in numbers)}" for numbers, keys in shares[:3]]
    more = len(shares) - len(told)
    return "; ".join(told) + (f"; and {more} more combinations of tables" if more > 0 else "")
