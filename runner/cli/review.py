"""``shisa review``: look at what waits for a second person, and decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, say
from runner.cli.sources import add_exchange, of_a_stranger, source_of

if TYPE_CHECKING:
    import argparse

    from runner.cli.sources import Source
    from runner.review.identity import Identity
    from runner.terminal.prompts import Prompter
    from runner.terminal.reviewing import Case

HELP = "Look at what waits for a second person, whole and measured, and decide."
EXAMPLE = (
    "  shisa review                 what waits\n"
    "  shisa review 261123-4f2a1c   look at it and decide\n"
    "  shisa review --request request.txt --out decision.txt"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        help="a run (its id, a part of it, or `last`); without it, the inbox",
    )
    parser.add_argument("step", metavar="STEP", nargs="?", help="the step, where several wait")
    parser.add_argument("--as", dest="team", metavar="TEAM", help="the team that you decide for")
    parser.add_argument("--mine", action="store_true", help="in the inbox, only what waits for you")
    add_look(parser)
    parser.add_argument("--follow", action="store_true", help="afterwards, watch the run go on")
    add_exchange(parser)
    add_config(parser)
    add_person(parser)


def add_look(parser: argparse.ArgumentParser) -> None:
    """Add ``--runbook`` and ``--whole``."""
    parser.add_argument(
        "--runbook", metavar="FILE", type=Path, help="your own copy of the runbook (default: found beside shisa.yaml)"
    )
    parser.add_argument("--whole", action="store_true", help="show all again, also what you have signed before")


@of_a_stranger
def run(arguments: argparse.Namespace) -> int:
    """Show the inbox, or one request and the question what to do about it."""
    if arguments.run is None and arguments.request is None:
        from runner.cli.inbox import inbox

        at = desk(arguments)
        return inbox(at, person(arguments, at.config).person if arguments.mine else None, arguments.team)
    from runner.terminal.prompts import demand_terminal

    demand_terminal()
    source = source_of(arguments)
    who = person(arguments, source.config)
    code = _decide(arguments, source, who)
    if arguments.follow and source.journal is not None:
        from runner.cli.following import follow

        follow(source.journal, source.run)
    return code


def _decide(arguments: argparse.Namespace, source: Source, who: Identity) -> int:
    from runner.cli.reviewing import find, look_at, read_back, reviewers, sign
    from runner.engine.ports import wall_clock
    from runner.journal.presence import looking
    from runner.terminal.prompts import Prompter
    from runner.terminal.reviewing import show

    case = find(source, arguments.step, wall_clock())
    with looking(source.journal, case.standing.id, who.person):
        view = look_at(source, case, None if arguments.whole else who.person, arguments.runbook)
        seen = show(view)
        by = reviewers(source, case, who, arguments.team)
        choices = {word: meaning for word, meaning in _CHOICES.items() if word in by} | {"leave": "decide later"}
        prompter = Prompter()
        try:
            decision = prompter.choose(f"{who.person}, what do you decide?", choices)
            if decision == "leave":
                return 0
            _refuse_decided(source, case)
            if decision == "reject":
                left = sign(source, case, by["reject"], "reject", attested={}, reason=_reason(prompter))
            else:
                attested = read_back(source, view, seen, who.person)
                left = sign(source, case, by["approve"], "approve", attested=attested)
        except EOFError:
            say("nothing was decided")
            return 0
    done = "approved" if decision == "approve" else "rejected"
    say(f"{view.step} of {view.run}: {done} by {who.person}, signed{left}")
    return 0


_CHOICES = {"approve": "sign it", "reject": "refuse it, with a reason"}


def _refuse_decided(source: Source, case: Case) -> None:
    """Say so before somebody reads back in vain: what was shown may have been settled meanwhile."""
    from runner.cli.reviewing import find
    from runner.engine.ports import wall_clock
    from runner.errors import ApprovalError

    now = find(source, case.standing.request.step, wall_clock()).standing
    if now.id != case.standing.id:
        raise ApprovalError(
            "the step was rendered and asked for again while you looked", hint="look at the new request"
        )


def _reason(prompter: Prompter) -> str:
    while not (reason := prompter.text("Why is it rejected?")):
        pass
    return reason
