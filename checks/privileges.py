"""``privileges``: the same roles may do the same things on two targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from checks.base import Ask, Check, Finding, Verdict, check, param
from checks.facts.scope import SCHEMAS, not_there, scope
from checks.facts.wording import listed

_MAINTAIN = 17
"""The major version that brought MAINTAIN."""
_MAJOR = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object, its owner, and what others may do with it, each as ``reader SELECT`` or ``PUBLIC EXECUTE``."""

    schema: str
    kind: str
    object: str
    owner: str
    grants: list[str] | None = None
    part_of: str | None = None
    """The table of a column, the schema of default privileges; there is a row only where something is granted."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by on the other side."""
        return self.kind, self.object


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The objects of both sides."""

    here: tuple[ObjectRow, ...] = ()
    there: tuple[ObjectRow, ...] = ()
    older: int = 18
    """The lower major version of the two: what it does not know is not compared."""
    absent: tuple[str, ...] = ()


@check("privileges", since=14, group="structure", looks_at="objects", limits=["missing", "extra"], steady=True)
class Privileges(Check[Facts]):
    """The same roles may do the same things as on another target.

    ## Why it matters

    A clone, a table that was created again or a restore with `--no-privileges` comes without its grants, and the
    application fails with "permission denied" at its next request. A grant too many lets somebody read or change what
    they should not, and nothing fails at all.

    ## When it blocks

    A role (or PUBLIC) that holds a privilege there lacks it here. It warns where it holds more here, and where the
    owner is another. Schemas, tables, views, columns, sequences, functions and default privileges that both sides have
    are compared, by names; the order of grants and who granted do not count.

    ## What to do

    Grant what is missing, revoke what is too much, with the statements that the other side was made by.

    ## What it cannot see

    Objects that one side lacks (`schema-drift`), memberships of roles, what superusers may do, privileges on databases,
    types, languages and large objects, default privileges for all schemas, and MAINTAIN where one side is older than
    PostgreSQL 17. Policies are part of `schema-drift`. A schema that is on neither side is unknown.
    """

    other: str = param("Target that is compared with, by its name.")
    schemas: tuple[str, ...] = param(SCHEMAS, default=())
    roles: tuple[str, ...] = param("Roles whose privileges are compared, PUBLIC is one; all where empty.", default=())

    def gather(self, ask: Ask) -> Facts:
        """Learn the grants on both sides."""
        other = ask.other(self.other)
        part, beside = scope(ask, self.schemas), scope(other, self.schemas)
        here = part.within(ask.rows(self.query, ObjectRow))
        there = beside.within(other.rows(self.query, ObjectRow))
        older = min(ask.server_version, other.server_version) // _MAJOR
        return Facts(here, there, older, tuple(name for name in part.absent if name in beside.absent))

    def looked_at(self, facts: Facts) -> int:
        """Count the objects that both sides have."""
        return len({row.key for row in facts.here} & {row.key for row in facts.there}) or len(facts.absent)

    def judge(self, facts: Facts) -> Iterator[Finding]:
        """Block what is missing."""
        yield from not_there(facts.absent)
        ours, theirs = {row.key: row for row in facts.here}, {row.key: row for row in facts.there}
        both = {name for _, name in ours.keys() & theirs.keys()}
        for key in sorted(ours.keys() | theirs.keys()):
            here, there = ours.get(key), theirs.get(key)
            if here is None and there is not None and there.part_of in both:
                here = dataclasses.replace(there, grants=None)
            if there is None and here is not None and here.part_of in both:
                there = dataclasses.replace(here, grants=None)
            if here is not None and there is not None:
                yield from self._compared(here, there, facts.older)

    def _compared(self, here: ObjectRow, there: ObjectRow, older: int) -> Iterator[Finding]:
        ours, wanted = self._grants(here, older), self._grants(there, older)
        missing = sorted(grant for grant in wanted - ours if not self._held_by(grant, (here.owner,)))
        extra = sorted(grant for grant in ours - wanted if not self._held_by(grant, (there.owner,)))
        name = f"The {here.kind} {here.object}" if here.kind != "default" else f"Default privileges in {here.object}:"
        told = [f"lacks {listed(missing)}"] * bool(missing) + [f"has {listed(extra)} too much"] * bool(extra)
        if told:
            yield Finding(
                here.object,
                Verdict.BLOCK if missing else Verdict.WARN,
                f"{name} {' and '.join(told)}, compared with {self.other}.",
                {"missing": len(missing), "extra": len(extra), "lacks": missing, "has_too": extra},
                {"missing": 0, "extra": 0},
            )
        if here.owner != there.owner and here.kind != "column":
            message = f"{name} belongs to {here.owner} here and to {there.owner} on {self.other}."
            yield Finding(here.object, Verdict.WARN, message, {"owner": here.owner}, {"owner": there.owner})

    def _grants(self, row: ObjectRow, older: int) -> set[str]:
        return {
            grant
            for grant in row.grants or ()
            if (older >= _MAINTAIN or " MAINTAIN" not in grant) and (not self.roles or self._held_by(grant, self.roles))
        }

    @staticmethod
    def _held_by(grant: str, roles: Sequence[str]) -> bool:
        return any(grant.startswith((f"{role} ", f'"{role}" ')) for role in roles)
