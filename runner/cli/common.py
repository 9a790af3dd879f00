"""What several commands share: where the configuration and the journal are, who the person is."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.load import load

if TYPE_CHECKING:
    import argparse

    from runner.config.model import Loaded
    from runner.journal.record import Journal
    from runner.review.identity import Identity


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


def desk(arguments: argparse.Namespace, *, readonly: bool = False, runbook: Path | None = None) -> Desk:
    """Load the configuration and open its journal.

    Raises ConfigError and JournalError.
    """
    from runner.journal import open_journal

    config = load(config=arguments.config, runbook=runbook)
    return Desk(config, open_journal(config.config.journal, config.folder, readonly=readonly))


def person(arguments: argparse.Namespace, config: Loaded) -> Identity:
    """Find out who calls, and the key that this person signs with.

    Raises ConfigError where that is ambiguous or unknown.
    """
    from runner.review.identity import identify

    return identify(config.config.people, person=arguments.person, key=arguments.key)


def print_json(value: Any) -> None:
    """Write one JSON value to stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Write a line of talk to stderr, escaped."""
    from runner.safe_text import escape

    sys.stderr.write(escape(text, multiline=True) + "\n")
