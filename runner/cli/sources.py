"""Where a reviewer's request comes from, and where their decision goes: the journal, or a file each way."""

from __future__ import annotations

import dataclasses
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from runner.cli.common import desk, put, say
from runner.cli.lookup import one_run
from runner.errors import ShisaError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from runner.config.model import Loaded
    from runner.journal import events as ev
    from runner.journal.record import Head, Journal, Record
    from runner.review.exchange import Exported
    from runner.review.packed import Kind


class Source(Protocol):
    """A run that waits for somebody, wherever its lines are read."""

    @property
    def config(self) -> Loaded:
        """The reviewer's own configuration."""

    @property
    def run(self) -> str:
        """The run's id."""

    @property
    def step(self) -> str | None:
        """The step that waits, where a text tells of it."""

    @property
    def journal(self) -> Journal | None:
        """The journal; None where nothing is shared."""

    def records(self) -> Sequence[Record]:
        """Give all lines that are known, also of other runs."""

    def head(self) -> Head:
        """Tell the newest line of the journal, as far as it is known."""

    def hand_in(self, body: ev.Decided | ev.BreakglassOpened, step: str | None, person: str) -> str:
        """Bring what somebody has signed where it belongs, and say what is left to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class JournalSource:
    """A run in a journal that the reviewer shares."""

    config: Loaded
    journal: Journal
    run: str
    step: None = None

    def records(self) -> Sequence[Record]:
        """Read the whole journal."""
        return tuple(self.journal.records())

    def head(self) -> Head:
        """Tell the journal's newest line."""
        return self.journal.head()

    def hand_in(self, body: ev.Decided | ev.BreakglassOpened, step: str | None, person: str) -> str:
        """Journal it, as sure as this journal makes it."""
        import msgspec

        from runner.journal.events import ApprovalGiven

        if isinstance(body, ApprovalGiven):
            body = msgspec.structs.replace(body, assurance=self.journal.assurance)
        self.journal.append(body, run=self.run, step=step, person=person)
        return ""


@dataclasses.dataclass(frozen=True, slots=True)
class FileSource:
    """A run as a request's text tells of it; the decision is written as text."""

    config: Loaded
    exported: Exported
    out: Path | None
    journal: None = None

    @property
    def run(self) -> str:
        """The run's id."""
        return self.exported.run

    @property
    def step(self) -> str | None:
        """The step that waits; None where the whole run does."""
        return self.exported.step

    def records(self) -> Sequence[Record]:
        """Give the lines that came with the request."""
        return self.exported.records

    def head(self) -> Head:
        """Tell the newest line at the time when the request was written."""
        return self.exported.head

    def hand_in(self, body: ev.Decided | ev.BreakglassOpened, step: str | None, person: str) -> str:
        """Write it as text."""
        from runner.review.exchange import export_decision

        if body.statement is None or body.signature is None:
            raise UsageError("What leaves this machine must be signed.", hint="Give --key FILE, or use ssh-agent.")
        write_text(export_decision(body.statement, body.signature), self.out)
        told = "this text" if self.out is None else str(self.out)
        return f"\n  next: send {told} to the operator, who runs: shisa import {self.run} {self.out or 'FILE'}"


def told_by(source: Source) -> str:
    """Say where what is shown of a run comes from; empty where both read one journal."""
    if source.journal is not None:
        return ""
    return f"a text that the operator's machine wrote at line {source.head().seq} of its journal"


def add_exchange(parser: argparse.ArgumentParser) -> None:
    """Add ``--request`` and ``--out``."""
    parser.add_argument(
        "--request", metavar="FILE", help="a request that came as text, in place of RUN; `-` to paste it here"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="where the decision on it is written (default: stdout)"
    )


def source_of(arguments: argparse.Namespace) -> Source:
    """Open what the arguments name: a run of the journal, or a request's text. Raises UsageError."""
    if arguments.request is None:
        if arguments.run is None:
            raise UsageError("RUN is missing.", hint="`shisa review` lists what waits; --request FILE takes its place")
        if arguments.out is not None:
            raise UsageError("--out goes with --request.", hint="`shisa export RUN` writes a request for a reviewer")
        at = desk(arguments)
        return JournalSource(at.config, at.journal, one_run(at.journal, arguments.run)[0].run)
    if arguments.run is not None:
        raise UsageError("A run is named by RUN or by --request, not by both.")
    if arguments.out is not None and arguments.out.exists():
        raise UsageError(f"{arguments.out} is already there.", hint="--out never overwrites.")
    from runner.config.load import load
    from runner.review.exchange import import_request

    text = read_text(arguments.request, "REQUEST")
    return FileSource(load(config=arguments.config), import_request(text), arguments.out)


def of_a_stranger(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Let a command refuse in a sentence what stands in a request's text and cannot be shown, whatever it is."""

    @functools.wraps(command)
    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except (ShisaError, EOFError, OSError):
            raise
        except Exception as error:
            if arguments.request is None:
                raise
            raise UsageError(
                "This request cannot be shown: a line of it says what no program of ours would have written"
                f" ({type(error).__name__}: {error}).",
                hint="do not sign it; ask the operator where it comes from",
            ) from error

    return run


def read_text(name: str, kind: Kind) -> str:
    """Read an armoured text from a file, or from standard input (``-``) as far as its last line.

    Raises UsageError.
    """
    if name != "-":
        try:
            return Path(name).read_bytes().decode("utf-8", "replace")
        except OSError as error:
            hint = "Name the file that was sent, or `-` for what is pasted."
            raise UsageError(f"{name} cannot be read: {error.strerror}.", hint=hint) from error
    from runner.review.packed import last_line

    if sys.stdin.isatty():
        say(f"Paste the text; it ends with {last_line(kind)}.")
    lines = []
    for line in sys.stdin:
        lines.append(line)
        if f"END SHISA {kind}" in line:
            break
    return "".join(lines)


def write_text(text: str, out: Path | None) -> None:
    """Write an armoured text to a new file, or to stdout; raises UsageError."""
    if out is None:
        put(text)
        return
    try:
        with out.open("x", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", hint="--out never overwrites.") from error
