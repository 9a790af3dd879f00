"""Whose signature does not count because they wrote what would run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.model import Person, Policy
from runner.engine.fold.loops import loop_of
from runner.errors import GateClosedError
from runner.policy import satisfiable
from runner.review.authors import authors, excluded_by
from runner.review.breakglass import who_may
from runner.runbook.load import LoadedRunbook

if TYPE_CHECKING:
    from runner.engine.session import Session

Place = tuple[LoadedRunbook, range]
"""A file and the lines of a step in it."""


def excluded(session: Session, paths: Sequence[str], policies: Mapping[str, Policy]) -> dict[str, str]:
    """Tell who does not count for these steps besides the operator, each with the reason.

    Only where a policy asks for it. Raises GateClosedError where an author is not known, and where nobody is left who
    could sign or break the glass.
    """
    if not any(policy.exclude_authors for policy in policies.values()):
        return {}
    people = session.config.config.people
    found = written_by(session.plan.files, paths, people)
    roster = {name: each.teams for name, each in people.items()}
    for name, policy in policies.items():
        for why in satisfiable(policy.need, roster, (session.state.operator, *found))[:1]:
            breakers = who_may(policies, session.config.config)
            told = f"{paths[0]} can never be approved under {name}: {why}"
            if not breakers:
                raise GateClosedError(told, hint="its authors do not count; somebody else must write or review it")
            session.operator.tell(f"{told} {', '.join(breakers)} may break the glass.")
    return found


def written_by(files: Sequence[LoadedRunbook], paths: Sequence[str], people: Mapping[str, Person]) -> dict[str, str]:
    """Tell who wrote these steps, each with the words that say so; raises GateClosedError where that is not known."""
    found: dict[str, str] = {}
    where = {(file.path, lines): file for path in paths for file, lines in places(files, path)}
    for (_, lines), file in where.items():
        written = authors(Path(file.path), file.text, lines)
        for person, why in excluded_by(written, file.path.name, people).items():
            found[person] = f"{found[person]}, {why}" if person in found else why
    return found


def places(files: Sequence[LoadedRunbook], path: str) -> Iterator[Place]:
    """Find the lines that a step was written in: its own, and those of the includes around it."""
    file = files[0]
    for name in (loop_of(path) or path).partition(".remedy")[0].split("/"):
        steps = file.document.data["steps"]
        at = next((n for n, step in enumerate(steps) if step["id"] == name), None)
        if at is None:
            raise GateClosedError(f"nobody can tell where step {path} was written")
        yield file, _lines(file, at, len(steps))
        file = _included(files, file, steps[at]) or file


def _lines(file: LoadedRunbook, at: int, count: int) -> range:
    begin = file.document.position(("steps", at))[0]
    if at + 1 < count:
        return range(begin, max(begin + 1, file.document.position(("steps", at + 1))[0]))
    return range(begin, max(begin + 1, len(file.text.rstrip("\n").split("\n")) + 1))


def _included(files: Iterable[LoadedRunbook], file: LoadedRunbook, step: Mapping[str, object]) -> LoadedRunbook | None:
    include = step.get("include")
    wanted = include.get("runbook") if isinstance(include, Mapping) else None
    if not isinstance(wanted, str):
        return None
    target = (file.path.parent / wanted).resolve()
    return next((each for each in files if each.path.resolve() == target), None)
