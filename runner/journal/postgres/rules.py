"""One source of policy: what ``shisa journal sync`` loads into the team journal, and whether a shisa.yaml agrees."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from checks.duration import parse_duration
from runner.config.load import conninfo, rules_of
from runner.errors import ConfigError, JournalError
from runner.journal.postgres import script
from runner.journal.postgres.faults import worded
from runner.journal.postgres.link import Link
from runner.postgres.connect import connect
from runner.postgres.reach import reach, shown

if TYPE_CHECKING:
    from psycopg import Connection

    from runner.config.model import Config, Loaded, Need

_SHOWN = 3
"""Differences named in a refusal."""


@dataclasses.dataclass(frozen=True, slots=True)
class Synced:
    """What a sync loaded."""

    where: str
    people: int
    policies: int
    targets: int
    without_role: tuple[str, ...]
    """People whose role does not exist in the journal's cluster, so that they cannot log in."""


def demand_same(location: str, config: Loaded) -> None:
    """Refuse a shisa.yaml that differs from what the team journal holds, and name what differs.

    Raises ConfigError, and JournalError where the journal cannot be asked.
    """
    link = Link(location, readonly=True)
    try:
        row = link.ask(lambda at: at.execute("SELECT digest, content, at, role FROM shisa.rules").fetchone())
    finally:
        link.close()
    if row is None:
        raise ConfigError(
            f"nobody has loaded people, policies and targets into the team journal {link.where}",
            hint="its owner runs `shisa journal sync`",
        )
    digest, content, at, role = row
    if digest != config.digest:
        found = list(differences(msgspec.json.decode(content), msgspec.json.decode(rules_of(config.config))))
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ConfigError(
            f"{config.path} and the team journal differ in {', '.join(found[:_SHOWN])}{more}",
            hint=f"the journal's copy rules ({role} loaded it {at:%Y-%m-%d %H:%M} UTC): take that file, or let the"
            " journal's owner run `shisa journal sync` with yours",
        )


def differences(rules: Any, mine: Any, path: str = "") -> Iterator[str]:
    """Name the places where two spellings of the rules differ."""
    if isinstance(rules, Mapping) and isinstance(mine, Mapping):
        for key in sorted({*rules, *mine}):
            yield from differences(rules.get(key), mine.get(key), f"{path}.{key}" if path else key)
    elif rules != mine:
        yield path


def sync(location: str, config: Loaded) -> Synced:
    """Load people, policies and targets; one transaction, between two appends.

    Raises ConnectError where a target cannot be asked for its identity, ConfigError where one database has two
    policies, and JournalError where this role does not own the journal.
    """
    import psycopg

    targets = list(_targets(config.config))
    where = shown(location)
    with connect(location, application_name="shisa/journal sync") as connection:
        try:
            with connection.transaction():
                connection.execute("SET LOCAL ROLE shisa_owner")
                connection.execute("SELECT FROM shisa.head FOR UPDATE")
                before = [name for (name,) in connection.execute("SELECT role::text FROM shisa.person").fetchall()]
                _load(connection, config, targets)
                without = _admit(connection, before)
        except psycopg.errors.InsufficientPrivilege as error:
            raise JournalError(
                f"This role does not own the team journal at {where}: {error.diag.message_primary}.",
                hint="Connect as a member of shisa_owner: GRANT shisa_owner TO …, by whoever installed the journal.",
            ) from error
        except psycopg.Error as error:
            raise worded(where, error) from error
    return Synced(where, len(config.config.people), len(config.config.policies), len(targets), without)


def _targets(config: Config) -> Iterator[tuple[str, list[str], str | None, str | None]]:
    """Ask every target who it is: fingerprint, its names, environment and policy."""
    found: dict[str, tuple[list[str], str | None, str | None]] = {}
    for name, target in config.targets.items():
        connection, identity = reach(conninfo(target), application_name="shisa/journal sync")
        connection.close()
        names, *known = found.setdefault(identity.fingerprint, ([], target.environment, target.policy))
        if known != [target.environment, target.policy]:
            raise ConfigError(
                f"targets {names[0]} and {name} are one database with different policies or environments",
                hint="one database has one policy, whatever name leads to it",
            )
        names.append(name)
    return ((fingerprint, *told) for fingerprint, told in found.items())


def _load(connection: Connection[Any], config: Loaded, targets: Sequence[tuple[Any, ...]]) -> None:
    many = connection.cursor().executemany
    connection.execute("DELETE FROM shisa.person; DELETE FROM shisa.target; DELETE FROM shisa.policy")
    many(
        "INSERT INTO shisa.person VALUES (%s, %s, %s)",
        [(name, one.role or name, list(one.teams)) for name, one in config.config.people.items()],
    )
    many(
        "INSERT INTO shisa.policy (name, need, waive, break_glass, request_ttl, approval_ttl, window_max, retries)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (
                name,
                _slots(one.need),
                _slots(one.waive),
                list(one.break_glass),
                parse_duration(one.request_ttl),
                parse_duration(one.approval_ttl),
                None if one.window is None else parse_duration(one.window.max),
                one.retries,
            )
            for name, one in config.config.policies.items()
        ],
    )
    many("INSERT INTO shisa.target (fingerprint, names, environment, policy) VALUES (%s, %s, %s, %s)", targets)
    connection.execute("DELETE FROM shisa.rules")
    connection.execute(
        "INSERT INTO shisa.rules (digest, content) VALUES (%s, %s)", (config.digest, rules_of(config.config).decode())
    )


def _slots(needs: Sequence[Need]) -> str:
    """Add up the people of each team, as a JSON object."""
    found: dict[str, int] = {}
    for need in needs:
        found[need.team] = found.get(need.team, 0) + need.n
    return msgspec.json.encode(found).decode()


def _admit(connection: Connection[Any], before: Sequence[str]) -> tuple[str, ...]:
    """Let the people's roles in, and those who left out; tell who has no role."""
    from psycopg import sql

    connection.execute(script("admit").encode())
    rows = connection.execute("SELECT name FROM shisa.person WHERE to_regrole(quote_ident(role)) IS NULL ORDER BY name")
    without = tuple(name for (name,) in rows.fetchall())
    gone = "SELECT role FROM unnest(%s::text[]) role WHERE role NOT IN (SELECT role::text FROM shisa.person)"
    for (role,) in connection.execute(gone, (list(before),)).fetchall():
        if connection.execute("SELECT to_regrole(quote_ident(%s))", (role,)).fetchone() != (None,):
            connection.execute(sql.SQL("REVOKE shisa_operator, shisa_reviewer FROM {}").format(sql.Identifier(role)))
    return without
