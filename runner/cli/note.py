"""``shisa note``: a remark in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Add a remark to a run, open or closed; it stands in the timeline under your name."
EXAMPLE = '  shisa note last "called the tenant, they are logged out"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("text", metavar="TEXT", help="what to remember; never a secret, it stays for good")
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Journal the remark."""
    from runner.journal.events import Note

    text = worded(arguments.text, "the remark")
    at = desk(arguments)
    who = person(arguments, at.config)
    name = one_run(at.journal, arguments.run)[0].run
    record = at.journal.append(Note(text=text), run=name, step=None, person=who.person)
    say(f"noted in {name} as {who.person}, line {record.seq} of the journal")
    return 0


def worded(text: str, what: str) -> str:
    """Take a text that a person gave for the journal.

    Raises UsageError where it says nothing, or is not Unicode.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} is not readable in this locale's encoding", hint="use a UTF-8 locale") from error
    if not text.strip():
        raise UsageError(f"{what} is empty", hint="say it in a sentence")
    return text.strip()
