"""``disabled-triggers``: triggers, foreign keys and rules that are switched off."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import SCHEMAS, Seen, not_there, scope

_FIRES = {"D": "never", "R": "in replication sessions"}
_MISSED = {
    "foreign key": "rows that refer to nothing are taken without an error",
    "constraint": "rows that break it are taken without an error",
    "trigger": "what it writes, checks or fills in is missing for every row changed now",
    "rule": "statements on the table are not rewritten",
    "event trigger": "what it forbids or records passes unseen",
}


@dataclasses.dataclass(frozen=True, slots=True)
class SwitchedRow:
    """One trigger, foreign key or rule that does not fire in ordinary sessions."""

    schema: str
    kind: str
    object: str
    table: str
    state: str
    """``D`` disabled, ``R`` only in sessions with session_replication_role = replica."""


@check("disabled-triggers", since=14, group="structure", looks_at="tables", steady=True)
class DisabledTriggers(Check[Seen[SwitchedRow]]):
    """No trigger, foreign key or rule has been left switched off.

    ## Why it matters

    Loads and repairs switch triggers off (`ALTER TABLE … DISABLE TRIGGER ALL`, `pg_restore --disable-triggers`), and
    when they stop half way nobody switches them on again. Foreign keys are triggers too: while they are off, the
    constraint looks valid and checks nothing.

    ## When it blocks

    A trigger, the inner triggers of a foreign key, a rule or an event trigger is disabled. It warns for one that fires
    in replication sessions only, which a subscriber may want.

    ## What to do

    `ALTER TABLE … ENABLE TRIGGER`, then look for what slipped in meanwhile (`orphan-rows` for foreign keys). Accept
    what is off on purpose in shisa.yaml, by name and with a date.

    ## What it cannot see

    Sessions that set session_replication_role for themselves, and triggers that are on and return at once. A schema
    that is asked for and not there is unknown.
    """

    schemas: tuple[str, ...] = param(SCHEMAS, default=())

    def gather(self, ask: Ask) -> Seen[SwitchedRow]:
        """Learn what is off; event triggers belong to the whole database."""
        part = scope(ask, self.schemas)
        switched = part.within(ask.rows(self.queries["switched"], SwitchedRow))
        events = ask.rows(self.queries["events"], SwitchedRow)
        return Seen((*switched, *events), part.count("tables"), part.absent)

    def looked_at(self, facts: Seen[SwitchedRow]) -> int:
        """Count the tables; what was found was looked at."""
        return facts.looked_at or len(facts.rows)

    def judge(self, facts: Seen[SwitchedRow]) -> Iterator[Finding]:
        """Block what is off."""
        yield from not_there(facts.absent)
        for row in facts.rows:
            measured = {"kind": row.kind, "fires": _FIRES[row.state]} | {"table": row.table or None}
            bound = {"fires": "in ordinary sessions"}
            if row.state == "R":
                message = (
                    f"The {row.kind} {row.object} fires in replication sessions only: elsewhere {_MISSED[row.kind]}."
                )
                yield Finding(row.object, Verdict.WARN, message, measured, bound)
            else:
                message = f"The {row.kind} {row.object} is switched off: {_MISSED[row.kind]}."
                yield Finding(row.object, Verdict.BLOCK, message, measured, bound)
