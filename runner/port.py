"""The port through which a check learns facts of one target: queries, backups, programs; all of it bounded in time."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from checks.base import (
    Answer,
    ArchiveFacts,
    CannotAskError,
    Captured,
    Change,
    DiffFacts,
    Ran,
    ReadFacts,
    Selection,
    SequenceSet,
    SessionFacts,
    StepContext,
    Trial,
)
from runner import baseline, programs
from runner.allowed import Allowed
from runner.archive import read_archive, read_through, sequence_sets, tables_with_data
from runner.errors import ShisaError
from runner.postgres.built import built
from runner.postgres.names import split_name

if TYPE_CHECKING:
    from checks.base import Json
    from runner.baseline import Baselines
    from runner.basis import Basis
    from runner.postgres.readonly import ReadOnlySession, Table

Row = TypeVar("Row")
CHUNK = 50
"""Queries in one UNION ALL: a statement locks every relation it names, and parse time grows faster than its length."""
_DATABASE = "SELECT current_database()::text"
_LOOKING = Allowed()
_NOTHING: Mapping[str, str] = {}
AHEAD = 8
"""Statements on their way to the server before the first answer is read."""


class GuardAsk:
    """The port ``checks.base.Ask`` for one target, over a read-only session."""

    def __init__(
        self,
        session: ReadOnlySession,
        *,
        target: str,
        step: StepContext | None = None,
        folder: Path = Path(),
        other: Callable[[str], GuardAsk] | None = None,
        disk_free: Sequence[str] | None = None,
        baselines: Baselines | None = None,
        allowed: Allowed = _LOOKING,
    ) -> None:
        """``folder`` is where relative paths start; ``other`` gives the port of another target of the run.

        ``disk_free`` is the command that the target's configuration names for its free bytes; ``baselines`` are the
        run's; ``allowed`` is what a guard may do beside looking.
        """
        self.session = session
        self.target = target
        self.sent: list[str] = []
        self.baseline: dict[str, Json] | None = None
        """What the guard that asks has captured, or compared with."""
        self.basis: Basis | None = None
        """Collects what the guard that asks rests on, where somebody wants to know."""
        self._step = step
        self._folder = folder
        self._other = other
        self._disk_free = disk_free
        self._baselines = baselines
        self._allowed = allowed
        self._open = contextlib.ExitStack()
        self._archives: dict[Path, ArchiveFacts] = {}

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Hold one snapshot from the first query on, of this target and of every other one that is asked meanwhile.

        A check that asks the server nothing, as one that reads a big file, holds none.
        """
        self._archives.clear()
        with self._open:
            yield

    @property
    def step(self) -> StepContext | None:
        """The step that the guard stands in; None for ``shisa check``."""
        return self._step

    @property
    def server_version(self) -> int:
        """``server_version_num`` of the target."""
        return self.session.server_version

    def rows(self, sql: str, into: type[Row], /, **params: Any) -> list[Row]:
        """Run one query of a check; see ``Ask``."""
        return built(self._fetch([_rendered(sql, params) if params else sql])[0], into)

    def chunks(self, queries: Sequence[str], into: type[Row], /) -> list[Row]:
        """Run many small queries, 50 of them a statement; see ``Ask``."""
        unions = ["\nUNION ALL ".join(queries[at : at + CHUNK]) for at in range(0, len(queries), CHUNK)]
        found: list[Row] = []
        for at in range(0, len(unions), AHEAD):
            for table in self._fetch(unions[at : at + AHEAD]):
                found += built(table, into)
        return found

    def named(self, sql: str, into: type[Row], /, **params: Any) -> list[Row]:
        """Run one query of a check with the session's own search_path; see ``Ask``."""
        return built(self._as_the_session(_rendered(sql, params)), into)

    def select(self, sql: str, /, **params: Any) -> Answer:
        """Run a query that a person wrote; see ``Ask``."""
        self._allowed.require_sql()
        table = self._as_the_session(_rendered(sql, params))
        return Answer(table.columns, tuple(table.rows))

    def changes(self, statements: Sequence[str], /) -> tuple[Change, ...]:
        """Tell how the rows that statements write can be counted; see ``Ask``."""
        from runner.sql.counting import changes_of

        self._allowed.require_sql()
        return changes_of(statements)

    def try_out(self, statements: Sequence[str], /, *, trusted: Sequence[str], limit: timedelta) -> tuple[Trial, ...]:
        """Run statements and roll them back; see ``Ask``."""
        from runner.postgres.trial import try_out

        self._allowed.require_trials()
        self._unbounded()
        self._hold()
        self.sent += statements
        return try_out(self.session, statements, trusted=frozenset(trusted), limit=limit)

    def session_facts(self) -> SessionFacts:
        """Tell how the connection behaves over several transactions; see ``Ask``."""
        self._unbounded()
        return self.session.behaviour()

    def run(self, argv: Sequence[str], /, *, limit: timedelta) -> Ran:
        """Run a program to its end in the run's folder; see ``Ask``."""
        self._allowed.require_programs()
        self._unbounded()
        return programs.run(argv, limit, self._folder)

    def disk_free(self, *, limit: timedelta) -> int:
        """Tell the free bytes of the target's data volume; see ``Ask``."""
        self._unbounded()
        return programs.free_bytes(self._disk_free or (), self.target, limit, self._folder)

    def archive(self, path: Path) -> ArchiveFacts:
        """Read a backup's table of contents, once for each guard; see ``Ask``."""
        if path not in self._archives:
            self._rests_on(path)
            try:
                self._archives[path] = read_archive(self._folder / path)
            except ShisaError as error:
                raise CannotAskError(error.whole) from None
        return self._archives[path]

    def read_through(self, path: Path, *, limit: timedelta) -> ReadFacts:
        """Read everything in a backup file to its end; see ``Ask``."""
        self._rests_on(path)
        try:
            return read_through(self._folder / path, seconds=limit.total_seconds())
        except ShisaError as error:
            raise CannotAskError(error.whole) from None

    def diff(
        self,
        path: Path,
        tables: Sequence[str] = (),
        *,
        limit: timedelta,
        group_by: str | None = None,
        tenant_of: Mapping[str, str] = _NOTHING,
        where: Mapping[str, str] = _NOTHING,
        examples: int = 0,
    ) -> DiffFacts:
        """Compare a backup's rows with the live ones; see ``Ask``."""
        from runner.postgres.row_diff import Question, compare

        if where or tenant_of:
            self._allowed.require_sql()
        chosen, facts = self._chosen(path), self.archive(path)
        question = Question(group_by, tenant_of, where, examples)
        try:
            held = [(entry, chosen.into.get(entry.schema, entry.schema)) for entry in tables_with_data(facts, chosen)]
            wanted = {split_name(name): name for name in tables}
            kept = [(entry, schema) for entry, schema in held if not wanted or (schema, entry.name) in wanted]
            found = {(schema, entry.name) for entry, schema in held}
            database = self._fetch([_DATABASE])[0].rows[0][0]
            compared = compare(
                self.session, self._folder / path, kept, question, restored=held, limit=limit, sent=self.sent
            )
        except ShisaError as error:
            raise CannotAskError(error.whole) from None
        absent = tuple(name for parts, name in wanted.items() if parts not in found)
        return DiffFacts(database, facts.database, compared, absent)

    def sequence_sets(self, path: Path) -> tuple[SequenceSet, ...]:
        """Tell what a restore of the step's selection would set; see ``Ask``."""
        chosen, facts = self._chosen(path), self.archive(path)
        try:
            found = sequence_sets(facts, chosen)
        except ShisaError as error:
            raise CannotAskError(error.whole) from None
        return tuple(dataclasses.replace(each, schema=chosen.into.get(each.schema, each.schema)) for each in found)

    def capture(self, about: str, rows: Sequence[object], /) -> None:
        """Keep rows as the run's baseline; see ``Ask``."""
        if self._step is not None and self._step.moment == "during":
            raise CannotAskError("a baseline is captured before or after a step, not while it runs")
        content = baseline.written(about, rows, server_version=self.server_version)
        self.baseline = baseline.told("capture", about, self._run_baselines().keep(content))

    def captured(self, about: str, into: type[Row], /) -> Captured[Row]:
        """Give the rows of the run's newest baseline; see ``Ask``."""
        self._unbounded()
        kept = self._run_baselines().find(self.target, about)
        self.baseline = baseline.told("compare", about, kept.sha256, kept.step)
        return baseline.read(kept, into)

    def other(self, target: str) -> GuardAsk:
        """The same port for another target of the run; see ``Ask``."""
        if self._other is None:
            raise CannotAskError(f"there is no other target {target} here")
        self._unbounded()
        found = self._other(target)
        if found.session is not self.session:
            self._open.enter_context(found.snapshot())
        found.sent = self.sent
        return found

    def _as_the_session(self, text: str) -> Table:
        self._unbounded()
        self.sent.append(text)
        self._hold()
        return self.session.fetch_foreign(text)

    def _rests_on(self, path: Path) -> None:
        if self.basis is not None:
            self.basis.file(self._folder / path)

    def _unbounded(self) -> None:
        if self.basis is not None:
            self.basis.unbounded()

    def _chosen(self, path: Path) -> Selection:
        """The step's selection, where the step restores this backup; else all of it."""
        step = self._step
        if step is not None and step.selection is not None and step.backup == self._folder / path:
            return step.selection
        return Selection()

    def _run_baselines(self) -> Baselines:
        if self._baselines is None:
            raise CannotAskError("a baseline belongs to a run, and there is none here")
        return self._baselines

    def _hold(self) -> None:
        if not self.session.held:
            self._open.enter_context(self.session.snapshot())

    def _fetch(self, queries: Sequence[str]) -> list[Table]:
        self.sent += queries
        self._hold()
        return self.session.fetch_all(queries)


def _rendered(sql: str, params: Mapping[str, Any]) -> str:
    from runner.sql.variables import render

    try:
        return render(sql, params).text
    except ShisaError as error:
        raise CannotAskError(error.whole) from None
