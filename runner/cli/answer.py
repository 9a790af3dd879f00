"""``shisa answer``: answer a written question, and sign the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say
from runner.cli.lookup import add_run, one_run

if TYPE_CHECKING:
    import argparse

HELP = "Answer a written question of a run; the answer is signed, and checked against the database."
EXAMPLE = "  shisa answer 261123-4f2a1c ask-cs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("step", metavar="STEP")
    add_config(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the question, let the person choose, sign and journal the answer."""
    from runner.engine.ports import wall_clock
    from runner.engine.state import fold
    from runner.errors import ApprovalError, UsageError
    from runner.review.answers import give_answer
    from runner.terminal.prompts import Prompter, demand_terminal

    at = desk(arguments)
    demand_terminal()
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    question = state.step(arguments.step).question
    if question is None:
        raise UsageError(f"step {arguments.step} of run {state.run} asks nobody anything")
    if who.key is None:
        raise ApprovalError(f"{who.person} has no key at hand to sign with", hint="give --key FILE, or use ssh-agent")
    try:
        choice = Prompter().choose(f"For {question.team}: {question.question}", question.choices)
    except EOFError:
        say("nothing was answered")
        return 0
    give_answer(
        at.journal,
        at.config,
        question,
        run=state.run,
        step=arguments.step,
        choice=choice,
        person=who.person,
        key=who.key,
        now=wall_clock(),
    )
    say(f"{arguments.step} of {state.run}: {choice}, answered by {who.person}, signed")
    return 0
