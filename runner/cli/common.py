"""What several commands share: where the configuration and the journal are, who the person is."""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.load import load

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Config, Loaded
    from runner.journal.record import Journal
    from runner.review.identity import Identity

_NOT_ASCII = re.compile(r"[^\n -~]")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="shisa.yaml (default: found upward from here)")


def add_person(parser: argparse.ArgumentParser) -> None:
    """Add ``--person`` and ``--key``."""
    parser.add_argument("--person", metavar="NAME", help="who you are (default: by your SSH key, else your login)")
    parser.add_argument("--key", metavar="FILE", type=Path, help="the private SSH key that signs")


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add ``--format``, the first one the default."""
    parser.add_argument("--format", choices=formats, default=formats[0], help="(default: %(default)s)")


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """The configuration and the journal that a command works with."""

    config: Loaded
    journal: Journal


def nearest_config(arguments: argparse.Namespace) -> tuple[str | None, Config | None]:
    """Read the configuration, if there is one, and bring in the third-party checks that it names.

    Raises ConfigError.
    """
    from runner.config.load import find, read
    from runner.config.plugins import use_plugins

    path = find(config=arguments.config, cwd=Path.cwd())
    config = None if path is None else read(path).config
    use_plugins(config)
    return (None if path is None else str(path)), config


def desk(arguments: argparse.Namespace, *, readonly: bool = False, runbook: Path | None = None) -> Desk:
    """Load the configuration and open its journal.

    Raises ConfigError, also where a team journal has other people, policies or targets and this is not only to read,
    ConnectError and JournalError.
    """
    from runner.journal import is_team, open_journal

    config = load(config=arguments.config, runbook=runbook)
    if is_team(config.config.journal) and not readonly:
        from runner.journal.postgres.rules import demand_same

        demand_same(config.config.journal, config)
    return Desk(config, open_journal(config.config.journal, config.folder, readonly=readonly))


def person(arguments: argparse.Namespace, config: Loaded) -> Identity:
    """Find out who calls, and the key that this person signs with.

    Raises ConfigError where that is ambiguous or unknown.
    """
    from runner.review.identity import identify

    return identify(config.config.people, person=arguments.person, key=arguments.key)


def print_json(value: Any) -> None:
    r"""Write one JSON value to stdout; what a terminal would not show plainly is spelled ``\uXXXX``."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not plain, indent=2)
    put(_NOT_ASCII.sub(lambda found: _spelled(found[0]), text) + "\n")


@functools.cache
def _spelled(character: str) -> str:
    """Keep a character that is shown as itself; JSON's escape for one that a screen would not show plainly."""
    from runner.safe_text import escape

    return character if character.isprintable() and escape(character) == character else json.dumps(character)[1:-1]


def put(text: str) -> None:
    """Write a result to stdout as it is; a character that the locale cannot carry is written as its escape."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(text)


def put_table(rows: Iterable[Sequence[str]]) -> None:
    """Write rows to stdout in columns, escaped; nothing where there are none."""
    from runner.safe_text import escape

    shown = [[escape(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        put("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() + "\n")


def put_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout, escaped, and folded for a terminal."""
    from runner.safe_text import escape
    from runner.terminal.folding import folded

    put("".join(f"{folded(escape(line), sys.stdout)}\n" for line in lines))


def say(text: str) -> None:
    """Write talk to stderr, escaped, and folded for a terminal."""
    from runner.safe_text import escape
    from runner.terminal.console import hush
    from runner.terminal.folding import folded

    try:
        sys.stderr.write(folded(escape(text, multiline=True), sys.stderr) + "\n")
    except BrokenPipeError:
        hush()
