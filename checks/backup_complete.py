"""``backup-complete``: the backup holds every table and sequence that is needed from it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from checks.base import ArchiveEntry, Ask, Check, Finding, Selection, Verdict, check, param
from checks.facts.backup_needs import Need, chosen, needs
from checks.facts.names import Name, name_of, written

_PARTITIONED = "PARTITION BY"


@dataclasses.dataclass(frozen=True, slots=True)
class PresentRow:
    """One name, and whether the target has it."""

    name: str
    present: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectRow:
    """One table or sequence of the target."""

    schema: str
    name: str
    kind: str


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What is wanted, and what there is."""

    backup: str
    tables: tuple[Name, ...] = ()
    """Tables that the backup defines or has rows for, as far as they are chosen."""
    with_rows: tuple[Name, ...] = ()
    sequences: tuple[Name, ...] = ()
    rowless: tuple[Name, ...] = ()
    """Partitioned tables, which have no rows of their own."""
    wanted: tuple[tuple[str, Name], ...] = ()
    """``table`` or ``sequence``, and its name."""
    dangling: tuple[Need, ...] = ()
    """What definitions refer to and neither the backup nor the target has."""


@check("backup-complete", since=14, group="target and backup", looks_at="tables and sequences", steady=True)
class BackupComplete(Check[Facts]):
    """The backup holds every table and sequence that is needed from it.

    ## Why it matters

    `pg_dump -n env_b` leaves out the sequence in another schema that env_b's defaults draw from, and the parent of its
    tables. The dump succeeds; the restore fails, on the night it is needed.

    ## When it blocks

    A table that is asked for is not in the backup, or has no rows in it (it was left out by --schema-only or
    --exclude-table-data); or a definition refers to a sequence, parent or referenced table that neither the backup's
    chosen part nor the target has. What is asked for: `tables`, or the step's selection, or else every table and
    sequence that the target has in the schemas of the backup.

    ## What to do

    Take the backup again without the option that left things out, or restore what is missing first.

    ## What it cannot see

    Rows that are missing inside a table (row-level security, a dump that broke off: `backup-readable`). References
    inside functions and views. A plain dump tells no definitions: unknown.
    """

    backup: Path = param("pg_dump archive.")
    tables: tuple[str, ...] = param("Tables that must be in it with their rows, as schema.name.", default=())

    def gather(self, ask: Ask) -> Facts:
        """Read the table of contents, then ask the target for what it refers to."""
        archive = ask.archive(self.backup)
        step = ask.step
        restores = step is not None and step.kind == "restore"
        selection = step.selection if step is not None and restores else None
        taken = [entry for entry in archive.entries if chosen(entry, selection)]
        facts = Facts(
            str(self.backup),
            tables=_named(taken, "TABLE", "TABLE DATA"),
            with_rows=_named(taken, "TABLE DATA"),
            sequences=_named(taken, "SEQUENCE"),
            rowless=tuple((e.schema, e.name) for e in taken if e.kind == "TABLE" and _PARTITIONED in e.definition),
        )
        if archive.format == "plain":
            return facts
        into = {} if selection is None else selection.into
        dangling = self._dangling(ask, facts, tuple(needs(archive.entries, selection)), dict(into))
        return dataclasses.replace(facts, dangling=dangling, wanted=self._wanted(ask, facts, selection))

    def looked_at(self, facts: Facts) -> int:
        """Count what is wanted."""
        return len(facts.wanted)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Name what is missing."""
        here = set(facts.tables) | set(facts.sequences)
        for kind, name in facts.wanted:
            if name not in here:
                yield _missing(
                    facts, name, f"The {kind} {written(name)} is not in {facts.backup}: it cannot come back."
                )
            elif kind == "table" and name not in facts.with_rows and name not in facts.rowless:
                message = f"{facts.backup} has the table {written(name)} without its rows: it would come back empty."
                yield _missing(facts, name, message)
        for need in facts.dangling:
            yield _missing(
                facts,
                need.name,
                f"{written(need.of)} in {facts.backup} needs {need.role} {written(need.name)}, which neither the "
                "backup nor the target has: the restore fails there.",
            )

    def _wanted(self, ask: Ask, facts: Facts, selection: Selection | None) -> tuple[tuple[str, Name], ...]:
        asked = self.tables or (selection.tables if selection is not None else ())
        if asked:
            return tuple(("table", _resolve(text, facts)) for text in asked)
        if selection is not None:
            return tuple(("table", name) for name in facts.tables)
        schemas = {schema for schema, _ in (*facts.tables, *facts.sequences)}
        rows = ask.rows(self.queries["objects"], ObjectRow)
        return tuple((row.kind, (row.schema, row.name)) for row in rows if row.schema in schemas)

    def _dangling(self, ask: Ask, facts: Facts, found: tuple[Need, ...], into: dict[str, str]) -> tuple[Need, ...]:
        inside = {*facts.tables, *facts.sequences}
        open_ = {need: written((into.get(need.name[0], need.name[0]), need.name[1])) for need in found}
        open_ = {need: name for need, name in open_.items() if need.name not in inside}
        if not open_:
            return ()
        rows = ask.rows(self.queries["present"], PresentRow, names=json.dumps(sorted(set(open_.values()))))
        absent = {row.name for row in rows if not row.present}
        return tuple(need for need, name in open_.items() if name in absent)


def _named(entries: list[ArchiveEntry], *kinds: str) -> tuple[Name, ...]:
    return tuple(dict.fromkeys((entry.schema, entry.name) for entry in entries if entry.kind in kinds))


def _resolve(text: str, facts: Facts) -> Name:
    """Find the table that a name stands for; a bare name may stand for one of any schema."""
    named = name_of(text)
    if named is not None:
        return named
    return next((name for name in facts.tables if name[1] == text), ("", text))


def _missing(facts: Facts, name: Name, message: str) -> Finding:
    measured = {"backup": facts.backup, "tables_with_rows": len(facts.with_rows)}
    return Finding(written(name) if name[0] else name[1], Verdict.BLOCK, message, measured, {"missing": 0})
