"""``shisa answer``: answer a written question, and sign the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say

if TYPE_CHECKING:
    import argparse

HELP = "Answer a written question of a run; the answer is signed, and checked against the database."
EXAMPLE = "  shisa answer 261123-4f2a1c ask-cs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", metavar="RUN")
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
    lines = list(at.journal.records(run=arguments.run))
    if not lines:
        raise UsageError(f"there is no run {arguments.run} in the journal", hint="`shisa runs` lists them")
    question = fold(lines).step(arguments.step).question
    if question is None:
        raise UsageError(f"step {arguments.step} of run {arguments.run} asks nobody anything")
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
        run=arguments.run,
        step=arguments.step,
        choice=choice,
        person=who.person,
        key=who.key,
        now=wall_clock(),
    )
    say(f"{arguments.step} of {arguments.run}: {choice}, answered by {who.person}, signed")
    return 0
