"""Ask a guard: give a check its port to the target, judge what it learned, and never say ok where it could not look."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from checks.base import (
    Answer,
    ArchiveFacts,
    CannotAskError,
    Check,
    Finding,
    Selection,
    SequenceSet,
    StepContext,
    Verdict,
)
from checks.describe import CheckSpec, ParamError
from runner.archive import read_archive, sequence_sets
from runner.errors import ShisaError
from runner.evidence import Evidence, KnownException

if TYPE_CHECKING:
    from runner.postgres.readonly import ReadOnlySession, Table

Row = TypeVar("Row")
CHUNK = 50
"""Queries in one UNION ALL: a statement locks every relation it names, and parse time grows faster than its length."""
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
    ) -> None:
        """``folder`` is where relative paths start; ``other`` gives the port of another target of the run."""
        self.session = session
        self.target = target
        self.sent: list[str] = []
        self._step = step
        self._folder = folder
        self._other = other
        self._open = contextlib.ExitStack()
        self._archives: dict[Path, ArchiveFacts] = {}

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Hold a snapshot of this target, and of every other one that is asked meanwhile."""
        self._archives.clear()
        with self._open, self.session.snapshot():
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
        return _built(self._fetch([_rendered(sql, params) if params else sql])[0], into)

    def chunks(self, queries: Sequence[str], into: type[Row], /) -> list[Row]:
        """Run many small queries, 50 of them a statement; see ``Ask``."""
        unions = ["\nUNION ALL ".join(queries[at : at + CHUNK]) for at in range(0, len(queries), CHUNK)]
        found: list[Row] = []
        for at in range(0, len(unions), AHEAD):
            for table in self._fetch(unions[at : at + AHEAD]):
                found += _built(table, into)
        return found

    def select(self, sql: str, /, **params: Any) -> Answer:
        """Run a query that a person wrote; see ``Ask``."""
        text = _rendered(sql, params)
        self.sent.append(text)
        table = self.session.fetch_foreign(text)
        return Answer(table.columns, tuple(table.rows))

    def archive(self, path: Path) -> ArchiveFacts:
        """Read a backup's table of contents, once for each guard; see ``Ask``."""
        if path not in self._archives:
            try:
                self._archives[path] = read_archive(self._folder / path)
            except ShisaError as error:
                raise CannotAskError(_sentence(error)) from None
        return self._archives[path]

    def sequence_sets(self, path: Path) -> tuple[SequenceSet, ...]:
        """Tell what a restore of the step's selection would set; see ``Ask``."""
        step, chosen = self._step, Selection()
        if step is not None and step.selection is not None and step.backup == self._folder / path:
            chosen = step.selection
        facts = self.archive(path)
        try:
            found = sequence_sets(facts, chosen)
        except ShisaError as error:
            raise CannotAskError(_sentence(error)) from None
        return tuple(dataclasses.replace(each, schema=chosen.into.get(each.schema, each.schema)) for each in found)

    def other(self, target: str) -> GuardAsk:
        """The same port for another target of the run; see ``Ask``."""
        if self._other is None:
            raise CannotAskError(f"there is no other target {target} here")
        found = self._other(target)
        if found.session is not self.session:
            self._open.enter_context(found.snapshot())
        found.sent = self.sent
        return found

    def _fetch(self, queries: Sequence[str]) -> list[Table]:
        self.sent += queries
        return self.session.fetch_all(queries)


def ask_guard(
    spec: CheckSpec,
    params: Mapping[str, Any],
    ask: GuardAsk,
    *,
    severity: str = "block",
    accept: Iterable[KnownException] = (),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Evidence:
    """Ask one guard on one snapshot and judge; whatever keeps it from looking is UNKNOWN, never an exception."""
    begun, taken = time.monotonic(), clock()
    sent = len(ask.sent)
    looked_at, findings, failure = _found(spec, params, ask)
    known = {each.object: each for each in accept if each.check == spec.id and _holds(each, taken)}
    if severity == "warn":
        findings = [_lowered(finding) for finding in findings]
    findings.sort(key=lambda finding: -finding.verdict)
    counting = [finding for finding in findings if finding.object not in known]
    verdict = max([finding.verdict for finding in counting], default=Verdict.PASS)
    if failure or not (looked_at or spec.cls.empty_ok):
        verdict = max(verdict, Verdict.UNKNOWN)
    return Evidence(
        check=spec.id,
        verdict=verdict,
        message=failure or _message(spec, counting, looked_at, len(findings) - len(counting)),
        looked_at=looked_at,
        findings=tuple(findings),
        target=ask.target,
        sql=tuple(ask.sent[sent:]),
        taken_at=taken.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        duration_ms=round((time.monotonic() - begun) * 1000),
        accepted=known,
        limits=spec.limits,
        severity=severity,
    )


def could_not_ask(
    spec: CheckSpec, target: str, reason: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Evidence:
    """Make the evidence of a guard whose target was not even reached: UNKNOWN, with the reason."""
    taken = clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Evidence(spec.id, Verdict.UNKNOWN, _could_not(spec, reason), 0, (), target, (), taken, 0, limits=spec.limits)


def _found(spec: CheckSpec, params: Mapping[str, Any], ask: GuardAsk) -> tuple[int, list[Finding], str]:
    """Look and judge: how many objects, what was found, and why it failed (empty where it did not)."""
    try:
        _require_version(spec, ask.server_version)
        check: Check[Any] = spec.build(params, ask.step)
        with ask.snapshot():
            facts = check.gather(ask)
        looked_at = check.looked_at(facts)
        findings = list(check.judge(facts))
    except CannotAskError as error:
        return 0, [], _could_not(spec, error.reason)
    except ParamError as error:
        return 0, [], _could_not(spec, str(error))
    except Exception as error:  # noqa: BLE001 - a defect in a check must close the gate, not open it
        return 0, [], _could_not(spec, f"the check itself failed with {type(error).__name__}: {error}")
    if not looked_at and not check.empty_ok and not any(finding.verdict.closes for finding in findings):
        return 0, findings, f"{spec.id} found no {spec.looks_at} to look at, so it says nothing."
    return looked_at, findings, ""


def _require_version(spec: CheckSpec, version: int) -> None:
    if version // 10000 < spec.since:
        raise CannotAskError(f"it needs PostgreSQL {spec.since}, this is {version // 10000}")


def _message(spec: CheckSpec, counting: Sequence[Finding], looked_at: int, accepted: int) -> str:
    settled = f" {accepted} known and accepted." if accepted else ""
    objecting = [finding for finding in counting if finding.verdict > Verdict.PASS]
    if not objecting:
        told = counting[0].message if len(counting) == 1 else f"Nothing to object to in {looked_at} {spec.looks_at}."
        return told + settled
    more = f" And {len(objecting) - 1} more." if len(objecting) > 1 else ""
    return objecting[0].message + more + settled


def _could_not(spec: CheckSpec, reason: str) -> str:
    return f"{spec.id} could not look: {reason.rstrip('.')}."


def _holds(known: KnownException, now: datetime) -> bool:
    """Whether a known exception has not expired; its last day still counts, a day that cannot be read does not."""
    try:
        return now.date() <= date.fromisoformat(known.until)
    except ValueError:
        return False


def _lowered(finding: Finding) -> Finding:
    lowered = finding.verdict is Verdict.BLOCK
    return dataclasses.replace(finding, verdict=Verdict.WARN) if lowered else finding


def _built(table: Table, into: type[Row]) -> list[Row]:
    """Build one object a row; the columns must be exactly the fields, in any order."""
    fields = [field.name for field in dataclasses.fields(into)]  # type: ignore[arg-type]
    if list(table.columns) == fields:
        return [into(*row) for row in table.rows]
    if sorted(table.columns) != sorted(fields):
        raise CannotAskError(f"a query returned {', '.join(table.columns)}; {into.__name__} is {', '.join(fields)}")
    return [into(**dict(zip(table.columns, row, strict=True))) for row in table.rows]


def _rendered(sql: str, params: Mapping[str, Any]) -> str:
    from runner.sql.variables import render

    try:
        return render(sql, params).text
    except ShisaError as error:
        raise CannotAskError(_sentence(error)) from None


def _sentence(error: ShisaError) -> str:
    return f"{error.message} {error.hint or ''}".strip()
