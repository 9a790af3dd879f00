"""``extension-versions``: extensions are of the version of the server's files, and of another target's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from checks.base import Ask, Check, Finding, Remedy, Verdict, check, param


@dataclasses.dataclass(frozen=True, slots=True)
class ExtensionRow:
    """One installed extension."""

    object: str
    installed: str
    there: bool
    available: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The extensions of the target, and of the other one where one is named."""

    here: tuple[ExtensionRow, ...]
    there: tuple[ExtensionRow, ...] | None = None


@check("extension-versions", since=14, group="structure", looks_at="extensions", empty_ok=True)
class ExtensionVersions(Check[Facts]):
    """Extensions are of the version that the server's files have, and of another target's.

    ## Why it matters

    New packages bring new files, and the objects in the database stay as they were until `ALTER EXTENSION … UPDATE`. An
    old script with a new library, or a clone with another version, behaves differently where nobody looks; a dump
    restored where the extension is missing fails half way.

    ## When it blocks

    The server has no files of an installed extension (its functions fail at the next load, a restore or an upgrade
    fails), or the other target has an extension that is missing here. It warns where the installed version is not the
    files' own, and where the other target has another version or lacks one that is here.

    ## What to do

    Install the package, `ALTER EXTENSION … UPDATE` after reading its notes, `CREATE EXTENSION` where one is missing.

    ## What it cannot see

    The version of a library that is loaded already, and extensions in other databases. An extension whose files name no
    default version is unknown.
    """

    other: str | None = param("Target whose extensions are compared, by its name.", default=None)

    def gather(self, ask: Ask) -> Facts:
        """Learn the extensions on both sides."""
        here = tuple(ask.rows(self.query, ExtensionRow))
        if self.other is None:
            return Facts(here)
        return Facts(here, tuple(ask.other(self.other).rows(self.query, ExtensionRow)))

    def looked_at(self, facts: Facts) -> int:
        """Count the extensions on both sides."""
        return len({row.object for row in (*facts.here, *(facts.there or ()))})

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare with the files, then with the other target."""
        for row in facts.here:
            verdict, message, remedy = _against_files(row)
            measured = {"installed": row.installed, "available": row.available}
            yield Finding(row.object, verdict, message, measured, {"installed": row.available}, remedy)
        if facts.there is not None:
            yield from self._against_other(facts.here, facts.there)

    def _against_other(self, here: tuple[ExtensionRow, ...], there: tuple[ExtensionRow, ...]) -> Iterator[Finding]:
        ours = {row.object: row.installed for row in here}
        theirs = {row.object: row.installed for row in there}
        for name in sorted(ours.keys() | theirs.keys()):
            version, wanted = ours.get(name), theirs.get(name)
            if version == wanted:
                continue
            if version is None:
                verdict, message = (
                    Verdict.BLOCK,
                    f"{name} is missing here, and {self.other} has version {wanted} of it.",
                )
            elif wanted is None:
                verdict, message = Verdict.WARN, f"{name} {version} is here, and {self.other} has none of it."
            else:
                verdict, message = Verdict.WARN, f"{name} is of version {version} here and {wanted} on {self.other}."
            yield Finding(name, verdict, message, {"installed": version, "other": wanted}, {"installed": wanted})


def _against_files(row: ExtensionRow) -> tuple[Verdict, str, Remedy | None]:
    name = row.object
    if not row.there:
        message = (
            f"{name} {row.installed} is installed in the database, but the server has no files of it: its functions "
            "fail at their next load, and a restore or an upgrade fails."
        )
        return Verdict.BLOCK, message, None
    if row.available is None:
        message = f"The server's files of {name} name no version, so nobody can tell whether {row.installed} is theirs."
        return Verdict.UNKNOWN, message, None
    if row.available == row.installed:
        return Verdict.PASS, f"{name} is of version {row.installed}, like the server's files.", None
    step = {"title": f"Bring {name} to {row.available}", "sql": f"ALTER EXTENSION {name} UPDATE"}
    remedy = Remedy("The objects in the database become those of the server's files.", {}, [step])
    message = f"{name} is of version {row.installed} in the database, and the server's files are of {row.available}."
    return Verdict.WARN, message, remedy
