"""``shisa notify``: tell people what is due, and what could not be told before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_format, add_person, desk, person, print_json, put_table
from runner.cli.lookup import all_runs, one_run
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from runner.journal.record import Record

HELP = (
    "Tell people, through `notify:` of shisa.yaml, what they are waited for in any run, and try again what failed; "
    "for cron, beside runs that nobody waits at. Exit 1 where something could not be told."
)
EXAMPLE = "  * * * * * shisa notify --config /etc/shisa/shisa.yaml     a line of crontab\n  shisa notify --test"


_LATE_S = 30
"""What is due for less than that is left to the program that goes on with the run, so that nobody is told twice."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", metavar="RUN", nargs="?", help="one run, at once (default: all, what is late)")
    parser.add_argument("--test", action="store_true", help="send a test message through each sink; journals nothing")
    add_config(parser)
    add_person(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Deliver, and print each delivery."""
    from runner.engine.ports import wall_clock
    from runner.journal.codec import envelope
    from runner.journal.events import Notified
    from runner.journal.sentences import sentence
    from runner.notify.deliver import deliver
    from runner.notify.messages import may_tell

    if arguments.test:
        return _test(arguments)
    at = desk(arguments)
    who = person(arguments, at.config)
    late = timedelta(seconds=0 if arguments.run else _LATE_S)
    runs = [one_run(at.journal, arguments.run)] if arguments.run else all_runs(at.journal)
    lines: list[Record] = []
    for records in (one for one in reversed(runs) if may_tell(one, wall_clock())):
        lines += deliver(at.config, at.journal, records[0].run, person=who.person, clock=wall_clock, late=late)
    if arguments.format == "json":
        print_json([envelope(line) for line in lines])
    else:
        told = map(sentence, lines)
        put_table([(line.run, said.word, said.text) for line, said in zip(lines, told, strict=True)])
    return int(any(isinstance(line.body, Notified) and line.body.failed is not None for line in lines))


def _test(arguments: argparse.Namespace) -> int:
    from runner.config.load import load
    from runner.notify.sinks import sinks_of

    sinks = sinks_of(load(config=arguments.config))
    if not sinks:
        raise UsageError("shisa.yaml names no `notify:`", hint="notify: {command: [PROGRAM]} or {webhook: [{url: …}]}")
    text = "shisa: this is a test. Nobody is waited for."
    answers = {name: send({"shisa": 1, "id": "test", "about": "test", "text": text}) for name, send in sinks.items()}
    if arguments.format == "json":
        print_json([{"sink": name, "failed": failed} for name, failed in answers.items()])
    else:
        put_table([(name, "told" if failed is None else f"NOT TOLD: {failed}") for name, failed in answers.items()])
    return int(any(answers.values()))
