"""Take one guard away at a time and see a test fail: ``python -m tests.mutation [sql|python] [WORD]``.

Each mutant is a copy of the program with one change, and runs the tests of its area until the first failure. Those
that live are printed at the end; some are equal to the original, and known.yaml says why.
"""

import argparse
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from runner.demo.server import throwaway
from tests.fixtures.servers import ROOT, chosen_binaries
from tests.mutation.mutants import SQL, Mutant, mutants
from tests.mutation.team import judged

COPIED = ("runner", "checks", "schemas", "runbooks", "tests", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
KNOWN = yaml.safe_load((Path(__file__).parent / "known.yaml").read_text()) or {}


def main() -> int:
    """Try every mutant; exit 1 where one lives that is not known."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("area", nargs="?", choices=("sql", "python"))
    parser.add_argument("word", nargs="?", help="only mutants whose name has this in it")
    parser.add_argument("--list", action="store_true", help="name them, and try none")
    given = parser.parse_args()
    chosen = [
        each
        for each in mutants(ROOT)
        if given.area in {None, each.area} and (given.word is None or given.word in each.name)
    ]
    if given.list:
        sys.stdout.write("".join(f"{each.name}\n" for each in chosen))
        return 0
    alive = []
    began = time.monotonic()
    with workshop() as (folder, environment):
        quick = [each for each in chosen if each.path.startswith(f"{SQL}/judge")]
        rest = [each for each in chosen if each not in quick]
        tried = itertools.chain(judged(quick), ((each, survives(each, folder, environment)) for each in rest))
        for number, (each, lives) in enumerate(tried, 1):
            if lives and each.name not in KNOWN:
                alive.append(each.name)
            state = "LIVES" if lives else "killed"
            say(f"{number}/{len(chosen)} {time.monotonic() - began:.0f} s  {state}  {each.name}")
    say("".join(f"LIVES  {name}\n" for name in alive) + f"{len(chosen)} mutants, {len(alive)} live")
    return 1 if alive else 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def workshop() -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of the program to change, and one server for all mutants."""
    with tempfile.TemporaryDirectory(prefix="shisa-mutants-") as name, throwaway(chosen_binaries()) as server:
        folder = Path(name)
        for each in COPIED:
            place = ROOT / each
            if place.is_dir():
                shutil.copytree(place, folder / each, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(place, folder / each)
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "SHISA_TEST_DSN": server.dsn()}
        yield folder, environment


def survives(mutant: Mutant, folder: Path, environment: dict[str, str]) -> bool:
    """Run the tests of a mutant's area; whether all of them pass."""
    path = folder / mutant.path
    original = path.read_text()
    path.write_text(mutant.text)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-m", "not slow and not long", *mutant.tests]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=300,
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(original)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
