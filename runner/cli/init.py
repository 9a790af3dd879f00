"""``shisa init``: a configuration to start from."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import put, say
from runner.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runner.review.keys import PublicKey

HELP = "Write a shisa.yaml to start from: you with your SSH keys, a target, a policy of two teams."
EXAMPLE = "  shisa init --person alice"
_NAME = re.compile(r"[a-z][a-z0-9._-]*")
_TEXT = """\
# Who may do what on which database. Keep it in Git: who changes it changes who must sign.
shisa: 1

# The record of every run, from this file's folder. `production` asks for a journal that several people hold, or for
# a reason: `journal_local: REASON`.
journal: .shisa/journal.db

# A runbook calls its database by such a name, or is given another one: `shisa run … --target live=staging`.
# Passwords stay in ~/.pgpass or in the service file.
targets:
  staging:
    service: staging          # a section of ~/.pg_service.conf; or host, port, dbname and user; or dsn
    environment: staging      # `production` refuses every run and approval that is not signed
    policy: cross-review      # without one, destructive steps are refused

# Each person has their own key: `cat ~/.ssh/id_ed25519.pub` prints the line that belongs here.
people:
  {person}:
    teams: [ops]
    keys:
{keys}
    os_user: {os_user}
  # Put two colleagues in the place of these: as long as they have no key, nobody can approve.
  {ops}: {{teams: [ops], keys: []}}
  {dev}: {{teams: [dev], keys: []}}

# Who must sign before a destructive step: all of `need`, different people, never the one who runs it.
policies:
  cross-review:
    need: [{{team: dev, n: 1}}, {{team: ops, n: 1}}]
    request_ttl: 12h          # so long a request waits for them
    approval_ttl: 1h          # so long after the last signature the step may start
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--folder", metavar="DIR", type=Path, default=Path(), help="where to write it (default: here)")
    parser.add_argument("--person", metavar="NAME", help="what you are called in it (default: your login)")
    parser.add_argument(
        "--new-key", metavar="FILE", type=Path, help="make an SSH key there, without a passphrase, and sign with it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file; one that is there is never touched."""
    from runner.config.load import NAME, find
    from runner.review.identity import os_user

    path = arguments.folder / NAME
    if path.exists() or path.is_symlink():
        raise ConfigError(f"{path} is already there", hint="change it with an editor; init never overwrites")
    if not arguments.folder.is_dir():
        raise ConfigError(f"there is no folder {arguments.folder}", hint="--folder names one that exists")
    login = os_user()
    person = _person(arguments.person, login)
    hidden = find(config=None, cwd=arguments.folder)
    _write(path, _text(person, _keys(arguments.new_key, person), login or person))
    put(f"{path}\n")
    if hidden is not None:
        say(f"careful: {hidden} no longer counts in this folder")
    say(_next(path, person))
    return 0


def _person(named: str | None, login: str | None) -> str:
    name = named if named is not None else (login or "").lower()
    if _NAME.fullmatch(name):
        return name
    raise UsageError(
        f"{name!r} cannot be a person's name in shisa.yaml",
        hint="say --person NAME: a letter from a to z, then letters, digits, `.`, `_` and `-`",
    )


def _keys(new_key: Path | None, person: str) -> list[PublicKey]:
    """Take the keys that the user can sign with, or make one."""
    from runner.review.keys import find_keys, generate_key

    if new_key is not None:
        made = generate_key(new_key.expanduser(), f"{person} (shisa)")
        say(f"made the key {new_key} without a passphrase; `ssh-keygen -p -f {new_key}` sets one")
        if new_key.expanduser().parent.resolve() != (Path.home() / ".ssh").resolve():
            say(f"it is outside of ~/.ssh: give --key {new_key} with each command, or `ssh-add` it")
        return [made]
    found = [each.public for each in find_keys() if not each.public.certificate]
    if not found:
        raise ConfigError(
            "there is no SSH key to sign with, neither in ~/.ssh nor in an agent",
            hint="`shisa init --new-key ~/.ssh/id_ed25519` makes one",
        )
    return found


def _text(person: str, keys: Sequence[PublicKey], login: str) -> str:
    """Fill the file in, and prove that it is valid before it is written."""
    from runner.config.load import check
    from runner.strict_yaml import parse

    text = _TEXT.format(
        person=person,
        keys="\n".join(f"      - {key.line}" for key in keys),
        os_user=json.dumps(login),
        ops=f"{person}-colleague",
        dev="developer" if person != "developer" else "developer-2",
    )
    config, problems = check(parse(text.encode(), dates=True))
    if config is None or person not in config.people:
        told = problems[0].message if problems else f"{person} means something else in YAML"
        raise ConfigError(f"no valid shisa.yaml can be made for {person}: {told}", hint="try another --person")
    return text


def _write(path: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", hint="choose another --folder") from error


def _next(path: Path, person: str) -> str:
    return f"""\
wrote {path}, with you as {person}
next:
  1. name your database under `targets:`; `shisa check sequence-drift --target staging` tries it
  2. put two colleagues under `people:`; until then destructive steps cannot be approved
  3. commit it; keep .shisa/ out of Git
  4. `shisa demo` shows a whole run in a minute"""
