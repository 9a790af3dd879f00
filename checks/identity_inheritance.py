"""``identity-inheritance``: children do not inherit an identity column, only the demand for a value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, seen


@dataclasses.dataclass(frozen=True, slots=True)
class ChildRow:
    """One column of a child whose parent's column is an identity."""

    schema: str
    object: str
    parent: str
    partition: bool
    identity: bool
    has_default: bool
    required: bool
    """Whether the column is NOT NULL."""
    sequence: str | None
    """The child's own identity sequence."""


@check("identity-inheritance", since=14, group="sequences and keys", looks_at="tables", steady=True)
class IdentityInheritance(Check[Seen[ChildRow]]):
    """No child of a table with an identity column lacks its numbers.

    ## Why it matters

    `GENERATED … AS IDENTITY` is not inherited: the child gets the column and its NOT NULL, and nothing that fills it.
    Changing a parent from serial to identity, or creating the next child of such a parent, makes inserts into the
    children fail. A child that has an identity of its own counts by itself, so two tables of one tree hand out the same
    ids.

    ## When it blocks

    Never. It warns for a child (by INHERITS) whose column has neither identity nor default, and for a child or
    partition that counts with its own sequence beside its parent's. Partitions without identity pass, with a word in
    the evidence: before PostgreSQL 17 no partition has it, and rows that come through the parent get their number.

    ## What to do

    `ALTER TABLE child ALTER COLUMN id SET DEFAULT nextval('the parent''s sequence')`, or `DROP IDENTITY` on the child
    that counts for itself first.

    ## What it cannot see

    Triggers that fill the column. A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[ChildRow]:
        """Learn the children's columns."""
        return seen(ask, self.query, ChildRow, self.schemas, "tables")

    def looked_at(self, facts: Seen[ChildRow]) -> int:
        """Count the tables."""
        return facts.looked_at

    def judge(self, facts: Seen[ChildRow]) -> Iterator[Finding]:
        """Warn where nothing, or a counter of its own, fills the column."""
        yield from not_there(facts.absent)
        for row in facts.rows:
            verdict, message = _judged(row)
            if message:
                measured = {
                    "parent": row.parent,
                    "identity": row.identity,
                    "default": row.has_default,
                    "sequence": row.sequence,
                }
                yield Finding(row.object, verdict, message, measured, {"filled": True})


def _judged(row: ChildRow) -> tuple[Verdict, str]:
    if row.sequence is not None:
        return Verdict.WARN, (
            f"{row.object} counts with {row.sequence}, its own, beside the identity of {row.parent}: the same ids are "
            "handed out in both tables of one tree."
        )
    if row.identity or row.has_default:
        return Verdict.PASS, ""
    if row.partition:
        return Verdict.PASS, (
            f"{row.object} has no identity of its own: rows that come through {row.parent} get a number, an INSERT "
            "straight into the partition does not."
        )
    fate = "fails (NULL in a NOT NULL column)" if row.required else "stores NULL"
    return Verdict.WARN, (
        f"{row.object} did not inherit the identity of {row.parent} and has no default: every INSERT that gives no "
        f"value {fate}."
    )
