"""The mutants of the team journal's functions, on one server: the changed script runs, then the cheats do."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import yaml

from runner.demo.server import throwaway
from tests.fixtures.postgres import Database
from tests.fixtures.servers import ROOT, chosen_binaries
from tests.mutation.mutants import Mutant
from tests.runner.journal.team.cheating import outcome
from tests.runner.journal.team.ground import ORDER, Ground, append, changed, clear, lay, roles, told

CHEATS = yaml.safe_load((ROOT / "tests" / "runner" / "journal" / "team" / "cheats.yaml").read_text())


def judged(mutants: Iterable[Mutant]) -> Iterator[tuple[Mutant, bool]]:
    """Try each; gives whether it lives."""
    with throwaway(chosen_binaries()) as server, tempfile.TemporaryDirectory() as folder:
        with psycopg.connect(server.dsn(), autocommit=True) as root:
            roles(root, server)
            root.execute("CREATE DATABASE journal TEMPLATE template0")
        database = Database("journal", server)
        ground = lay(database, Path(folder), server.dsn(), server.dsn("template1"))
        last: list[str] = []
        for each in mutants:
            original = (ROOT / each.path).read_text()
            _install(ground, each.text)
            killer = _killer(ground, last)
            _install(ground, original)
            if killer is not None:
                last = [killer, *(one for one in last if one != killer)]
            yield each, killer is None
        ground.root.close()


def _install(ground: Ground, text: str) -> None:
    ground.root.execute(f"BEGIN; SET LOCAL ROLE shisa_owner; {text}; COMMIT")


def _killer(ground: Ground, first: list[str]) -> str | None:
    """Name the cheat that gets by, or the honest story that does not; those that told mutants before come last."""
    for cheat in sorted(CHEATS, key=lambda one: one["cheat"] in first):
        clear(ground)
        try:
            told_ = outcome(cheat, ground)
        except psycopg.Error as error:
            return f"{cheat['cheat']}: {error}"
        finally:
            _let_go(ground)
        if told_:
            return str(cheat["cheat"])
    return None if _honest(ground) else "an honest story"


def _honest(ground: Ground) -> bool:
    clear(ground)
    story = changed(told(ground), {})
    try:
        for name in ORDER:
            append(ground.login(story[name][0]), ground, story[name])
    except psycopg.Error:
        return False
    finally:
        _let_go(ground)
    return True


def _let_go(ground: Ground) -> None:
    while ground.database.opened:
        ground.database.opened.pop().close()
