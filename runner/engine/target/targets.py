"""The run's targets: which database each name stands for, and the connections to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from runner.engine.target.standing import moved, standing
from runner.errors import GateClosedError
from runner.journal.events import BoundTarget
from runner.postgres.reach import reach

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.postgres.identity import Identity


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One target of a run: how to reach it, and what it was when the run opened."""

    bound: BoundTarget
    conninfo: str

    @property
    def place(self) -> str:
        """Tell one server's database from others: a standby has its primary's fingerprint, and locks of its own."""
        known = self.bound.identity
        own = f" {known.get('server_addr')}:{known.get('server_port')}" if known.get("in_recovery") else ""
        return self.bound.fingerprint + own

    def connect(
        self, application_name: str, *, made: type[Connection[Any]] | None = None, unmoved: bool = False
    ) -> Connection[Any]:
        """Open a connection in autocommit and make sure that it leads to the database of this run.

        ``made`` is the class to make it of; ``unmoved`` takes only the role and timeline that the run is bound to, as
        an effect must. Raises ConnectError, and GateClosedError where the name leads elsewhere now.
        """
        connection, identity = self._reach(application_name, made)
        if unmoved and moved(self.bound.identity, identity.as_json()):
            connection.close()
            was, now = standing(self.bound.identity), standing(identity.as_json())
            raise GateClosedError(
                f"target {self.bound.name} was {was}, and is {now}, which no step of this run declares",
                hint="look whether what the steps have done is there; if so, `resume --accept-changes` goes on there",
            )
        return connection

    def look(self) -> dict[str, Any]:
        """Ask the target what it is now. Raises ConnectError, and GateClosedError as ``connect`` does."""
        connection, identity = self._reach("shisa/bind", None)
        connection.close()
        return identity.as_json()

    def _reach(self, application_name: str, made: type[Connection[Any]] | None) -> tuple[Connection[Any], Identity]:
        connection, identity = reach(self.conninfo, application_name=application_name, made=made)
        if identity.fingerprint != self.bound.fingerprint:
            connection.close()
            message = f"target {self.bound.name} is not the database of this run any more: {identity.database}"
            raise GateClosedError(message, hint="somebody moved the name; look at shisa.yaml and at the server")
        return connection, identity

    def rebound(self, identity: dict[str, Any]) -> Target:
        """Give the target as it is bound to what it has become."""
        return Target(msgspec.structs.replace(self.bound, identity=identity), self.conninfo)


@dataclasses.dataclass(frozen=True, slots=True)
class Targets:
    """The targets by the runbook's names."""

    by_name: dict[str, Target]

    def of(self, name: str | None) -> Target | None:
        """Find a step's target: by its name, or the runbook's only one; None where it names none of several.

        Raises GateClosedError for a name that the run does not have.
        """
        if name is None:
            return next(iter(self.by_name.values())) if len(self.by_name) == 1 else None
        if name not in self.by_name:
            message = f"the run has no target {name!r}"
            raise GateClosedError(message, hint=f"targets of this run: {', '.join(self.by_name) or 'none'}")
        return self.by_name[name]

    def same_as(self, target: Target) -> list[Target]:
        """Find the targets that lead to the same server's database, by whatever name; the target itself too."""
        return [each for each in self.by_name.values() if each.place == target.place]

    def rebind(self, target: Target, identity: dict[str, Any]) -> None:
        """Bind a target, by all of its names, to what it has become."""
        for each in self.same_as(target):
            self.by_name[each.bound.name] = each.rebound(identity)

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
