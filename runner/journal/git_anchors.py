"""Anchors in a Git repository: an annotated tag holds the journal's head, and whoever fetches it is a witness."""

from __future__ import annotations

import subprocess
from pathlib import Path

from runner.canonical import canonical
from runner.errors import UsageError
from runner.git import environment, program
from runner.journal.anchors import AnchorPoint, anchor_in
from runner.journal.record import Head

PREFIX = "shisa-journal-"
_SECONDS = 60.0


def tag(head: Head, repository: Path) -> str:
    """Set an annotated tag that holds the journal's head, and tell its name.

    Raises UsageError where Git does not, as for a tag of that name with another head.
    """
    name = f"{PREFIX}{head.seq}"
    known = [point for point in read_tags(repository, required=False) if point.source == f"tag {name}"]
    if known and known[0].head == head.hash:
        return name
    text = canonical({"head": head.hash, "seq": head.seq}).decode()
    _git(repository, "tag", "--annotate", "--no-sign", "--cleanup=verbatim", f"--message={text}", name)
    return name


def read_tags(repository: Path, *, required: bool = True) -> tuple[AnchorPoint, ...]:
    """Read the heads in a repository's tags.

    Raises UsageError where there are none although they are ``required``, and for a tag that holds no head.
    """
    listed = _git(
        repository, "for-each-ref", "--format=%(refname:strip=2)%00%(contents:subject)", f"refs/tags/{PREFIX}*"
    )
    found = []
    for line in listed.splitlines():
        name, _, text = line.partition("\0")
        point = anchor_in(text, f"tag {name}")
        if point is None:
            raise UsageError(f"The tag {name} in {repository} holds no journal head.")
        found.append(point)
    if required and not found:
        raise UsageError(
            f"There are no tags {PREFIX}… in {repository}.",
            hint="`shisa journal anchor --tag` sets one; `git fetch --tags` brings those of others.",
        )
    return tuple(found)


def _git(repository: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [program(), "-C", str(repository), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment(),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"git cannot be run: {error}", hint="Install Git, or keep the head in a file.") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise UsageError(f"git failed: {last}", hint=f"`git -C {repository} status` tells more.")
    return done.stdout
