"""``shisa import``: take in a decision that came as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, desk, say
from runner.cli.lookup import add_run, one_run
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

HELP = "Take in a decision, answer, waiver or post-review that came as text, after proving that it counts."
EXAMPLE = "  shisa import last decision.txt\n  shisa import last -              paste it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("file", metavar="FILE", help="what the reviewer sent; `-` reads standard input")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prove that the decision counts, and journal it under its signer's name."""
    from runner.cli.sources import read_text
    from runner.engine.ports import wall_clock
    from runner.journal.sentences import sentence
    from runner.review.bring_in import bring_in
    from runner.review.exchange import import_decision

    at = desk(arguments)
    if at.journal.assurance != "signed":
        raise UsageError(
            "A team journal takes a decision from its signer's own login only.",
            hint="Whoever decides runs `shisa review` with the same `journal:`; no text is needed between you.",
        )
    name = one_run(at.journal, arguments.run)[0].run
    decided = import_decision(read_text(arguments.file, "DECISION"))
    record = bring_in(at.journal, at.config, name, decided, wall_clock())
    said = sentence(record)
    say(f"{said.word} {said.text}; its signature holds\n  next: shisa resume {name}, where no terminal waits for it")
    return 0
