"""Who wrote what would run: the authors of lines of a runbook, by ``git blame`` of exactly the content of the run."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner import git
from runner.config.model import Person
from runner.errors import GateClosedError

_SECONDS = 30
_COMMIT = re.compile(r"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")
_PLAIN = ("--no-replace-objects", "--literal-pathspecs", "-c", "core.fsmonitor=false")
"""What keeps a repository's own settings from hiding an author or from running a program."""
_QUIETLY = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


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
    span = f"{lines.start},{lines.stop - 1}"
    argv = [
        "git",
        *_PLAIN,
        "blame",
        "--line-porcelain",
        "--no-textconv",
        "--ignore-revs-file=",
        "-L",
        span,
        "--contents",
        "-",
        "--",
        path.name,
    ]
    hint = "commit the runbook where it stands, or use a policy without exclude_authors"
    try:
        done = subprocess.run(
            argv,
            cwd=path.parent,
            input=text.encode(),
            capture_output=True,
            env=git.environment() | _QUIETLY,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GateClosedError(f"nobody can tell who wrote {path.name}: git: {error}", hint=hint) from error
    if done.returncode != 0:
        said = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git gave no reason"])[0]
        raise GateClosedError(f"nobody can tell who wrote {path.name}: {said}", hint=hint)
    found: dict[tuple[str, str], list[int]] = {}
    commit, number, name = "", 0, ""
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        begin = _COMMIT.fullmatch(line)
        if begin is not None:
            commit, number = begin[1], int(begin[2])
        elif line.startswith("author "):
            name = line.removeprefix("author ")
        elif line.startswith("author-mail "):
            if not commit.strip("0"):
                raise GateClosedError(f"line {number} of {path.name} is in no commit: nobody wrote it yet", hint=hint)
            found.setdefault((name, line.removeprefix("author-mail ").strip("<>")), []).append(number)
    return tuple(Author(*who, tuple(numbers)) for who, numbers in found.items())


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
