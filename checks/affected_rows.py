"""``affected-rows``: how many rows a statement will touch, whose they are, and what goes along."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from checks.base import Ask, CannotAskError, Change, Check, Finding, Json, StepContext, Trial, Verdict, check, param
from checks.facts.cascades import ReferenceRow, along
from checks.facts.names import quoted
from checks.facts.relations import Trees, trees
from checks.facts.restored import written_by
from checks.facts.tried import HazardRow, others, refuse_hazards, rows_of, told
from checks.facts.wording import counted, listed

_PATIENCE = timedelta(minutes=30)
"""Longest that a backup's rows are compared."""
_GROUPS = 20
"""Groups that the evidence names."""


@dataclasses.dataclass(frozen=True, slots=True)
class TriggerRow:
    """One trigger or rule, and what sets it going."""

    relation: int
    what: str
    object: str
    insert: bool
    update: bool
    delete: bool
    truncate: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """Rows of another table that go along; None where nobody could count them."""

    table: str
    action: str
    rows: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """What one statement would touch, or a restore of rows in one table."""

    statement: int
    """Its number; 0 where it is a restore."""
    kind: str
    relation: str
    problem: str = ""
    rows: int | None = None
    at_most: bool = False
    groups: tuple[tuple[str, int], ...] = ()
    along: tuple[Taken, ...] = ()
    triggers: tuple[str, ...] = ()
    tried: bool = False
    """Whether it was run and rolled back, so that cascades and triggers are counted too."""


@check("affected-rows", since=14, group="effect", looks_at="statements", limits=["rows", "rows_along"])
class AffectedRows(Check[list[Reach]]):
    """The statements touch as many rows as expected, of nobody else.

    ## Why it matters

    A WHERE that was meant for one tenant fits all of them; a DELETE of ten rows takes ten thousand along over foreign
    keys. "DELETE 334" is the number of one table only, and it is told when it is too late.

    ## When it blocks

    A statement would touch more than `max_rows` or fewer than `min_rows`, rows of a group (`group_by`, as tenant_id)
    that is not in `allow`, or take more than `max_along` rows along. It warns where no bound is given, or where rows go
    along and nobody said how many may. It is unknown where the rows cannot be counted beforehand: MERGE, DO, a writing
    WITH, functions not known to be harmless, rules, a statement after one that changes the same table, foreign keys
    that lead in a circle, rows that the role may not see.

    In a restore step with `rows` it counts what would be inserted, overwritten and removed in each table, within the
    step's `where`, as `restore-overwrite` compares them; a row that changed its group counts for both. A restore
    without `rows` is unknown: it adds all that the backup holds, or fails.

    With `exact: true` the statements are run in one transaction, counted by the server, and rolled back. MERGE, a
    writing WITH, circles and the writes of triggers are counted then. What a rollback might not take back is refused,
    and so unknown: sequences that are drawn from, TRUNCATE, DDL, and triggers, rules and functions in defaults,
    constraints, indexes and policies of any table in reach, unless `trusted` names the function.

    ## What to do

    Narrow the WHERE. Repeat the bound in the step's `expect`, which counts inside the transaction and rolls back.

    ## What it cannot see

    What triggers write (it names them); rows that others change between this look and the step; how many rows
    ON CONFLICT leaves alone (the number is then the most); keys that lead to a single partition of a table whose rows
    go along. Counting reads the rows, and takes as long. Statements that change no rows (DDL) are unknown; see
    `cascade-reach` for DROP.

    A trial costs what the statements cost: it locks each row until it is rolled back (others wait for that long),
    writes WAL that standbys replay, and leaves dead rows to vacuum. It waits 2 s for a lock at most. A preflight and a
    reviewer's own look make no trial.
    """

    statements: tuple[str, ...] = param("The statements; the step's own where it has some.", default=())
    statement: str | None = param("One statement, for the command line.", default=None)
    max_rows: int | None = param("Most rows a statement may touch.", default=None, minimum=0)
    min_rows: int | None = param("Fewest rows a statement must touch.", default=None, minimum=0)
    group_by: str | None = param("Column whose values are told with their rows, as tenant_id.", default=None)
    allow: tuple[str, ...] = param("Values of that column that may be touched.", default=())
    max_along: int | None = param(
        "Most rows of other tables that may go along over foreign keys.", default=None, minimum=0
    )
    exact: bool = param("Whether the statements are run and rolled back, to count what they change.", default=False)
    trusted: tuple[str, ...] = param(
        "Functions that do nothing but what a rollback takes back, as public.audit, for a trial.", default=()
    )
    within: timedelta = param("Longest that each statement of a trial may run.", default=timedelta(seconds=10))

    def gather(self, ask: Ask) -> list[Reach]:
        """Count for each statement, then what goes along."""
        step = ask.step
        if step is not None and step.kind == "restore" and step.backup is not None and self.statement is None:
            return self._restored(ask, step, step.backup)
        texts = (self.statement,) if self.statement is not None else self.statements
        changes = ask.changes(texts)
        reaches = [self._reach(ask, change) for change in changes]
        return self._tried(ask, texts, changes, reaches) if self.exact and changes else reaches

    def judge(self, facts: list[Reach]) -> Iterator[Finding]:
        """Compare with the bounds."""
        for reach in facts:
            verdict, why = self._said(reach)
            going = sum(each.rows or 0 for each in reach.along)
            measured: dict[str, Json] = {
                "rows": reach.rows,
                "rows_along": going,
                "groups": [{"group": group, "rows": rows} for group, rows in reach.groups[:_GROUPS]],
                "along": [dataclasses.asdict(each) for each in reach.along],
                "triggers": list(reach.triggers),
                "tried": reach.tried,
            }
            bound = {"max_rows": self.max_rows, "min_rows": self.min_rows, "rows_along": self.max_along}
            number = f" {reach.statement}" if reach.statement else ""
            name = f"{reach.relation or 'statement'} ({reach.kind}{number})"
            yield Finding(
                name, verdict, why, measured, {key: value for key, value in bound.items() if value is not None}
            )

    def _restored(self, ask: Ask, step: StepContext, backup: Path) -> list[Reach]:
        if step.rows is None:
            raise CannotAskError("a restore without `rows` adds all that the backup holds, or fails")
        diff = ask.diff(backup, limit=_PATIENCE, group_by=self.group_by, tenant_of=step.tenant_of, where=step.where)
        return [
            Reach(0, what.kind, what.table, what.problem, what.rows, at_most=len(what.groups) > 1, groups=what.groups)
            for table in diff.tables
            for what in written_by(step.rows, table, grouped=self.group_by is not None)
        ]

    def _reach(self, ask: Ask, change: Change) -> Reach:
        reach = Reach(change.statement, change.kind, change.relation, change.problem, at_most=change.at_most)
        if change.problem:
            return reach
        try:
            return self._counted(ask, change, reach)
        except CannotAskError as error:
            return dataclasses.replace(reach, problem=error.reason)

    def _tried(
        self, ask: Ask, texts: Sequence[str], changes: Sequence[Change], reaches: Sequence[Reach]
    ) -> list[Reach]:
        """Run and roll back; where that may not be done, all of it is unknown."""
        try:
            found, trials = self._trials(ask, texts, changes)
        except CannotAskError as error:
            return [dataclasses.replace(each, problem=f"it may not be tried out: {error.reason}") for each in reaches]
        done = []
        for change, reach in zip(changes, reaches, strict=True):
            trial = trials[change.statement]
            own = {each.object for each in found.relations if each.asked == change.relation}
            done.append(
                dataclasses.replace(
                    reach,
                    problem=f"whose rows they are cannot be told: {reach.problem}" if self._blind(reach) else "",
                    rows=rows_of(change, trial, own),
                    at_most=False,
                    along=tuple(Taken(each.table, told(each), each.rows) for each in others(change, trial, own)),
                    tried=True,
                )
            )
        return done

    def _trials(self, ask: Ask, texts: Sequence[str], changes: Sequence[Change]) -> tuple[Trees, dict[int, Trial]]:
        found = trees(ask, list(dict.fromkeys(name for each in changes for name in each.writes)))
        if found.absent:
            raise CannotAskError(f"there is no table {found.absent[0]}")
        if len({each.statement for each in changes}) < len(changes):
            raise CannotAskError("one text holds several statements, or one statement empties several tables")
        hazards = ask.rows(self.queries["hazards"], HazardRow, relations=found.oids)
        refuse_hazards(hazards, changes, self.trusted)
        return found, {each.statement: each for each in ask.try_out(texts, trusted=self.trusted, limit=self.within)}

    def _blind(self, reach: Reach) -> bool:
        return bool(reach.problem) and self.group_by is not None

    def _counted(self, ask: Ask, change: Change, reach: Reach) -> Reach:
        found = trees(ask, [change.relation])
        if found.absent:
            raise CannotAskError(f"there is no table {change.relation}")
        asked = [each for each in found.relations if each.root or not change.only]
        oids = found.oids
        fires = [
            row for row in ask.rows(self.queries["triggers"], TriggerRow, relations=oids) if getattr(row, change.kind)
        ]
        if rules := [row.object for row in fires if row.what == "rule"]:
            raise CannotAskError(f"the rule {listed(rules)} turns it into something else")
        groups = () if change.given is not None else self._groups(ask, change)
        rows = sum(count for _, count in groups) if change.given is None else change.given
        references = ask.rows(self.queries["references"], ReferenceRow, relations=oids)
        going = list(along(change, asked, references))
        counts = _counts(ask, change, [each.query for each in going])
        return dataclasses.replace(
            reach,
            rows=rows,
            groups=groups if self.group_by is not None else (),
            along=tuple(Taken(each.table, each.action, n) for each, n in zip(going, counts, strict=True)),
            triggers=tuple(row.object for row in fires),
        )

    def _groups(self, ask: Ask, change: Change) -> tuple[tuple[str, int], ...]:
        group = f"{change.alias}.{quoted(self.group_by)}::pg_catalog.text" if self.group_by is not None else "''"
        query = f"{change.common}SELECT {group}, pg_catalog.count(*) {change.rows}\nGROUP BY 1 ORDER BY 2 DESC, 1"
        answer = ask.select(query)
        return tuple(("NULL" if value is None else value, count) for value, count in answer.rows)

    def _said(self, reach: Reach) -> tuple[Verdict, str]:
        which = f"Statement {reach.statement}" if reach.statement else "The restore"
        what = f"{which} ({reach.kind} of {reach.relation or 'unknown'})"
        if reach.problem or reach.rows is None:
            return Verdict.UNKNOWN, f"{what} cannot be counted beforehand: {reach.problem}."
        rows = f"{'at most ' if reach.at_most else ''}{counted(reach.rows, 'row')}"
        strangers = [(group, n) for group, n in reach.groups if self.allow and group not in self.allow]
        going = [each for each in reach.along if each.rows is None or each.rows]
        says = f"{what} would touch {rows}" + (" (tried, and rolled back)" if reach.tried else "")
        if reach.groups and not strangers:
            says += f" of {self.group_by} {listed([group for group, _ in reach.groups])}"
        if going:
            shown = [f"{'?' if each.rows is None else each.rows} of {each.table} ({each.action})" for each in going]
            says += f", and take along {listed(shown)}"
        if reach.triggers:
            whose = "among them" if reach.tried else "not counted"
            says += f"; it fires {listed(list(reach.triggers))}, whose writes are {whose}"
        return self._verdict(reach, says, strangers)

    def _verdict(self, reach: Reach, says: str, strangers: list[tuple[str, int]]) -> tuple[Verdict, str]:
        rows, going = reach.rows or 0, sum(each.rows or 0 for each in reach.along)
        shown = listed([f"{n} of {self.group_by} {group}" for group, n in strangers])
        open_ended = self.max_rows is None and not self.allow
        judged = (
            (bool(strangers), Verdict.BLOCK, f", among them {shown}, whom nobody meant."),
            (_above(rows, self.max_rows), Verdict.BLOCK, f", and {self.max_rows} were expected at most."),
            (rows < (self.min_rows or 0), Verdict.BLOCK, f", and {self.min_rows} were expected at least."),
            (_above(going, self.max_along), Verdict.BLOCK, f": {going} rows go along, and {self.max_along} may."),
            (any(each.rows is None for each in reach.along), Verdict.UNKNOWN, "; nobody can count a circle (?)."),
            (going > 0 and self.max_along is None, Verdict.WARN, "; nobody said how many rows may go along."),
            (open_ended, Verdict.WARN, "; nobody said how many are expected."),
        )
        return next(((verdict, says + why) for holds, verdict, why in judged if holds), (Verdict.PASS, f"{says}."))


def _above(number: int, most: int | None) -> bool:
    return most is not None and number > most


def _counts(ask: Ask, change: Change, queries: list[str | None]) -> list[int | None]:
    """Ask all counts in one statement, in the order of the queries."""
    parts = [f"SELECT {at} AS at, ({query}\n) AS rows" for at, query in enumerate(queries) if query is not None]
    if not parts:
        return [None] * len(queries)
    answer = ask.select(change.common + "\nUNION ALL ".join(parts))
    found = dict(answer.rows)
    return [found.get(at) for at in range(len(queries))]
