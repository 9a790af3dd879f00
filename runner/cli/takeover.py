"""``shisa takeover``: go on with a run whose operator cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, add_person, desk, person, print_json, put, say
from runner.cli.lookup import add_run, one_run

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from runner.engine.begin.takeover import Taken
    from runner.postgres.ghosts import Ghost

HELP = (
    "Become the operator of a run: list what its program left on the servers and end it when told, wait for what is "
    "in progress, and say of each step whether it happened."
)
EXAMPLE = '  shisa takeover 261123-4f2a1c --end --reason "the laptop is dead, phoned alice"'
_WORDS = {
    "in place": "HAPPENED",
    "taken back": "DID NOT HAPPEN",
    "not done": "DID NOT HAPPEN",
    "unknown": "UNKNOWN",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    parser.add_argument("--end", action="store_true", help="end the sessions that are found, without asking")
    parser.add_argument(
        "--reason", metavar="WHY", help="why, where the operator's own program is still at work on the target"
    )
    add_config(parser)
    add_person(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Take the run over; 7 where nobody knows whether some step happened."""
    from runner.cli.note import worded
    from runner.engine.begin.seat import Seat
    from runner.engine.begin.takeover import take_over
    from runner.engine.fold.state import fold
    from runner.engine.ports import Answers, wall_clock

    reason = None if arguments.reason is None else worded(arguments.reason, "the reason")
    at = desk(arguments)
    who = person(arguments, at.config)
    state = fold(one_run(at.journal, arguments.run))
    taken = take_over(
        state,
        Seat(
            journal=at.journal,
            config=at.config,
            person=who.person,
            key=who.key,
            operator=Answers({}, say),
            clock=wall_clock,
        ),
        end=lambda found: _shall_end(found, told=arguments.end),
        reason=reason,
    )
    if arguments.format == "json":
        print_json(_json(state.run, who.person, taken))
    else:
        _print(state.run, state.operator, who.person, taken)
    return 7 if taken.unknown else 0


def _shall_end(found: Sequence[tuple[str, Ghost]], *, told: bool) -> bool:
    """Show the sessions that are still there, and let the operator decide about them."""
    from runner.engine.target.ghosts import in_words
    from runner.terminal.prompts import Prompter, at_terminal

    say(f"{len(found)} session{'s' * (len(found) != 1)} of this run still on the server:")
    for target, ghost in found:
        say(f"  {in_words(target, ghost)}")
    if told or not at_terminal():
        return told
    meanings = {"end": "cancel what they run, then end them", "leave": "leave them as they are"}
    return Prompter().choose("End them?", meanings) == "end"


def _json(run_: str, operator: str, taken: Taken) -> dict[str, Any]:
    from runner.engine.target.ghosts import ghost_json

    return {
        "run": run_,
        "operator": operator,
        "steps": [{"id": path, "happened": _WORDS[place].lower(), "why": why} for path, place, why in taken.steps],
        "left": [ghost_json(target, ghost) for target, ghost in taken.left],
    }


def _print(run_: str, before: str, operator: str, taken: Taken) -> None:
    from runner.engine.target.ghosts import in_words
    from runner.safe_text import escape

    for path, place, why in taken.steps:
        put(f"{_WORDS[place]:<15} {escape(path)}{f': {escape(why)}' if why else ''}\n")
    if not taken.steps:
        put("No step that changes anything was begun.\n")
    for target, ghost in taken.left:
        put(f"{'STILL THERE':<15} {escape(in_words(target, ghost))}\n")
    say(f"run {run_} is {operator}'s now; what was approved for {before} must be approved again")
    for path in taken.unknown:
        say(f"  look at the target, then: shisa resolve {run_} {path} done|not-done --reason WHY --program-ended")
    say(f"  next: shisa resume {run_}")
