"""``sequence-drift``: a sequence must be ahead of every id in use, now and after a restore."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from checks.base import Ask, Check, Finding, Remedy, SequenceSet, Verdict, check, param
from checks.facts.baseline import BASELINE, CAPTURE, COMPARE, MODES, kept
from checks.facts.drawers import BodyRow, ColumnRow, SequenceRow, graph
from checks.facts.drift import Subject, judge_kept, judge_live, judge_restore
from checks.facts.measure import measure
from checks.facts.rewind import Stood, rewound, stood
from checks.facts.wording import listed

_MARGIN = 1000
"""Numbers left free by the raise of a remedy; DESIGN §8."""
_NAMES_IN_A_TITLE = 3


@dataclasses.dataclass(frozen=True, slots=True)
class ServerRow:
    """The database asked."""

    database: str
    standby: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    server: ServerRow
    mode: str
    """``live``, ``from-backup``, ``keep`` or ``raise``."""
    subjects: tuple[Subject, ...] = ()
    backup: str | None = None
    """The backup's path, where one is compared."""
    backup_database: str | None = None
    in_step: bool = False
    dynamic: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    """Names asked for that no sequence has."""
    before: tuple[Stood, ...] = ()
    """Where the sequences stood at an earlier moment, where that is compared."""
    side: str = ""


@check(
    "sequence-drift",
    since=14,
    group="sequences and keys",
    looks_at="sequences",
    limits=["ids_to_be_reissued"],
    scope=["only"],
)
class SequenceDrift(Check[Facts]):
    """No sequence will hand out an id that is in use.

    ## Why it matters

    A dump carries each sequence's number at dump time. A restore puts the live sequence back to it, and every id that
    was handed out since is handed out again. With table inheritance nothing complains at first: a primary key never
    spans children, so two tables of one tree silently hold the same id, until an insert into the older one fails with
    SQLSTATE 23505.

    ## When it blocks

    With a backup: its next number is at or below the highest id in use in any column, of any table of the tree, that
    draws from the sequence (at or above the lowest, where the sequence counts down). It warns where the sequence goes
    back but no row seen has such an id: numbers that outsiders know would come again. A restore step with
    `sequences: keep` or `raise` sets no sequence and passes, and the evidence names the rewind that was avoided.
    A backup of another database blocks.

    Without a backup, or after the step: the sequence's own next number is compared. With `baseline: compare` it blocks
    too where a sequence stands behind where it stood in an earlier guard of the run (`baseline: capture`), or at the
    snapshot of an earlier `backup` step on this target (where `only` is empty), or is gone.

    It is unknown, which closes the gate too, where ids cannot be compared or read: text keys and expressions built from
    `nextval`, functions whose numbers cannot be followed into a column, CYCLE (ids return by design, so the highest one
    says nothing), a missing privilege, row-level security, a foreign table, a big table without an index on the column,
    a standby (its sequences run up to 32 numbers ahead), and in a restore step functions that compute the name of the
    sequence they draw from.

    ## What to do

    Restore with `sequences: keep`, then raise the sequences above every id in use with a `sequences: {raise: …}` step.
    Never set a live sequence by hand from `max(id)`: while others insert, that is the same accident again.

    ## What it cannot see

    Ids that left the database (files, other systems, rows deleted since); numbers that sessions hold by CACHE; a name
    that a function puts together; applications that call `nextval` themselves; the database name of a plain dump. A
    writer that goes on between this look and the restore is seen by the next look only.
    """

    backup: Path | None = param(
        "pg_dump archive or plain dump whose SEQUENCE SETs a restore would carry.", default=None
    )
    from_database: str | None = param(
        "Database that the backup was taken from, where that is not the target's own name.", default=None
    )
    only: tuple[str, ...] = param("Sequences to look at, as schema.name; all where empty.", default=())
    baseline: str | None = param(BASELINE, default=None, choices=MODES)
    scan_limit: int = param(
        "Largest table that is read whole where no index gives the highest id.", default=400, minimum=0, unit="MB"
    )

    def gather(self, ask: Ask) -> Facts:
        """Read the backup, the graph, the sequences' states and the ids in use, in this order.

        The snapshot is older than the sequences' states, so a number drawn meanwhile can only make a sequence look
        further ahead than the rows, never behind them.
        """
        mode = self._mode(ask)
        sets: tuple[SequenceSet, ...] = ()
        named = None
        if self.backup is not None and mode != "live":
            named = ask.archive(self.backup).database
            sets = ask.sequence_sets(self.backup)
        (server,) = ask.rows(self.queries["server"], ServerRow)
        facts = Facts(
            server,
            mode,
            backup=str(self.backup) if mode != "live" else None,
            backup_database=named,
            in_step=ask.step is not None,
        )
        if server.standby or _foreign(facts, self.from_database) or (mode != "live" and not sets):
            return facts
        rows = ask.rows(self.queries["sequences"], SequenceRow)
        if self.baseline == CAPTURE:
            chosen, absent = self._chosen(rows, (), "live")
            subjects = measure(ask, chosen, {row.sequence: () for row in rows}, scan_limit_mb=0)
            ask.capture(self.about, stood(subjects))
            return dataclasses.replace(facts, subjects=subjects, absent=absent)
        known = graph(rows, ask.rows(self.queries["drawers"], ColumnRow), ask.rows(self.queries["bodies"], BodyRow))
        chosen, absent = self._chosen(rows, sets, mode)
        subjects = measure(ask, chosen, known.drawers, scan_limit_mb=self.scan_limit)
        facts = dataclasses.replace(facts, subjects=subjects, dynamic=known.dynamic, absent=absent)
        if self.baseline == COMPARE:
            then = ask.captured(self.about, Stood)
            return dataclasses.replace(facts, before=then.rows, side=then.side)
        return facts

    def looked_at(self, facts: Facts) -> int:
        """Count sequences; a backup that carries none was looked at itself."""
        return len(facts.subjects) or int(facts.backup is not None and not facts.server.standby)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare."""
        name = facts.server.database
        if facts.server.standby:
            message = f"{name} is on a standby, whose sequences run up to 32 numbers ahead of the primary's; ask that."
            yield Finding(name, Verdict.UNKNOWN, message)
        elif _foreign(facts, self.from_database):
            yield Finding(
                name,
                Verdict.BLOCK,
                f"{facts.backup} is a backup of the database {facts.backup_database}, not of {name}; if that is meant, "
                f"say so with from_database: {facts.backup_database}.",
                {"backup_database": facts.backup_database, "database": name},
                {"database": self.from_database or name},
            )
        elif facts.mode != "live" and not facts.subjects and not facts.absent:
            message = f"{facts.backup} carries no SEQUENCE SET for this selection: a restore moves no sequence."
            yield Finding(facts.backup or name, Verdict.PASS, message)
        else:
            yield from self._judge_each(facts)

    def _mode(self, ask: Ask) -> str:
        step = ask.step
        if self.backup is None or self.baseline or (step is not None and step.moment == "after"):
            return "live"
        restores = step is not None and step.kind == "restore"
        return (step.sequences if step is not None and restores else None) or "from-backup"

    def _chosen(
        self, rows: Iterable[SequenceRow], sets: Iterable[SequenceSet], mode: str
    ) -> tuple[tuple[Subject, ...], tuple[str, ...]]:
        """Choose what is judged, and tell which names of ``only`` are not among it."""
        by_name = {(row.schema, row.name): row for row in rows}
        if mode == "live":
            found = {name: Subject(row.object, row) for name, row in by_name.items()}
        else:
            found = {(each.schema, each.name): _carried(each, by_name) for each in sets}
        if not self.only:
            return tuple(found.values()), ()
        called = {".".join(name): subject for name, subject in found.items()}
        called |= {subject.object: subject for subject in found.values()}
        asked = dict.fromkeys(called[name] for name in self.only if name in called)
        return tuple(asked), tuple(name for name in self.only if name not in called)

    def _judge_each(self, facts: Facts) -> Iterator[Finding]:
        for name in facts.absent:
            yield Finding(name, Verdict.UNKNOWN, f"There is no sequence {name} to look at.")
        if self.baseline == CAPTURE:
            yield from (judge_live(each) for each in facts.subjects if each.live_next is None)
            yield kept(len(facts.subjects), "sequence")
            return
        yield from rewound(facts.before, facts.subjects, facts.side)
        if facts.mode == "live":
            found = [judge_live(subject) for subject in facts.subjects]
        elif facts.mode == "from-backup":
            found = [judge_restore(subject) for subject in facts.subjects]
        else:
            found = [judge_kept(subject, facts.mode) for subject in facts.subjects]
        yield from _with_remedy(found, facts.mode)
        if facts.mode in {"live", "from-backup"}:
            closed = facts.mode == "from-backup" and facts.in_step
            for name in facts.dynamic:
                yield Finding(
                    name,
                    Verdict.UNKNOWN if closed else Verdict.WARN,
                    f"{name} computes the name of the sequence that it draws from, so the ids it gave out were "
                    "compared with no sequence.",
                )


def _foreign(facts: Facts, expected: str | None) -> bool:
    return facts.backup_database is not None and facts.backup_database != (expected or facts.server.database)


def _carried(each: SequenceSet, rows: Mapping[tuple[str, str], SequenceRow]) -> Subject:
    row = rows.get((each.schema, each.name))
    return Subject(row.object if row is not None else f"{each.schema}.{each.name}", row, each)


def _with_remedy(found: list[Finding], mode: str) -> Iterator[Finding]:
    """Offer one remedy for all sequences that would be rewound, so that it is taken over once."""
    behind = [finding.object for finding in found if finding.verdict is Verdict.BLOCK]
    then = [
        {
            "title": f"Raise {listed(behind, _NAMES_IN_A_TITLE)} above every id in use",
            "sequences": {"raise": {"sequences": behind}, "margin": _MARGIN},
        }
    ]
    if mode == "live":
        remedy = Remedy("Raising the sequences above every id in use lets the next insert get a fresh one.", {}, then)
    else:
        why = "Without its SEQUENCE SETs a restore puts no sequence back; raising them makes sure they are ahead."
        remedy = Remedy(why, {"restore.sequences": "keep"}, then if behind else ())
    for finding in found:
        offered = finding.verdict is Verdict.BLOCK or (mode == "from-backup" and finding.verdict > Verdict.PASS)
        yield dataclasses.replace(finding, remedy=remedy) if offered else finding
