"""``shisa journal``: the team's journal, and heads of any journal kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.common import add_config, add_person, desk, person, put, say
from runner.errors import JournalError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from runner.config.model import Loaded
    from runner.journal.sqlite import SqliteJournal

HELP = "Install and fill the journal that a team shares in PostgreSQL, and keep a journal's head elsewhere."
EXAMPLE = """\
  shisa journal init postgresql://postgres@journal.internal/shisa
  shisa journal sync
  shisa journal copy .shisa/journal.db
  shisa journal anchor --tag"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions, each with its arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, told: str, example: str) -> argparse.ArgumentParser:
        import argparse

        return actions.add_parser(
            name,
            help=told,
            description=told,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    init = action(
        "init",
        "Install the team journal in a database, or bring it up to date; lines that are there stay.",
        "shisa journal init postgresql://postgres@journal.internal/shisa",
    )
    init.add_argument("url", metavar="URL", help="the database, as a superuser or as its owner with CREATEROLE")
    sync = action(
        "sync",
        "Load people, policies and targets of shisa.yaml into the team journal; from then on its copy rules.",
        "shisa journal sync --owner postgresql://postgres@journal.internal/shisa",
    )
    sync.add_argument("--owner", metavar="URL", help="connect as a member of shisa_owner (default: `journal:`)")
    add_config(sync)
    copy = action(
        "copy",
        "Move a journal file into the empty team journal: the same lines, byte for byte.",
        "shisa journal copy .shisa/journal.db --owner postgresql://postgres@journal.internal/shisa",
    )
    copy.add_argument("file", metavar="FILE", type=Path, help="the journal to copy from")
    copy.add_argument("--owner", metavar="URL", help="connect as a member of shisa_owner (default: `journal:`)")
    add_config(copy)
    anchor = action(
        "anchor",
        "Keep the journal's head where the journal's owner cannot change it; `shisa verify` compares.",
        "shisa journal anchor --tag --repository ~/runbooks",
    )
    where = anchor.add_mutually_exclusive_group(required=True)
    where.add_argument("--tag", action="store_true", help="as an annotated Git tag; push it")
    where.add_argument("--folder", metavar="DIR", type=Path, help="as a .json file in this folder")
    anchor.add_argument(
        "--repository", metavar="DIR", type=Path, help="the Git repository of the tag (default: shisa.yaml's)"
    )
    add_config(anchor)
    add_person(anchor)


def run(arguments: argparse.Namespace) -> int:
    """Do one action."""
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "init": _init,
        "sync": _sync,
        "copy": _copy,
        "anchor": _anchor,
    }
    actions[arguments.action](arguments)
    return 0


def _init(arguments: argparse.Namespace) -> None:
    from runner.journal.postgres.install import install

    _team(arguments.url)
    done = install(arguments.url)
    what = "installed" if not done.before else "brought up to date"
    say(f"the team journal at {done.where} is {what}, format {done.now}")
    if not done.before:
        say("next: name it in shisa.yaml, `journal: postgresql://…`, then `shisa journal sync`")


def _sync(arguments: argparse.Namespace) -> None:
    from runner.journal.postgres.rules import sync

    config = _config(arguments)
    done = sync(_owner(arguments, config), config)
    say(f"loaded into {done.where}: people {done.people}, policies {done.policies}, targets {done.targets}")
    for name in done.without_role:
        role = config.config.people[name].role or name
        say(f'{name} cannot log in yet: CREATE ROLE "{role}" LOGIN, or name another as `role:`; then sync again')


def _copy(arguments: argparse.Namespace) -> None:
    from runner.journal.postgres.adopt import adopt
    from runner.journal.sqlite import SqliteJournal

    config = _config(arguments)
    source = SqliteJournal(arguments.file, readonly=True)
    try:
        damage = source.damage()
        if damage:
            raise UsageError(f"{arguments.file} is not copied: {damage[0]}", hint="Run `shisa verify` on it first.")
        head = adopt(_owner(arguments, config), source.lines(), _attached(source))
    finally:
        source.close()
    say(f"copied {head.seq:,} lines; keep {arguments.file} where nobody writes to it any more")
    put(f"{head.hash}\n")


def _attached(source: SqliteJournal) -> Iterator[bytes]:
    """Read what the lines of a journal name by digest, and tell what of it is not there any more."""
    from runner.journal.attachments import named_by

    for digest in dict.fromkeys(digest for record in source.records() for digest in named_by(record.body)):
        try:
            yield source.attached(digest)
        except JournalError as error:
            say(f"not copied: {error.message}")


def _anchor(arguments: argparse.Namespace) -> None:
    from runner.journal.anchors import keep
    from runner.journal.events import Anchor
    from runner.journal.git_anchors import tag

    at = desk(arguments)
    who = person(arguments, at.config)
    head = at.journal.head()
    if arguments.folder is not None:
        kept = str(keep(head, arguments.folder))
    else:
        kept = f"git tag {tag(head, arguments.repository or at.config.folder)}"
    body = Anchor(kept=kept, head_seq=head.seq, head=head.hash)
    at.journal.append(body, run="", step=None, person=who.person)
    say(f"line {head.seq} is kept as {kept}" + ("; push it" if arguments.tag else ""))


def _config(arguments: argparse.Namespace) -> Loaded:
    from runner.config.load import load

    config = load(config=arguments.config)
    _team(config.config.journal)
    return config


def _owner(arguments: argparse.Namespace, config: Loaded) -> str:
    if arguments.owner is None:
        return config.config.journal
    _team(arguments.owner)
    given: str = arguments.owner
    return given


def _team(location: str) -> None:
    from runner.journal import is_team

    if not is_team(location):
        raise UsageError(
            f"{location} is a file; this is about a journal in PostgreSQL",
            hint="write it as postgresql://user@host/database; in shisa.yaml under `journal:`",
        )
