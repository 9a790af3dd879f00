"""What a check is made of: verdicts, findings, the port ``Ask``, and the declaration ``@check``.

A check gathers facts through ``Ask`` (thin, mostly the sibling ``.sql`` file) and judges them (pure: no clock,
no I/O). Nothing here knows the program that asks: ``runner.port`` implements ``Ask``.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

from checks.answers import (
    Answer,
    ArchiveEntry,
    ArchiveFacts,
    Captured,
    Change,
    DiffFacts,
    Ran,
    ReadFacts,
    Selection,
    SequenceSet,
    SessionFacts,
    Touched,
    Trial,
)
from checks.ask import Ask, CannotAskError, StepContext

__all__ = [
    "REGISTRY",
    "Answer",
    "ArchiveEntry",
    "ArchiveFacts",
    "Ask",
    "CannotAskError",
    "Captured",
    "Change",
    "Check",
    "DiffFacts",
    "Facts",
    "Finding",
    "Json",
    "Ran",
    "ReadFacts",
    "Remedy",
    "Selection",
    "SequenceSet",
    "SessionFacts",
    "StepContext",
    "Touched",
    "Trial",
    "Verdict",
    "check",
    "param",
]

Json = Any  # integers, strings, booleans, null and what nests them; no floats (they have no one spelling)
Facts = TypeVar("Facts")


class Verdict(enum.IntEnum):
    """What a guard says; ordered by how much it closes the gate."""

    PASS = 0
    WARN = 1
    UNKNOWN = 2
    BLOCK = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, text: object) -> Verdict:
        """Read what ``str`` wrote; a word that nobody knows is no measurement, and so UNKNOWN."""
        return next((each for each in cls if str(each) == text), cls.UNKNOWN)

    @property
    def closes(self) -> bool:
        """Whether the gate stays shut: not having been able to measure closes it like a danger seen."""
        return self >= Verdict.UNKNOWN


@dataclasses.dataclass(frozen=True, slots=True)
class Remedy:
    """A change of the plan that would take the danger away; offered to the operator, never run by itself."""

    why: str
    """One sentence: what the change does and why it helps."""
    set: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    """Dotted path inside the guarded step → new value, as ``{"restore.sequences": "keep"}``."""
    then: Sequence[Mapping[str, Json]] = ()
    """Steps (as in a runbook file, without ``id``) to add right behind the guarded step."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One object that a check looked at and has something to say about."""

    object: str
    """The object's name as PostgreSQL would print it, ``schema.name``, quoted where needed."""
    verdict: Verdict
    message: str
    """One sentence for the operator: what would happen, and to whom."""
    measured: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    bound: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    remedy: Remedy | None = None
    shown: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    """More that was measured, for the screen only and only where somebody asked for it; never journaled."""


class Check(Generic[Facts]):
    """Base of every check; a subclass is declared with ``@check`` and keeps its parameters as fields."""

    id: ClassVar[str]
    query: ClassVar[str]
    """The sibling ``.sql`` file, as it stands; empty where the check has none."""
    queries: ClassVar[Mapping[str, str]]
    """The statements of a sibling file that holds several, by the name in their ``-- name: …`` line."""
    row: ClassVar[type | None]
    since: ClassVar[int]
    group: ClassVar[str]
    looks_at: ClassVar[str]
    """What is counted in ``looked_at``: ``sequences``, ``tables`` …"""
    empty_ok: ClassVar[bool]
    waivable: ClassVar[bool]
    """Whether a reviewer may accept what it finds, where a policy lets anybody."""
    limits: ClassVar[tuple[str, ...]]
    """Measured numbers of which more is worse; a reviewer's signature bounds them."""
    binds: ClassVar[tuple[str, ...]]
    """Those of them that a signature bounds also where the finding passes."""
    steady: ClassVar[bool]
    """Whether its facts change only by what is written to the cluster or to a file; time and sessions do not matter."""
    scope: ClassVar[tuple[str, ...] | None]
    """The parameters that say what a baseline is of; None where the check has none."""

    @property
    def about(self) -> str:
        """What a baseline is of: a guard compares with what the same check captured in the same scope."""
        return json.dumps([self.id, {name: getattr(self, name) for name in self.scope or ()}], default=str)

    def gather(self, ask: Ask) -> Facts:
        """Learn the facts; the default runs the sibling query and returns its rows."""
        if self.row is None:
            message = f"{self.id} declares neither gather() nor row="
            raise TypeError(message)
        return ask.rows(self.query, self.row)  # type: ignore[return-value]

    def looked_at(self, facts: Facts) -> int:
        """How many objects were looked at; 0 is UNKNOWN unless the check declares ``empty_ok``."""
        return len(facts)  # type: ignore[arg-type]

    def judge(self, facts: Facts) -> Iterable[Finding]:
        """Say what the facts mean; pure. Each check has its own: what facts mean has no default."""
        raise NotImplementedError


def param(
    description: str,
    *,
    default: Any = dataclasses.MISSING,
    minimum: int | None = None,
    choices: Sequence[str] | None = None,
    unit: str | None = None,
) -> Any:
    """Declare a parameter of a check; its type is the annotation (int, str, bool, Path, timedelta, tuple of str).

    A parameter that is named like a field of StepContext defaults to the step's value.
    """
    return dataclasses.field(
        default=default,
        metadata={"description": description, "minimum": minimum, "choices": choices, "unit": unit},
    )


REGISTRY: dict[str, type[Check[Any]]] = {}
"""Every check declared so far, by id."""

_NAMED = re.compile(r"^-- name: ([a-z_]+)\n", re.MULTILINE)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(param,))
def check(
    id: str,  # noqa: A002 - the word of the catalogue
    *,
    since: int,
    group: str,
    looks_at: str,
    row: type | None = None,
    empty_ok: bool = False,
    limits: Sequence[str] = (),
    binds: Sequence[str] = (),
    waivable: bool = True,
    steady: bool = False,
    scope: Sequence[str] | None = None,
) -> Callable[[type[Any]], type[Any]]:
    """Declare a check: freeze the class, read its sibling ``.sql`` and put it in the catalogue.

    The files of ``lock-conflicts`` are ``lock_conflicts.py`` and ``lock_conflicts.sql``. Raises ValueError when two
    checks take one id.
    """

    def declare(cls: type[Any]) -> type[Any]:
        if id in REGISTRY:
            message = f"two checks are called {id!r}"
            raise ValueError(message)
        source = sys.modules[cls.__module__].__file__ or ""
        sibling = Path(source).with_name(f"{id.replace('-', '_')}.sql")
        cls.query = sibling.read_text(encoding="utf-8") if sibling.exists() else ""
        cls.queries = _by_name(cls.query)
        cls.id, cls.row, cls.since, cls.group = id, row, since, group
        cls.looks_at, cls.empty_ok, cls.limits, cls.waivable = looks_at, empty_ok, tuple(limits), waivable
        cls.binds = tuple(binds)
        cls.steady, cls.scope = steady, None if scope is None else tuple(scope)
        frozen = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        REGISTRY[id] = frozen
        return frozen

    return declare


def _by_name(text: str) -> dict[str, str]:
    _, *parts = _NAMED.split(text)
    return dict(zip(parts[::2], (part.strip().removesuffix(";") for part in parts[1::2]), strict=True))
