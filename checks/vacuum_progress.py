"""``vacuum-progress``: no VACUUM is at work on the tables of the step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.activity import require_monitor, require_primary
from checks.facts.figures import span
from checks.facts.relations import RELATIONS, Trees, missing, trees


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One VACUUM at work."""

    relation: int
    on_behalf: int
    """The table itself, where its TOAST table is vacuumed."""
    object: str
    pid: int
    phase: str
    percent: int
    automatic: bool
    wraparound: bool
    age_s: int


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The tables asked for, and the VACUUMs of the database."""

    found: Trees = dataclasses.field(default_factory=Trees)
    vacuums: tuple[Row, ...] = ()


@check("vacuum-progress", since=14, group="load", looks_at="running vacuums", empty_ok=True, limits=["age_s"])
class VacuumProgress(Check[Facts]):
    """No VACUUM is at work on the tables of the step.

    ## Why it matters

    VACUUM holds SHARE UPDATE EXCLUSIVE, which every ALTER TABLE and CREATE INDEX waits for. Autovacuum usually gives
    way, at the price of beginning again; autovacuum against wraparound does not, and may go on for hours. A VACUUM by
    hand does not give way either.

    ## When it blocks

    A VACUUM by hand, or autovacuum to prevent wraparound, works on one of `relations` or on a table that inherits from
    one; with no relations on any table of the database. Ordinary autovacuum on them is a warning.

    ## What to do

    Wait for it: the evidence says how far it has come. Cancel autovacuum against wraparound only when you know why.

    ## What it cannot see

    Without pg_monitor (pg_read_all_stats) nothing: unknown. VACUUM FULL and CLUSTER (`lock-conflicts` sees their lock);
    a VACUUM that begins after this look. On a standby nothing: unknown.
    """

    relations: tuple[str, ...] = param(RELATIONS, default=())

    def gather(self, ask: Ask) -> Facts:
        """Find the tables, then the VACUUMs."""
        require_primary(ask, "a standby vacuums nothing itself; ask its primary")
        require_monitor(ask)
        return Facts(trees(ask, self.relations), tuple(ask.rows(self.query, Row)))

    def looked_at(self, facts: Facts) -> int:
        """Count the VACUUMs."""
        return len(facts.vacuums)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Say which of them stay."""
        yield from missing(facts.found)
        wanted = {each.relation for each in facts.found.relations}
        for row in facts.vacuums:
            if (self.relations or wanted) and row.on_behalf not in wanted and row.relation not in wanted:
                continue
            stays = row.wraparound or not row.automatic
            what = "autovacuum against wraparound" if row.wraparound else "autovacuum" if row.automatic else "a VACUUM"
            yield Finding(
                row.object,
                Verdict.BLOCK if stays else Verdict.WARN,
                f"{row.object} is under {what} (pid {row.pid}) for {span(row.age_s)}, {row.phase}, {row.percent} % read"
                + (
                    ": a step that changes the table waits for its end."
                    if stays
                    else ": it gives way, and begins again."
                ),
                {"pid": row.pid, "phase": row.phase, "percent": row.percent, "age_s": row.age_s},
                {"vacuums": 0},
            )
