"""What ``waive``, ``break-glass`` and ``post-review`` share: sit down at a run, type a word, sign and hand in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from runner.cli.common import person, say
from runner.cli.sources import source_of, told_by

if TYPE_CHECKING:
    import argparse

    from runner.cli.sources import Source
    from runner.config.model import Config
    from runner.engine.fold.state import State
    from runner.journal.events import BreakglassOpened, BreakglassReviewed, WaiverGiven
    from runner.journal.record import Record
    from runner.review.identity import Identity


@dataclasses.dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody at a terminal who means to make an exception of a run."""

    source: Source
    who: Identity
    records: tuple[Record, ...]
    state: State

    @property
    def config(self) -> Config:
        """The person's own configuration."""
        return self.source.config.config


def sit_down(arguments: argparse.Namespace) -> Sitting:
    """Find the run and who calls; a piped answer never counts.

    Raises UsageError, ConfigError and JournalError.
    """
    from runner.engine.fold.state import fold
    from runner.terminal.prompts import demand_terminal

    demand_terminal()
    source = source_of(arguments)
    who = person(arguments, source.config)
    if told := told_by(source):
        say(f"told by {told}")
    records = tuple(one for one in source.records() if one.run == source.run)
    return Sitting(source, who, records, fold(records))


def sign(
    at: Sitting,
    body: WaiverGiven | BreakglassOpened | BreakglassReviewed,
    step: str | None,
    *,
    question: str,
    word: str,
) -> str | None:
    """Let the person type the word, sign and hand in; gives what is left to do, None where they typed anything else.

    The keys of those who took part sign nothing but a broken glass. Raises ApprovalError where it would not count.
    """
    from runner.engine.ports import wall_clock
    from runner.journal.events import BreakglassOpened, BreakglassReviewed
    from runner.review.afterwards import glass_of
    from runner.review.exceptions import signed
    from runner.review.ledger import operators_of
    from runner.terminal.prompts import Prompter

    key = at.who.signing()
    try:
        typed = Prompter().type_word(question, word)
    except EOFError:
        typed = False
    if not typed:
        return None
    match body:
        case BreakglassOpened():
            theirs = frozenset[str]()
        case BreakglassReviewed():
            theirs = frozenset(glass_of(at.records, at.config).keys)
        case _:
            theirs = frozenset[str]().union(*operators_of(at.records).values())
    made = signed(
        body,
        run=at.state.run,
        step=step,
        person=at.who.person,
        key=key,
        people=at.config.people,
        head=at.source.head(),
        now=wall_clock(),
        excluded_keys=theirs,
    )
    return at.source.hand_in(made, step, at.who.person)
