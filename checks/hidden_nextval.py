"""``hidden-nextval``: places that draw from or set a sequence without PostgreSQL knowing it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.nextval import calls
from checks.facts.scope import SCHEMAS, Seen, not_there, seen
from checks.facts.wording import listed

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SETVAL = re.compile(r"\bsetval\s*\(", re.IGNORECASE)
_RESTART = re.compile(
    r"\bRESTART\s+IDENTITY\b|\bALTER\s+SEQUENCE\b[^;]*\bRESTART\b|\bALTER\s+(COLUMN\s+)?\S+\s+RESTART\b", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True, slots=True)
class PlaceRow:
    """One function, default, rule or view that calls nextval or setval, or restarts a sequence."""

    schema: str
    kind: str
    object: str
    language: str
    body: str | None
    """Its text; None for a body that PostgreSQL has parsed, whose names would be on record if there were any."""
    triggers: list[str]
    """The tables whose triggers call the function."""


@check("hidden-nextval", since=14, group="sequences and keys", looks_at="tables and functions", steady=True)
class HiddenNextval(Check[Seen[PlaceRow]]):
    """No function, trigger, rule or default draws from a sequence behind PostgreSQL's back.

    ## Why it matters

    `nextval('s'::text)`, and every call inside a function's text, leaves no record of the sequence. Dropping, renaming
    or restoring it then breaks the function at its next call, `pg_dump -t` leaves the sequence out, and every tool that
    asks which columns draw from a sequence misses these.

    ## When it blocks

    It warns for each place that names its sequence, sets or restarts one; `sequence-drift` reads those names and
    follows the numbers into columns where it can. It is unknown, which closes the gate too, for a place that computes
    the name: no check can tell which sequence it draws from or sets.

    ## What to do

    Write `nextval('schema.s'::regclass)` in the column's default, or `BEGIN ATOMIC` bodies, which leave a record.
    Accept the places that are known and harmless in shisa.yaml, by name and with a date.

    ## What it cannot see

    Functions in C, functions that belong to an extension, and applications. Names inside text that is put together at
    run time. A schema that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[PlaceRow]:
        """Learn the places and their text."""
        return seen(ask, self.query, PlaceRow, self.schemas, "tables", "functions")

    def looked_at(self, facts: Seen[PlaceRow]) -> int:
        """Count the tables and functions."""
        return facts.looked_at

    def judge(self, facts: Seen[PlaceRow]) -> Iterator[Finding]:
        """Read each text."""
        yield from not_there(facts.absent)
        for row in facts.rows:
            found = _judged(row)
            if found is not None:
                yield found


def _judged(row: PlaceRow) -> Finding | None:
    called = calls(row.body or "", row.language)
    names = sorted(".".join(part for part in name if part) for name in called.names)
    dynamic = called.dynamic or row.body is None
    code = _COMMENT.sub(" ", row.body or "")
    sets, restarts = _SETVAL.search(code) is not None, _RESTART.search(code) is not None
    if not (names or dynamic or sets or restarts):
        return None
    when = f", for each row written to {listed(row.triggers)}" if row.triggers else ""
    measured = {
        "kind": row.kind,
        "sequences": names,
        "computed": dynamic,
        "sets": sets or restarts,
        "triggers_of": list(row.triggers),
    }
    bound = {"computed": False}
    told = f"The {row.kind} {row.object}"
    if dynamic:
        message = f"{told} computes the name of the sequence that it draws from or sets{when}: no check can tell which."
        return Finding(row.object, Verdict.UNKNOWN, message, measured, bound)
    does = " and ".join(
        [f"draws from {listed(names)}"] * bool(names)
        + ["sets a sequence, which no ROLLBACK undoes"] * sets
        + ["restarts a sequence"] * restarts
    )
    message = f"{told} {does}{when}, and PostgreSQL has no record of it: dropping or renaming it gives no warning."
    return Finding(row.object, Verdict.WARN, message, measured, bound)
