"""``unvalidated-constraints``: constraints that the rows already there were never compared with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Remedy, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, seen

_KINDS = {"c": "check constraint", "f": "foreign key", "n": "NOT NULL constraint"}


@dataclasses.dataclass(frozen=True, slots=True)
class ConstraintRow:
    """One constraint that is not validated."""

    schema: str
    kind: str
    object: str
    table: str | None
    """None for a domain's constraint."""
    name: str
    enforced: bool
    rows_estimate: int | None
    """-1 where the table was never analyzed."""


@check("unvalidated-constraints", since=14, group="structure", looks_at="tables", steady=True)
class UnvalidatedConstraints(Check[Seen[ConstraintRow]]):
    """Every constraint holds for the rows that are there.

    ## Why it matters

    `ADD CONSTRAINT … NOT VALID` is the safe first half of a change; the second half, VALIDATE, gets forgotten. The
    reader of the schema then relies on what no one has looked at, and an old row that breaks it makes some later update
    of that row fail.

    ## When it blocks

    Never. It warns for each check, foreign key and NOT NULL constraint that is NOT VALID or, from PostgreSQL 18 on,
    NOT ENFORCED.

    ## What to do

    `ALTER TABLE … VALIDATE CONSTRAINT …`: it reads the table and lets writers go on. The remedy adds it as a step.

    ## What it cannot see

    Constraints that are marked valid and do not hold, because rows were loaded with triggers off: VALIDATE does nothing
    there, `orphan-rows` finds them. A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[ConstraintRow]:
        """Learn the constraints that are not validated."""
        return seen(ask, self.query, ConstraintRow, self.schemas, "tables")

    def looked_at(self, facts: Seen[ConstraintRow]) -> int:
        """Count the tables; what was found was looked at."""
        return facts.looked_at or len(facts.rows)

    def judge(self, facts: Seen[ConstraintRow]) -> Iterator[Finding]:
        """Warn for each."""
        yield from not_there(facts.absent)
        for row in facts.rows:
            what = _KINDS.get(row.kind, "constraint")
            if row.enforced:
                message = (
                    f"The {what} {row.object} is NOT VALID: rows that were there before it may break it, and an update "
                    "of such a row fails."
                )
            else:
                message = f"The {what} {row.object} is NOT ENFORCED: no row is compared with it, old or new."
            measured = {"kind": what, "enforced": row.enforced, "rows_estimate": row.rows_estimate}
            yield Finding(row.object, Verdict.WARN, message, measured, {"validated": True}, _remedy(row))


def _remedy(row: ConstraintRow) -> Remedy | None:
    if row.table is None or not row.enforced:
        return None
    step = {
        "title": f"Compare every row of {row.table} with {row.name}",
        "sql": f"ALTER TABLE {row.table} VALIDATE CONSTRAINT {row.name}",
    }
    return Remedy("VALIDATE reads the table once, and readers and writers go on meanwhile.", {}, [step])
