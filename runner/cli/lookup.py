"""The runs of a journal, and the one that a command line names: whole, abbreviated, or ``last``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.errors import UsageError
from runner.journal.events import RunOpened
from runner.journal.record import Journal, Record

if TYPE_CHECKING:
    import argparse

LAST = "last"


def add_run(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add ``RUN``."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?" if optional else None,
        help="a run's id, its first or last characters, or `last`",
    )


def all_runs(journal: Journal) -> list[list[Record]]:
    """Each run's lines, the newest run first; lines that belong to no opened run are left out."""
    found: dict[str, list[Record]] = {}
    for record in journal.records():
        if isinstance(record.body, RunOpened):
            found[record.run] = []
        if record.run in found:
            found[record.run].append(record)
    return list(reversed(found.values()))


def one_run(journal: Journal, name: str) -> list[Record]:
    """Read the lines of the run that is meant.

    Raises UsageError where none or more than one fits.
    """
    exact = list(journal.records(run=name))
    if exact and isinstance(exact[0].body, RunOpened):
        return exact
    return list(journal.records(run=_meant(list(_opened(journal)), name)))


def _opened(journal: Journal) -> Iterator[str]:
    event = RunOpened.name.encode()
    return (line.run.decode("utf-8", "replace") for line in journal.lines() if line.event == event)


def _meant(runs: list[str], name: str) -> str:
    if name == LAST and runs:
        return runs[-1]
    fitting = [run for run in runs if name and (run.startswith(name) or run.partition("-")[2].startswith(name))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"{name} fits {len(fitting)} runs", hint=f"the newest of them: {', '.join(fitting[:-4:-1])}")
    raise UsageError(f"there is no run {name} in the journal", hint="`shisa runs` lists them")
