"""``shisa check``: ask one guard, now, outside any run."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.cli.common import add_config, add_format, nearest_config, print_json, say
from runner.errors import ConnectError, UsageError

if TYPE_CHECKING:
    import argparse

    from checks.describe import CheckSpec
    from runner.config.model import Config
    from runner.evidence import Evidence
    from runner.guards import GuardAsk
    from runner.journal.events import BoundTarget

HELP = "Ask one guard, now, outside any run; exit 0 only where it passes or warns."
EXAMPLE = """\
  shisa check sequence-drift --target live --with backup=env_a.dump
  shisa check sequence-drift --target postgresql://localhost/app --format json"""
_PATIENCE_S = 3.0
"""After so many seconds the user is told that it still goes on, and then after twice as many each time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("check", metavar="ID", help="as `shisa checks` lists it")
    parser.add_argument("--target", metavar="T", required=True, help="a target of shisa.yaml, or a libpq URI")
    parser.add_argument(
        "--with",
        dest="given",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter; paths start from the current folder, lists are separated by commas",
    )
    add_config(parser)
    add_format(parser, "text", "json")


def run(arguments: argparse.Namespace) -> int:
    """Print the evidence; a guard that could not look is UNKNOWN, and that is exit 1 as well."""
    path, config = nearest_config(arguments)
    spec, given = _asked(arguments)
    targets = _Targets(config)
    with targets.stack, _telling(f"{spec.id} on {targets.name(arguments.target)}"):
        evidence, hint = _evidence(spec, given, arguments.target, targets)
    bound = targets.bound.get(arguments.target)
    if arguments.format == "json":
        print_json(
            {**evidence.as_json(screen=True), "identity": None if bound is None else bound.identity, "config": path}
        )
    else:
        _show(evidence, bound)
    if hint:
        say(f"  hint: {hint}")
    return 1 if evidence.verdict.closes else 0


def _asked(arguments: argparse.Namespace) -> tuple[CheckSpec, dict[str, Any]]:
    """Find the check and read its parameters; raises UsageError with the nearest spelling."""
    from checks import catalog
    from checks.describe import ParamError
    from runner.runbook.params import parse_pairs

    try:
        spec = catalog.get(arguments.check)
        given = spec.from_text(parse_pairs(arguments.given))
        spec.build(given)
    except catalog.UnknownCheckError as error:
        raise UsageError(str(error), hint="`shisa checks` lists them") from error
    except ParamError as error:
        raise UsageError(str(error), hint=f"`shisa explain {arguments.check}` tells what it takes") from error
    return spec, given


def _evidence(spec: CheckSpec, given: Mapping[str, Any], target: str, targets: _Targets) -> tuple[Evidence, str | None]:
    """Ask, and give a hint where the target is not reached."""
    from runner.guards import ask_guard, could_not_ask

    try:
        ask = targets.open(target)
    except ConnectError as error:
        return could_not_ask(spec, targets.name(target), error.message), error.hint
    return ask_guard(spec, given, ask, accept=() if targets.config is None else targets.config.accept), None


class _Targets:
    """The target that is asked, and others that a check compares it with; each is connected to once."""

    def __init__(self, config: Config | None) -> None:
        self.config = config
        self.stack = contextlib.ExitStack()
        self.bound: dict[str, BoundTarget] = {}
        self._open: dict[str, GuardAsk] = {}

    def name(self, target: str) -> str:
        """Give the name to show: that of shisa.yaml, or the URI without its password.

        Raises ConfigError for a target that is not there, UsageError for a URI that cannot be read.
        """
        from runner.config.load import target_named
        from runner.postgres.reach import shown

        dsn = target_named(self.config, target).dsn
        return shown(target) if dsn == target else target

    def open(self, target: str) -> GuardAsk:
        """Connect to a target. Raises ConnectError."""
        from runner.allowed import Allowed
        from runner.config.load import conninfo, target_named
        from runner.guards import GuardAsk
        from runner.journal.events import BoundTarget
        from runner.postgres.reach import reach
        from runner.postgres.readonly import ReadOnlySession

        if target not in self._open:
            found, name = target_named(self.config, target), self.name(target)
            connection, identity = reach(conninfo(found), application_name="shisa/check")
            self.stack.enter_context(contextlib.closing(connection))
            self.bound[target] = BoundTarget(
                name=name,
                configured=name,
                fingerprint=identity.fingerprint,
                identity=identity.as_json(),
                environment=found.environment,
                policy=found.policy,
            )
            harmless = frozenset(() if self.config is None else self.config.functions.harmless)
            session = ReadOnlySession(connection, harmless=harmless)
            self._open[target] = GuardAsk(
                session, target=name, other=self._other, disk_free=found.disk_free, allowed=Allowed(trials=True)
            )
        return self._open[target]

    def _other(self, target: str) -> GuardAsk:
        from checks.base import CannotAskError
        from runner.errors import ShisaError

        try:
            return self.open(target)
        except ShisaError as error:
            raise CannotAskError(error.message) from None


@contextlib.contextmanager
def _telling(what: str) -> Iterator[None]:
    done = threading.Event()

    def tell() -> None:
        begun, pause = time.monotonic(), _PATIENCE_S
        while not done.wait(pause):
            say(f"still asking {what}, for {time.monotonic() - begun:.0f} s now; Ctrl-C stops it")
            pause *= 2

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(evidence: Evidence, bound: BoundTarget | None) -> None:
    from runner.engine.ports import stamp, wall_clock
    from runner.journal.sentences import VERDICT_TONES, target_lines
    from runner.terminal.blocks import Block, Facts, Line, cell
    from runner.terminal.console import console
    from runner.terminal.evidence import evidence_blocks
    from runner.terminal.paint import show

    verdict = str(evidence.verdict)
    blocks: list[Block] = [] if bound is None else [Facts(((bound.name, cell(*target_lines(bound))),))]
    blocks += evidence_blocks((evidence.as_json(screen=True),), stamp(wall_clock()))
    if len(evidence.findings) > 1:  # a table of one row has said it
        blocks.append(Line(verdict.upper(), evidence.message, VERDICT_TONES[verdict]))
    show(blocks, console("stdout"))
