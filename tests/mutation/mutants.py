"""Every mutant of what decides: the team journal's functions, and the judgement of policy, review and engine."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from tests.mutation import of_python, of_sql
from tests.mutation.change import Change

SQL = "runner/journal/postgres"
JUDGED = (
    "runner/policy.py",
    "runner/review/answers.py",
    "runner/review/approval.py",
    "runner/review/audit.py",
    "runner/review/authors.py",
    "runner/review/afterwards.py",
    "runner/review/breakglass.py",
    "runner/review/certificate.py",
    "runner/review/exceptions.py",
    "runner/review/ledger.py",
    "runner/review/requests.py",
    "runner/review/statement.py",
    "runner/review/waivers.py",
    "runner/journal/anchors.py",
    "runner/journal/chain.py",
    "runner/journal/turns.py",
    "runner/journal/verify.py",
    "runner/journal/writers.py",
    "runner/engine/guard/gate.py",
    "runner/engine/guard/recheck.py",
    "runner/engine/guard/waivable.py",
    "runner/engine/people/approval.py",
    "runner/engine/people/drift.py",
    "runner/engine/people/excluding.py",
    "runner/engine/people/groups.py",
    "runner/engine/people/lasting.py",
    "runner/engine/people/questions.py",
    "runner/engine/people/requested.py",
    "runner/engine/people/waiting.py",
    "runner/engine/people/windows.py",
)
"""The modules that decide whether a step may start, and what counts of what people say."""
KNOWN: dict[str, str] = yaml.safe_load((Path(__file__).parent / "known.yaml").read_text()) or {}
"""Mutants that are equal to the original, and why."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    path: str
    text: str
    lines: range
    words: frozenset[str]
    """What stands around the change; who refuses says it there."""

    @property
    def area(self) -> str:
        return "sql" if self.path.endswith(".sql") else "python"


def mutants(root: Path) -> Iterator[Mutant]:
    """Every mutant there is."""
    for path in sorted((root / SQL).glob("*.sql")):
        text = path.read_text()
        yield from _named(path.name, f"{SQL}/{path.name}", text, of_sql.changes(path.name, text))
    for file in filter(lambda file: (root / file).exists(), JUDGED):
        text = (root / file).read_text()
        yield from _named(file, file, text, of_python.changes(text))


def stale(root: Path) -> Iterator[str]:
    """Say which lines of JUDGED, changes.yaml and known.yaml are about nothing any more."""
    yield from (
        f"JUDGED: there is no {file} any more: name what decides now" for file in JUDGED if not (root / file).exists()
    )
    for file, changes in of_sql.NAMED.items():
        text = (root / SQL / file).read_text()
        for each in changes:
            if not any(of_sql.places(each["is"], text)):
                yield f"changes.yaml: {file} has no {each['is']!r} any more: put there what guards now, or take it out"
    names = {each.name for each in mutants(root)}
    yield from (f"known.yaml: there is no mutant {name!r} any more: take it out" for name in KNOWN if name not in names)


def _named(what: str, path: str, text: str, changes: Iterable[Change]) -> Iterator[Mutant]:
    """Name each mutant by what it changes, so that a name outlives the lines around it."""
    seen: dict[str, int] = {}
    for each in changes:
        name = f"{what}: {' '.join(each.told.split())}"
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name} #{seen[name]}"
        yield Mutant(name, path, each.made(text), each.lines, words(text[max(each.start - 100, 0) : each.end + 300]))


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]{4,}", text))
