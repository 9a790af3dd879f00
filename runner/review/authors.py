"""Who wrote what would run: the authors of lines of a runbook, by ``git blame`` of exactly the content of the run."""

from __future__ import annotations

import dataclasses
import difflib
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner import git
from runner.config.model import Person
from runner.errors import GateClosedError

_SECONDS = 30
_COMMIT = re.compile(r"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")
_AUTHOR = re.compile(r"^author (.*) <(.*)> \d+ [+-]\d+$", re.MULTILINE)
_PLAIN = ("--no-replace-objects", "--literal-pathspecs", "-c", "core.fsmonitor=false")
"""What keeps a repository's own settings from hiding an author or from running a program."""
_QUIETLY = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none"}
"""Nor does it fetch what a partial clone lacks, by a program that the repository names."""


@dataclasses.dataclass(frozen=True, slots=True)
class Author:
    """Somebody of a Git history, and the lines that are theirs."""

    name: str
    mail: str
    lines: tuple[int, ...]

    def is_one_of(self, known: Iterable[str]) -> bool:
        """Whether one of these names or addresses is theirs; large and small letters are one."""
        return bool({self.name.casefold(), self.mail.casefold()} & {each.casefold() for each in known})


def authors(path: Path, text: str, lines: range) -> tuple[Author, ...]:
    """Tell who wrote these lines (from 1, the end excluded) of a file whose content is ``text``.

    Raises GateClosedError where Git cannot tell, and where a line is in no commit.
    """
    committed = _in_head(path, text)
    wanted = {committed[number]: number for number in lines if number in committed}
    missing = next((number for number in lines if number not in committed), None)
    if missing is not None:
        raise _unknown(f"line {missing} of {path.name} is in no commit: nobody wrote it yet")
    spans = [f"-L{number},{number}" for number in wanted]
    blamed = _git(path, "blame", "--porcelain", "--no-textconv", "--ignore-revs-file=", *spans, "HEAD", "--", path.name)
    written: list[tuple[str, int]] = []
    cut_off = set[str]()
    for line in blamed.split("\n"):
        begin = _COMMIT.fullmatch(line)
        if begin is not None:
            written.append((begin[1], wanted[int(begin[2])]))
        elif line == "boundary":
            cut_off.add(written[-1][0])
    who = {commit: _author(path, commit, cut_off=commit in cut_off) for commit, _ in written}
    found: dict[tuple[str, str], list[int]] = {}
    for commit, number in written:
        found.setdefault(who[commit], []).append(number)
    return tuple(Author(*each, tuple(numbers)) for each, numbers in found.items())


def _in_head(path: Path, text: str) -> dict[int, int]:
    """Tell for each line of a text that is in the last commit its number there.

    Both are compared here: Git would look at the file through the filters that the repository names.
    """
    committed = _git(path, "cat-file", "blob", f"HEAD:./{path.name}")
    before, now = ([line.rstrip("\r") for line in each.split("\n")] for each in (committed, text))
    blocks = difflib.SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    return {at + n + 1: was + n + 1 for was, at, size in blocks for n in range(size)}


def _author(path: Path, commit: str, *, cut_off: bool) -> tuple[str, str]:
    """Tell the name and address that a commit itself has, whatever a mailmap makes of them.

    A commit where Git's history is ``cut_off`` may only be one that has nothing before it.
    """
    head = _git(path, "cat-file", "commit", commit).partition("\n\n")[0]
    author = _AUTHOR.search(head)
    if author is None:
        raise _unknown(f"commit {commit[:12]} does not say who wrote {path.name}")
    if cut_off and "\nparent " in head:
        raise _unknown(f"the history of {path.name} is cut off at {commit[:12]}", "`git fetch --unshallow` gets it")
    return author[1], author[2]


def _git(path: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            [git.program(), *_PLAIN, *words],
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=git.environment() | _QUIETLY,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unknown(f"nobody can tell who wrote {path.name}: git: {error}") from error
    if done.returncode != 0:
        said = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git gave no reason"])[0]
        raise _unknown(f"nobody can tell who wrote {path.name}: {said}")
    return done.stdout.decode("utf-8", "replace")


def _unknown(why: str, hint: str = "commit the runbook where it stands") -> GateClosedError:
    return GateClosedError(why, hint=f"{hint}, or use a policy without exclude_authors")


def excluded_by(found: Iterable[Author], file: str, people: Mapping[str, Person]) -> dict[str, str]:
    """Tell which people these authors are, each with the reason why they do not count.

    Raises GateClosedError for an author whom shisa.yaml does not know: they might be anybody.
    """
    excluded: dict[str, str] = {}
    for author in found:
        theirs = [name for name, person in people.items() if author.is_one_of(person.git)]
        if not theirs:
            raise GateClosedError(
                f"{author.name} <{author.mail}> wrote {_lines(author.lines)} of {file}, and is nobody in shisa.yaml",
                hint=f"write `git: [{author.mail}]` at the person who that is",
            )
        for name in theirs:
            excluded[name] = f"wrote {_lines(author.lines)} of {file}"
    return excluded


def _lines(numbers: tuple[int, ...]) -> str:
    first, last = min(numbers), max(numbers)
    if first == last:
        return f"line {first}"
    whole = last - first + 1 == len(numbers)
    return f"lines {first} to {last}" if whole else f"{len(numbers)} lines between {first} and {last}"
