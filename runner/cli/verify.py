"""``shisa verify``: prove that the journal is whole, and signed by whom it says."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, print_json, put_lines, say
from runner.errors import ConnectError, JournalError, UsageError

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Loaded
    from runner.journal.record import Journal, Record
    from runner.journal.verify import Problem, VerifyResult

HELP = "Prove that no line of the journal was edited, removed or added, and that its signatures hold."
EXAMPLE = "  shisa verify --anchors /media/kept-by-bob\n  shisa verify --tags ."
_BROKEN = 8
_CHECK = "-f allowed_signers -I PERSON -n NAMESPACE -s FILE.sig < FILE.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", metavar="RUN", nargs="?", help="judge the signatures of this run only, by its whole id")
    parser.add_argument(
        "--anchors", metavar="DIR", type=Path, help="statements or heads kept elsewhere, one a .json file"
    )
    parser.add_argument(
        "--tags", metavar="REPOSITORY", type=Path, help="the Git repository whose tags `shisa journal anchor` set"
    )
    parser.add_argument(
        "--export", metavar="DIR", type=Path, help="write what was signed as files that ssh-keygen alone can check"
    )
    add_config(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Judge the whole chain; exit 8 where anything is broken, invalid or missing."""
    from runner.config.load import load
    from runner.journal.anchors import read_anchors
    from runner.journal.git_anchors import read_tags
    from runner.journal.verify import verify_journal
    from runner.review.audit import signature_check

    config = load(config=arguments.config)
    kept = () if arguments.anchors is None else read_anchors(arguments.anchors)
    kept += () if arguments.tags is None else read_tags(arguments.tags)
    journal = _journal(config)
    if arguments.run is not None and next(journal.lines(run=arguments.run), None) is None:
        raise UsageError(f"there is no run {arguments.run} in the journal", hint="`shisa runs` lists them")
    found = verify_journal(journal, check=signature_check(config.config.people), kept=kept, run=arguments.run)
    found = dataclasses.replace(found, problems=(*found.problems, *_course(journal, config, arguments.run)))
    whole = found.chain == "ok" and not found.invalid and not found.missing and not found.problems
    if arguments.export is not None:
        from runner.review.proofs import write_proofs

        count = write_proofs(arguments.export, journal.records(run=arguments.run), config.config.people)
        say(f"wrote {count} signed statements to {arguments.export}; to check one: ssh-keygen -Y verify {_CHECK}")
    if arguments.format == "json":
        print_json(found.as_json())
    else:
        put_lines(_lines(found, whole=whole))
    return 0 if whole else _BROKEN


def _course(journal: Journal, config: Loaded, run: str | None) -> Iterator[Problem]:
    """Find lines that are whole, and that no program of ours would have written where they stand."""
    from runner.engine.course import odd_lines
    from runner.journal.codec import record_of
    from runner.journal.verify import Problem

    def readable() -> Iterator[Record]:
        with contextlib.suppress(JournalError):  # whoever judges the chain tells that it cannot be read to its end
            for line in journal.lines(run=run):
                with contextlib.suppress(JournalError):
                    yield record_of(line)

    for odd in odd_lines(readable(), config):
        yield Problem(odd.seq, "course", f"Line {odd.seq}, {odd.event}: {odd.reason}.")


def _journal(config: Loaded) -> Journal:
    """Open the journal; one that is not there any more is as bad as one that was tampered with."""
    from runner.journal import open_journal

    try:
        return open_journal(config.config.journal, config.folder, readonly=True)
    except ConnectError:
        raise  # a server that is away was not tampered with
    except UsageError as error:
        hint = f"{config.path} names it; if there was one, take it from a copy and verify that"
        raise JournalError(error.message, hint=hint) from error


def _lines(found: VerifyResult, *, whole: bool) -> Iterator[str]:
    unsigned = f", {found.unsigned:,} unsigned" if found.unsigned else ""
    yield f"chain       {found.chain}: {found.events:,} events, head {found.head}"
    yield f"signatures  {found.valid:,} valid, {found.invalid:,} invalid{unsigned}"
    yield f"anchors     {found.matched:,} matched, {found.missing:,} missing"
    for problem in found.problems:
        yield f"{problem.kind.upper():<10}  {problem.message}"
    yield "the journal is whole" if whole else "THE JOURNAL CANNOT BE TRUSTED; compare it with a copy"
