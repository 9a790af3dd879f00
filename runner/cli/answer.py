"""``shisa answer``: answer a written question, and sign the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, person, say
from runner.cli.lookup import add_run
from runner.cli.sources import add_exchange, of_a_stranger, source_of

if TYPE_CHECKING:
    import argparse

HELP = "Answer a written question of a run; the answer is signed, and checked against the database."
EXAMPLE = "  shisa answer 261123-4f2a1c ask-cs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser, optional=True)
    parser.add_argument("step", metavar="STEP", nargs="?", help="the step that asks (default: the one that waits)")
    add_exchange(parser)
    add_config(parser)
    add_person(parser)


@of_a_stranger
def run(arguments: argparse.Namespace) -> int:
    """Show the question, let the person choose, sign the answer and hand it in."""
    from runner.engine.fold.state import fold
    from runner.engine.ports import wall_clock
    from runner.errors import UsageError
    from runner.review.answers import signed_answer
    from runner.review.statement import asked_in
    from runner.terminal.prompts import Prompter, demand_terminal

    demand_terminal()
    source = source_of(arguments)
    who = person(arguments, source.config)
    state = fold(one for one in source.records() if one.run == source.run)
    waits = [path for path, each in state.steps.items() if each.question is not None and each.answer is None]
    step = arguments.step or next(iter(waits), None)
    asked = None if step is None else state.step(step).asked
    if step is None or asked is None:
        which = f"step {step}" if step else "no step"
        raise UsageError(f"{which} of run {state.run} asks {'nobody anything' if step else 'anything now'}")
    question, key = asked_in(asked), who.signing()
    try:
        choice = Prompter().choose(f"For {question.team}: {question.question}", question.choices)
    except EOFError:
        say("nothing was answered")
        return 0
    body = signed_answer(
        source.config,
        asked,
        choice=choice,
        person=who.person,
        key=key,
        head=source.head(),
        now=wall_clock(),
    )
    left = source.hand_in(body, step, who.person)
    say(f"{step} of {state.run}: {choice}, answered by {who.person}, signed{left}")
    return 0
