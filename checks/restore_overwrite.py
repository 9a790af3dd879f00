"""``restore-overwrite``: a restore must not put anybody's newer rows back to what they were."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from checks.answers import GroupDiff, TableDiff
from checks.base import Ask, CannotAskError, Check, DiffFacts, Finding, Json, Verdict, check, param
from checks.facts.restored import touched
from checks.facts.scope import not_there
from checks.facts.wording import counted, listed

_NOTHING: Mapping[str, str] = {}
_NAMED = 100
"""Groups that are asked for by name."""
_HARMLESS = {"insert-missing", "add"}
"""Modes that overwrite nothing, whatever the rows are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the judgement needs."""

    mode: str
    """``overwrite``, ``replace``, ``insert-missing``, or ``add``: a restore that only adds rows."""
    diff: DiffFacts
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What people call a group, where they say."""


@check(
    "restore-overwrite",
    since=14,
    group="backups and restores",
    looks_at="tables",
    limits=["changed_since", "deleted_since", "inserted_since", "rows_written"],
    binds=["rows_written"],
    steady=True,
)
class RestoreOverwrite(Check[Facts]):
    """No restore takes a row back that somebody changed since the backup.

    ## Why it matters

    A backup holds rows as they were. Whoever brings them back over the live ones resets what customers saved since,
    and no error tells. Asked by word of mouth, "does this customer use the feature?" was answered "not yet", and the
    settings that they had saved were gone.

    ## When it blocks

    A group of rows (a tenant, by `group_by` or `tenant_of`) that is not in `allow` has a row that changed since the
    backup, or one that was deleted since and would come back; where rows are replaced, also one that was inserted since
    and would go. Rows of a table that tells no group belong to nobody in `allow`. A backup of another database blocks.

    Without a step it judges a restore that overwrites every table of the backup. In a restore step it judges the
    selection, `where` and `rows`: `insert-missing`, and a restore without `rows`, overwrite nothing and pass.

    Changed means that the typed row has another image: also `Abc` → `aBC` in citext, `1.0` → `1.00`, `0` → `-0`. The
    same instant dumped under another time zone is no change.

    It is unknown where a table or column of the backup is gone, a value does not fit the live column any more, the role
    may not read the rows, `limit` is over, and on a standby as soon as a row differs as text.

    ## What to do

    Restore with `rows: insert-missing`, or narrow the restore with `where` to the tenant that asked. Ask the tenants
    named here in writing before anything of theirs is overwritten.

    Where the runbook's parameter has a label, groups are told by name: `tenant_id 42 = ACME K.K.`. The rows that
    would be written are bound by the reviewer's signature: more of them later, and the approval is stale.

    ## What it cannot see

    Columns that were added since the backup (it names them). Rows written between this look and the restore: let the
    step ask again. In a table without a key a changed row counts as one deleted and one inserted. A table that was
    truncated or rewritten by ALTER TABLE while this looked seems empty, and blocks. For rows of the backup, tables that
    `where` and `tenant_of` look into are looked up in the backup where the restore brings them; a function that looks
    something up itself always sees live rows.
    """

    backup: Path | None = param("pg_dump archive or plain dump that would be restored.", default=None)
    group_by: str | None = param("Column that tells whose a row is, as tenant_id.", default=None)
    tenant_of: Mapping[str, str] | None = param(
        "For tables that lack that column: table, as schema.name → SQL expression over its row.", default=None
    )
    allow: tuple[str, ...] = param("Groups whose rows may be overwritten.", default=())
    tables: tuple[str, ...] = param("Tables to look at, as schema.name; all of the restore where empty.", default=())
    where: Mapping[str, str] | None = param(
        "Table, as schema.name → SQL condition: only such rows would be restored.", default=None
    )
    named_by: str | None = param(
        "Parameter of the runbook whose label names a group; the only one with a label where empty.", default=None
    )
    from_database: str | None = param(
        "Database that the backup was taken from, where that is not the target's own name.", default=None
    )
    examples: int = param(
        "Rows to name for each group, by key and changed columns; never their values.", default=0, minimum=0
    )
    limit: timedelta = param("Longest time that the comparison may take.", default=timedelta(minutes=30))

    def gather(self, ask: Ask) -> Facts:
        """Compare."""
        if self.backup is None:
            raise CannotAskError("no backup is named: give backup, or put the guard into a restore step")
        step = ask.step
        mode = "overwrite"
        if step is not None and step.kind == "restore":
            mode = step.rows or "add"
        diff = ask.diff(
            self.backup,
            self.tables,
            limit=self.limit,
            group_by=self.group_by,
            tenant_of=self.tenant_of or _NOTHING,
            where=self.where or _NOTHING,
            examples=self.examples,
        )
        return Facts(mode, diff, self._names(ask, diff))

    def _names(self, ask: Ask, diff: DiffFacts) -> dict[str, str]:
        """Ask what people call the groups, as the runbook asks for its parameter."""
        labels = {} if ask.step is None else ask.step.labels
        param = self.named_by or (next(iter(labels)) if len(labels) == 1 else "")
        if param not in labels:
            return {}
        label, found = labels[param], {}
        groups = dict.fromkeys(each.group for table in diff.tables for each in table.groups if each.group is not None)
        for group in list(groups)[:_NAMED]:
            with contextlib.suppress(CannotAskError):
                value = int(group) if group.removeprefix("-").isdecimal() else group
                answer = ask.other(label.target).select(label.sql, **{param: value})
                if len(answer.rows) == 1 and len(answer.columns) == 1 and answer.rows[0][0] is not None:
                    found[group] = str(answer.rows[0][0])
        return found

    def looked_at(self, facts: Facts) -> int:
        """Count tables; a name that has no rows in the backup was looked for too."""
        return len(facts.diff.tables) or len(facts.diff.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Say who would lose what."""
        diff = facts.diff
        yield from not_there(diff.absent, "table with rows in the backup called")
        expected = self.from_database or diff.database
        if diff.backup_database not in {None, expected}:
            yield Finding(
                diff.database,
                Verdict.BLOCK,
                f"The backup is one of the database {diff.backup_database}, not of {diff.database}; if that is meant, "
                f"say so with from_database: {diff.backup_database}.",
                {"backup_database": diff.backup_database, "database": diff.database},
                {"database": expected},
            )
        for table in diff.tables:
            if table.unseen and facts.mode == "add":
                message = f"Nothing is overwritten in {table.table}: rows are only added ({table.unseen})."
                yield Finding(table.table, Verdict.PASS, message, {"table": table.table})
            elif table.unseen:
                message = f"Nobody can tell what a restore would overwrite in {table.table}: {table.unseen}."
                yield Finding(table.table, Verdict.UNKNOWN, message, {"table": table.table})
            elif not table.groups:
                yield _unchanged(facts.mode, table)
            for group in table.groups:
                yield self._judged(facts, table, group)

    def _judged(self, facts: Facts, table: TableDiff, group: GroupDiff) -> Finding:
        mode = facts.mode
        taken = 0 if mode in _HARMLESS else touched(mode, group)
        allowed = group.group is not None and group.group in self.allow
        verdict = Verdict.BLOCK if taken and not allowed else Verdict.PASS
        who, name = self._called(table, group), facts.names.get(group.group or "")
        return Finding(
            f"{table.table} ({who})" if table.grouped else table.table,
            verdict,
            _sentence(mode, table, group, who if name is None else f"{who} = {name}"),
            _measured(mode, table, group),
            {"allow": list(self.allow)},
            shown=_shown(group),
        )

    def _called(self, table: TableDiff, group: GroupDiff) -> str:
        if not table.grouped:
            return "all tenants together"
        if group.group is None:
            return "rows of no tenant"
        by_column = table.table not in (self.tenant_of or {}) and self.group_by
        return f"{by_column or 'tenant'} {group.group}"


def _measured(mode: str, table: TableDiff, group: GroupDiff | None) -> dict[str, Json]:
    return {
        "table": table.table,
        "group": group.group if group else None,
        "changed_since": group.changed_since if group else 0,
        "deleted_since": group.deleted_since if group else 0,
        "inserted_since": group.inserted_since if group else 0,
        "rows_written": touched(mode, group) if group else 0,
        "backup_rows": table.backup_rows,
        "live_rows": table.live_rows,
        "by_key": table.keyed,
    } | ({"columns_not_in_backup": list(table.added_columns)} if table.added_columns else {})


def _shown(group: GroupDiff) -> dict[str, Json]:
    told = [{"key": each.key, "columns": list(each.columns)} for each in group.examples]
    return {"examples": told} if told else {}


def _sentence(mode: str, table: TableDiff, group: GroupDiff, who: str) -> str:
    numbers = (
        f"{group.changed_since} changed, {group.deleted_since} deleted and {group.inserted_since} inserted "
        f"since the backup"
    )
    added = f" Columns that the backup lacks: {listed(table.added_columns)}." if table.added_columns else ""
    where = f"in {table.table}, {who}: {numbers}"
    if mode in _HARMLESS:
        back = counted(group.deleted_since, "row")
        what = f"{back} would be inserted" if mode == "insert-missing" else "rows are only added"
        return f"Nothing is overwritten {where}; {what}.{added}"
    lost = [
        f"{counted(group.changed_since, 'row')} would go back to what the backup holds" if group.changed_since else "",
        f"{counted(group.deleted_since, 'deleted row')} would come back" if group.deleted_since else "",
        f"{counted(group.inserted_since, 'newer row')} would be lost"
        if mode == "replace" and group.inserted_since
        else "",
    ]
    told = ", ".join(filter(None, lost)) or "newer rows stay"
    return f"{told[:1].upper()}{told[1:]} {where}.{added}"


def _unchanged(mode: str, table: TableDiff) -> Finding:
    added = f" Columns that the backup lacks: {listed(table.added_columns)}." if table.added_columns else ""
    message = f"No row of {table.table} differs from the backup.{added}"
    return Finding(table.table, Verdict.PASS, message, _measured(mode, table, None))
