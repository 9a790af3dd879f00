"""The port through which a check asks, and what it is told about the step it stands in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from checks.answers import (
    Answer,
    ArchiveFacts,
    Captured,
    Change,
    DiffFacts,
    Ran,
    ReadFacts,
    Selection,
    SequenceSet,
    SessionFacts,
    Trial,
)

Row = TypeVar("Row")


class CannotAskError(Exception):
    """A question could not be answered: no privilege, a timeout, no such file. It becomes UNKNOWN."""

    def __init__(self, reason: str, *, sqlstate: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sqlstate = sqlstate


@dataclasses.dataclass(frozen=True, slots=True)
class Label:
    """How people's name for a parameter's value is asked for."""

    target: str
    sql: str


@dataclasses.dataclass(frozen=True, slots=True)
class StepContext:
    """The step that a guard stands in, as it is rendered."""

    id: str
    kind: str
    statements: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    """What the statements change, or where they change nothing what they read; names as they stand in the text."""
    lock: str | None = None
    """The strongest table lock that the statements take, as ``AccessExclusiveLock``; ``unknown``; None."""
    backup: Path | None = None
    """The archive that a restore takes from."""
    selection: Selection | None = None
    sequences: str | None = None
    """A restore's mode: ``keep``, ``raise`` or ``from-backup``."""
    rows: str | None = None
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tenant_of: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """SQL of whose a row is, by table."""
    from_database: str | None = None
    """Database that a restore's backup was taken from, where it says so."""
    labels: Mapping[str, Label] = dataclasses.field(default_factory=dict)
    """The runbook's parameters whose values have a name, with the question for it."""
    moment: str = "before"
    """``before`` the effect, ``during`` it or ``after`` it."""


class Ask(Protocol):
    """Everything a check may do to learn facts; all of it bounded in time, and read-only but for ``try_out``.

    Each method raises CannotAskError where it could not look.
    """

    @property
    def step(self) -> StepContext | None:
        """The step that the guard stands in; None for ``shisa check``."""

    @property
    def server_version(self) -> int:
        """``server_version_num`` of the target, as 180006."""

    def rows(self, sql: str, into: type[Row], /, **params: Any) -> list[Row]:
        """Run one query and build one ``into`` (a dataclass named by column) for each row.

        ``params`` are psql variables of the query (``:'name'``, ``:"name"``, ``:name``).
        """

    def chunks(self, queries: Sequence[str], into: type[Row], /) -> list[Row]:
        """Run many small queries of the same columns, at most 50 of them as one UNION ALL statement."""

    def named(self, sql: str, into: type[Row], /, **params: Any) -> list[Row]:
        """Run one query like ``rows``, with the session's own search_path: for names as a person wrote them."""

    def select(self, sql: str, /, **params: Any) -> Answer:
        """Run a query that a person wrote; one that is not provably read-only is refused."""

    def archive(self, path: Path) -> ArchiveFacts:
        """Read a backup file's table of contents."""

    def sequence_sets(self, path: Path) -> tuple[SequenceSet, ...]:
        """Tell what a restore of the step's selection would set, by the names on the target.

        Without a step, or where the step restores another file, it is the whole archive. The step's mode
        (``keep``, ``raise``, ``from-backup``) is not considered.
        """

    def diff(
        self,
        path: Path,
        tables: Sequence[str] = (),
        *,
        limit: timedelta,
        group_by: str | None = None,
        tenant_of: Mapping[str, str] = {},
        where: Mapping[str, str] = {},
        examples: int = 0,
    ) -> DiffFacts:
        """Compare the rows of a backup with the live ones: changed, deleted and inserted since, by group.

        Looked at are the tables of the step's selection, and of these ``tables`` where any are given. ``tenant_of``
        gives SQL for the group where a table lacks ``group_by``. A table that cannot be compared says why.
        """

    def read_through(self, path: Path, *, limit: timedelta) -> ReadFacts:
        """Read everything in a backup file to its end, rows too, in bounded memory and for at most ``limit``."""

    def changes(self, statements: Sequence[str], /) -> tuple[Change, ...]:
        """Tell of each statement that writes rows how they can be counted before."""

    def try_out(self, statements: Sequence[str], /, *, trusted: Sequence[str], limit: timedelta) -> tuple[Trial, ...]:
        """Run statements that write rows, count what they changed, and roll it all back; for a run's own guards only.

        ``trusted`` are functions that do nothing but what a rollback takes back; what else might is refused.
        """

    def run(self, argv: Sequence[str], /, *, limit: timedelta) -> Ran:
        """Run a program to its end, for at most ``limit``; only what the target's own people named may be given."""

    def disk_free(self, *, limit: timedelta) -> int:
        """Tell the free bytes of the target's data volume, by the command that its configuration names."""

    def session_facts(self) -> SessionFacts:
        """Tell how the connection behaves over several transactions."""

    def capture(self, about: str, rows: Sequence[object], /) -> None:
        """Keep rows (dataclasses) as this run's baseline, for a later guard that is ``about`` the same."""

    def captured(self, about: str, into: type[Row], /) -> Captured[Row]:
        """Give the rows of the newest baseline of this run that is ``about`` the same, on this target."""

    def other(self, target: str) -> Ask:
        """The same port for another target of the run."""
