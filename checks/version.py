"""``version``: the server has a version that the procedure was written for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from checks.base import Ask, CannotAskError, Check, Finding, Verdict, check, param

_VERSION = re.compile(r"(\d{2})(?:\.(\d{1,4}))?")
_MAJOR = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One server's version."""

    number: int
    """``server_version_num``, as 160004."""
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The version of the target, and of the one that it shall be like."""

    here: Row
    other: Row | None = None


@check("version", since=14, group="target and backup", looks_at="servers")
class Version(Check[Facts]):
    """The server has a version that is expected.

    ## Why it matters

    A procedure that was tried on 17 meets a 14 that does not know the command half-way through; a dump of a newer
    server cannot be restored into an older one; a known defect was fixed in a minor version that is not installed.

    ## When it blocks

    The version is older than `at_least`, not older than `below`, or of another major version than the target
    `same_as`. It is unknown where nothing is expected.

    ## What to do

    Upgrade the server, or take the procedure that was written for its version.

    ## What it cannot see

    What a vendor changed without changing the number, and which defects a version has.
    """

    at_least: str | None = param("Oldest version that is fine, as 16 or 16.4.", default=None)
    below: str | None = param("First version that is not fine, as 19.", default=None)
    same_as: str | None = param("Target whose major version this one must have.", default=None)

    def gather(self, ask: Ask) -> Facts:
        """Ask one or two servers."""
        (here,) = ask.rows(self.query, Row)
        for wanted in filter(None, (self.at_least, self.below)):
            _number(wanted)
        if self.same_as is None:
            return Facts(here)
        (other,) = ask.other(self.same_as).rows(self.query, Row)
        return Facts(here, other)

    def looked_at(self, facts: Facts) -> int:
        """Count the servers."""
        return 1 + (facts.other is not None)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Compare numbers."""
        here, other = facts.here, facts.other
        told = []
        if self.at_least is not None and here.number < _number(self.at_least):
            told.append(f"older than {self.at_least}")
        if self.below is not None and here.number >= _number(self.below):
            told.append(f"not older than {self.below}")
        if other is not None and other.number // _MAJOR != here.number // _MAJOR:
            told.append(f"and {self.same_as} has {other.text}, another major version")
        measured = {"version": here.number} | ({} if other is None else {"other_version": other.number})
        bound = {"at_least": self.at_least, "below": self.below, "same_as": self.same_as}
        if not any(bound.values()):
            message = f"The server has PostgreSQL {here.text}; what was expected is not said."
            yield Finding("server", Verdict.UNKNOWN, message, measured, bound)
        elif told:
            message = f"The server has PostgreSQL {here.text}, {', '.join(told)}: the procedure was not made for it."
            yield Finding("server", Verdict.BLOCK, message, measured, bound)
        else:
            yield Finding("server", Verdict.PASS, f"The server has PostgreSQL {here.text}.", measured, bound)


def _number(text: str) -> int:
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise CannotAskError(f"{text!r} is no version of PostgreSQL: write 16 or 16.4")
    return int(found[1]) * _MAJOR + int(found[2] or 0)
