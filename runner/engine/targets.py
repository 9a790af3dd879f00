"""The run's targets: which database each name stands for, and the connections to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from runner.errors import GateClosedError
from runner.journal.events import BoundTarget
from runner.postgres.reach import reach

if TYPE_CHECKING:
    from psycopg import Connection


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One target of a run: how to reach it, and what it was when the run opened."""

    bound: BoundTarget
    conninfo: str

    def connect(self, application_name: str, *, made: type[Connection[Any]] | None = None) -> Connection[Any]:
        """Open a connection in autocommit and make sure that it leads to the database of this run.

        ``made`` is the class to make it of. Raises ConnectError, and GateClosedError where the name leads to another
        database now.
        """
        connection, identity = reach(self.conninfo, application_name=application_name, made=made)
        if identity.fingerprint != self.bound.fingerprint:
            connection.close()
            message = f"target {self.bound.name} is not the database of this run any more: {identity.database}"
            raise GateClosedError(message, hint="somebody moved the name; look at shisa.yaml and at the server")
        return connection


@dataclasses.dataclass(frozen=True, slots=True)
class Targets:
    """The targets by the runbook's names."""

    by_name: dict[str, Target]

    def of(self, name: str | None) -> Target | None:
        """Find a step's target: by its name, or the runbook's only one.

        Raises GateClosedError where several are there and the step names none.
        """
        if name is None:
            return next(iter(self.by_name.values())) if len(self.by_name) == 1 else None
        if name not in self.by_name:
            message = f"the run has no target {name!r}"
            raise GateClosedError(message, hint=f"targets of this run: {', '.join(self.by_name) or 'none'}")
        return self.by_name[name]

    def fingerprints(self) -> dict[str, str]:
        """Tell each target's database by its fingerprint, for the plan's digest."""
        return {name: target.bound.fingerprint for name, target in self.by_name.items()}


def bind(name: str, configured: str, conninfo: str, *, environment: str | None, policy: str | None) -> Target:
    """Connect once and note which database a target's name stands for.

    Raises ConnectError.
    """
    connection, identity = reach(conninfo, application_name="shisa/bind")
    connection.close()
    bound = BoundTarget(
        name=name,
        configured=configured,
        fingerprint=identity.fingerprint,
        identity=identity.as_json(),
        environment=environment,
        policy=policy,
    )
    return Target(bound, conninfo)
