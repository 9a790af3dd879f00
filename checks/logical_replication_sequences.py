"""``logical-replication-sequences``: sequences that logical replication leaves behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from checks.base import Ask, CannotAskError, Check, Finding, Remedy, Verdict, check
from checks.facts.wording import counted, listed

_MARGIN = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class RolesRow:
    """What this database is in logical replication."""

    publications: int
    readers: int
    subscriptions: int
    standby: bool


@dataclasses.dataclass(frozen=True, slots=True)
class SequenceRow:
    """One sequence and one column that it numbers."""

    side: str
    """``published`` or ``subscribed``."""
    sequence: int
    object: str
    increment: int
    table: str
    column: str
    number: bool
    readable: bool


@dataclasses.dataclass(frozen=True, slots=True)
class StateRow:
    """Where a sequence is, and the ends of the ids in its column."""

    sequence: int
    last_value: int
    is_called: bool
    lowest: int | None
    highest: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The roles, the sequences, and where those of a subscriber are."""

    roles: RolesRow
    sequences: tuple[SequenceRow, ...] = ()
    states: tuple[StateRow, ...] = ()


@check(
    "logical-replication-sequences",
    since=14,
    group="target and backup",
    looks_at="replicated sequences",
    empty_ok=True,
    limits=["ids_to_be_reissued"],
)
class LogicalReplicationSequences(Check[Facts]):
    """No sequence is left behind by logical replication.

    ## Why it matters

    Logical replication brings rows, and never the numbers of sequences (in PostgreSQL 14 to 18). On the subscriber
    every sequence stands where it was made. Nothing is wrong until the switch-over: then the first insert is given id
    1, or one that is in use.

    ## When it blocks

    Asked on a subscriber: a sequence that numbers a subscribed table would hand out an id that is in use there. It is
    unknown where sequence or column cannot be read. Asked on a publisher whose changes somebody reads, it warns and
    names the sequences that must be raised on the other side.

    ## What to do

    Right before the switch-over, when nobody writes any more, raise the sequences on the subscriber above every id in
    use: the step `sequences: {raise: …}`. Ask `sequence-drift` there as well; it looks at trees and functions too.

    ## What it cannot see

    Columns that are numbered by functions or triggers; ids that the publisher hands out after this look. Tables that
    inherit (`sequence-drift`). A standby: unknown.
    """

    def gather(self, ask: Ask) -> Facts:
        """Learn the roles, the sequences, and on a subscriber where they are."""
        (roles,) = ask.rows(self.queries["roles"], RolesRow)
        if roles.standby:
            raise CannotAskError("this is a standby; ask its primary")
        if not roles.subscriptions and not roles.readers:
            return Facts(roles)
        sequences = ask.rows(self.queries["sequences"], SequenceRow)
        asked = [row for row in sequences if row.side == "subscribed" and row.readable and row.number]
        return Facts(roles, tuple(sequences), tuple(ask.chunks([_state(row) for row in asked], StateRow)))

    def looked_at(self, facts: Facts) -> int:
        """Count the sequences."""
        return len({row.sequence for row in facts.sequences})

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Judge subscribed sequences by their numbers, published ones by their being there."""
        by_sequence: dict[int, list[SequenceRow]] = {}
        for row in facts.sequences:
            by_sequence.setdefault(row.sequence, []).append(row)
        published = [rows[0].object for rows in by_sequence.values() if rows[0].side == "published"]
        if published and facts.roles.readers:
            yield Finding(
                "published sequences",
                Verdict.WARN,
                f"The numbers of {counted(len(published), 'sequence')} are not replicated: {listed(published)}. After "
                "a switch-over the other side hands out ids that are in use, unless they are raised there first.",
                {"sequences": published, "readers": facts.roles.readers},
                {"sequences": 0},
            )
        for sequence, rows in by_sequence.items():
            if rows[0].side == "subscribed":
                yield _judged(rows, [state for state in facts.states if state.sequence == sequence])


def _state(row: SequenceRow) -> str:
    column = f"t.{row.column}"
    low, high = (f"(SELECT {end}({column})::int8 FROM ONLY {row.table} AS t)" for end in ("min", "max"))  # noqa: S608 - quoted names
    state = f"{row.sequence}::int8 AS sequence, s.last_value, s.is_called"
    return f"SELECT {state}, {low} AS lowest, {high} AS highest FROM {row.object} AS s"  # noqa: S608 - quoted by the server


def _judged(rows: Sequence[SequenceRow], states: Sequence[StateRow]) -> Finding:
    row = rows[0]
    columns = listed([f"{each.table}.{each.column}" for each in rows])
    if len(states) < len(rows):
        message = (
            f"{row.object} numbers {columns}, which cannot be read or compared, so nobody can tell if it is behind."
        )
        return Finding(row.object, Verdict.UNKNOWN, message)
    following = states[0].last_value + (row.increment if states[0].is_called else 0)
    ends = [state.highest if row.increment > 0 else state.lowest for state in states]
    used = [end for end in ends if end is not None]
    last = None if not used else max(used) if row.increment > 0 else min(used)
    again = 0 if last is None else max(0, (last - following) // row.increment + 1)
    measured = {"next": following, "last_in_use": last, "ids_to_be_reissued": again}
    if not again:
        message = f"{row.object} would hand out {following} next, which is not in use in {columns}."
        return Finding(row.object, Verdict.PASS, message, measured, {"ids_to_be_reissued": 0})
    raised = {
        "title": f"Raise {row.object} above every id in use",
        "sequences": {"raise": {"sequences": [row.object]}, "margin": _MARGIN},
    }
    return Finding(
        row.object,
        Verdict.BLOCK,
        f"{row.object} would hand out {following} next, while ids up to {last} came by replication into {columns}: "
        f"{counted(again, 'id')} would be issued twice after a switch-over.",
        measured,
        {"ids_to_be_reissued": 0},
        Remedy("Raising the sequence above every id in use lets the next insert get a fresh one.", {}, (raised,)),
    )
