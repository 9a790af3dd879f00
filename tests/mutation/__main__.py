"""Take one guard away at a time and see a test fail: ``python -m tests.mutation [sql|python] [WORD]``.

The tests run once to learn which lines each of them touches; then each mutant, a change of one place, runs those that
could notice until the first fails. Mutants that live are printed at the end; some are equal to the original, and
known.yaml says why.
"""

import argparse
import contextlib
import itertools
import sys
import tempfile
from pathlib import Path

import pytest

from runner.demo.server import throwaway
from tests.fixtures.servers import ROOT, chosen_binaries
from tests.mutation.choosing import TEAM
from tests.mutation.mutants import KNOWN, mutants, stale
from tests.mutation.trials import Trial, Trials

AT_ONCE = 2
TESTS = {
    "sql": [TEAM],
    "python": [
        "tests/runner/test_policy.py",
        "tests/runner/review",
        "tests/runner/journal",
        "tests/runner/engine",
        "tests/runner/cli/test_verify.py",
    ],
}


def main() -> int:
    """Try every mutant; exit 1 where one lives that is not known."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("area", nargs="?", choices=("sql", "python"))
    parser.add_argument("word", nargs="*", help="only mutants whose name has one of these in it")
    parser.add_argument("--list", action="store_true", help="name them, and try none")
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="only these tests")
    given = parser.parse_args()
    chosen = [
        each
        for each in mutants(ROOT)
        if given.area in {None, each.area} and (not given.word or any(word in each.name for word in given.word))
    ]
    if given.list:
        sys.stdout.write("".join(f"{each.name}\n" for each in chosen))
        return 0
    if gone := list(stale(ROOT)):
        sys.exit("\n".join(gone))
    areas = dict.fromkeys(each.area for each in chosen)
    tests = given.tests or list(dict.fromkeys(test for area in areas for test in TESTS[area]))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, contextlib.ExitStack() as stack:
        servers = [stack.enter_context(throwaway(chosen_binaries())) for _ in range(AT_ONCE)]
        trials = Trials(ROOT, Path(folder), chosen, servers)
        options = ["-qq", "--no-header", "--capture=sys", "-o", "verbosity_assertions=2", "-p", "no:xdist"]
        options += ["-m", "not slow and not long"]
        ended = pytest.main([*options, *tests], plugins=[trials])
    sys.stdout.write(summary(trials.done))
    lives = [each for each in trials.done if not each.killed and each.mutant.name not in KNOWN]
    return int(bool(lives) or len(trials.done) < len(chosen) or ended not in {0, pytest.ExitCode.NO_TESTS_COLLECTED})


def summary(done: list[Trial]) -> str:
    """Tell by file how many there were, and name those that live."""
    lines = []
    for path, group in itertools.groupby(
        sorted(done, key=lambda each: each.mutant.path), lambda each: each.mutant.path
    ):
        each = list(group)
        alive = [one for one in each if not one.killed]
        equal = sum(one.mutant.name in KNOWN for one in alive)
        lines.append(
            f"{len(each):4} mutants, {len(each) - len(alive):4} killed, {equal:3} equal, {len(alive) - equal:3} live, "
            f"{sum(one.seconds for one in each):6.0f} s  {path}\n"
        )
    lines += [
        f"LIVES  {each.mutant.name} ({each.ended or f'{each.tests} tests'})\n"
        for each in done
        if not each.killed and each.mutant.name not in KNOWN
    ]
    lines += [
        f"killed, though known.yaml has it  {each.mutant.name}\n"
        for each in done
        if each.killed and each.mutant.name in KNOWN
    ]
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
