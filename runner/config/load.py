"""Find shisa.yaml, read it strictly and make sure that it does not contradict itself."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from runner.config.model import Config, Loaded, Target
from runner.config.url import url_objection
from runner.document import Document, Problem
from runner.errors import ConfigError
from runner.schema import Schema, resource
from runner.strict_yaml import parse

NAME = "shisa.yaml"


def find(*, config: Path | None, runbook: Path | None = None, cwd: Path) -> Path | None:
    """The configuration that holds: ``config``, else upward from the runbook, else upward from ``cwd``.

    None where there is none. Raises ConfigError when ``config`` names no file.
    """
    if config is not None:
        if not config.is_file():
            raise ConfigError(f"there is no configuration file {config}", hint="--config takes a file.")
        return config
    starts = [runbook.resolve().parent] if runbook is not None else []
    for start in [*starts, cwd.resolve()]:
        for folder in (start, *start.parents):
            if (folder / NAME).is_file():
                return folder / NAME
    return None


def load(*, config: Path | None = None, runbook: Path | None = None, cwd: Path | None = None) -> Loaded:
    """Find and read the configuration.

    Raises ConfigError when there is none, or when something in it is wrong (the sentence says where).
    """
    path = find(config=config, runbook=runbook, cwd=cwd or Path.cwd())
    if path is None:
        raise ConfigError(
            f"there is no {NAME} here or in any folder above",
            hint="`shisa init` writes one; --config FILE names one elsewhere.",
        )
    return read(path)


def read(path: Path) -> Loaded:
    """Read one configuration file; raises ConfigError with the place of the first thing that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    document = parse(content, dates=True)
    config, found = check(document)
    if config is None:
        first, more = found[0], len(found) - 1
        rest = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
        message = f"{path}:{first.line}:{first.column}: {first.message}{rest}"
        raise ConfigError(message, hint=first.hint)
    return Loaded(config=config, path=path.resolve(), digest=policy_digest(config))


def check(document: Document) -> tuple[Config | None, list[Problem]]:
    """Type a configuration and name everything that is wrong in it; a config with problems is None."""
    if document.problems:
        return None, list(document.problems)
    found = _schema().problems(document)
    if found:
        return None, found
    config = msgspec.convert(document.data, Config)
    found = list(_contradictions(config, document))
    return (None, found) if found else (config, [])


@functools.cache
def _schema() -> Schema:
    return Schema("config.schema.json", {"config.schema.json": resource("config.schema.json")})


def rules_of(config: Config) -> bytes:
    """Spell what decides who may do what: people, policies, the targets' policies, exceptions."""
    relevant = {
        "people": config.people,
        "policies": config.policies,
        "targets": {
            name: {"environment": target.environment, "policy": target.policy}
            for name, target in config.targets.items()
        },
        "functions": config.functions,
        "accept": config.accept,
        "journal_local": config.journal_local,
    }
    return msgspec.json.encode(relevant, order="sorted")


def policy_digest(config: Config) -> str:
    """sha256 of what decides who may do what."""
    return hashlib.sha256(rules_of(config)).hexdigest()


def _contradictions(config: Config, document: Document) -> Iterator[Problem]:
    """Problems that no schema can see; each names the two things that do not fit."""
    for rule, message, path, hint in _people(config) + _policies(config) + _targets(config) + _sinks(config):
        line, column = document.position(path)
        yield Problem(rule, message, hint, line, column)


Trouble = tuple[str, str, tuple[str | int, ...], str | None]
"""Rule, message, place and hint."""


def _people(config: Config) -> list[Trouble]:
    found: list[Trouble] = []
    owners: dict[str, str] = {}
    roles: dict[str, str] = {}
    for name, person in config.people.items():
        for i, key in enumerate(person.keys):
            options, listed = _options(key)
            owner = owners.setdefault(listed, name)
            if owner != name and "cert-authority" not in options:
                message = f"{owner} and {name} share one key, so nobody could tell who signed"
                found.append(("shared-key", message, ("people", name, "keys", i), "Each person needs an own key."))
        other = roles.setdefault(person.role or name, name)
        if other != name:
            message = f"{other} and {name} share the role {person.role or name} of the team journal"
            found.append(("shared-key", message, ("people", name, "role"), "Each person needs a role of their own."))
    for i, accepted in enumerate(config.accept):
        if accepted.by not in config.people:
            message = f"the exception for {accepted.object} was accepted by {accepted.by}, who is not in people"
            found.append(("unknown-person", message, ("accept", i, "by"), None))
    return found


def _options(key: str) -> tuple[str, str]:
    """Part a listed key into the options before it, which hold no blank, and the key without its comment."""
    words = key.split()
    first = 0 if words[0].startswith(("ssh-", "ecdsa-", "sk-")) else 1
    return " ".join(words[:first]), " ".join(words[first : first + 2])


def _policies(config: Config) -> list[Trouble]:
    found: list[Trouble] = []
    teams = {team for person in config.people.values() for team in person.teams}
    hint = f"Teams with people: {', '.join(sorted(teams)) or 'none'}."
    for name, policy in config.policies.items():
        for field, needs in (("need", policy.need), ("waive", policy.waive)):
            for i, need in enumerate(needs):
                if need.team not in teams:
                    message = f"policy {name} needs team {need.team}, which nobody is in"
                    found.append(("unknown-team", message, ("policies", name, field, i, "team"), hint))
        for i, who in enumerate(policy.break_glass):
            if who not in config.people and who not in teams:
                message = f"policy {name} lets {who} break the glass, but no person or team is called so"
                found.append(("unknown-person", message, ("policies", name, "break_glass", i), None))
        for i, rule in enumerate(policy.escalate):
            if rule.to not in config.people and rule.to not in teams:
                message = f"policy {name} escalates to {rule.to}, but no person or team is called so"
                found.append(("unknown-person", message, ("policies", name, "escalate", i, "to"), None))
    return found


def _targets(config: Config) -> list[Trouble]:
    found: list[Trouble] = []
    for name, target in config.targets.items():
        if target.policy is not None and target.policy not in config.policies:
            message = f"target {name} names policy {target.policy}, which is not defined"
            hint = f"Policies: {', '.join(sorted(config.policies)) or 'none'}."
            found.append(("unknown-policy", message, ("targets", name, "policy"), hint))
        if target.dsn is not None and (target.service or target.host or target.port or target.dbname):
            message = f"target {name} has a dsn and other places to connect to"
            found.append(("target-ambiguous", message, ("targets", name), "Keep one of them."))
    return found


def _sinks(config: Config) -> list[Trouble]:
    found: list[Trouble] = []
    called: set[str] = set()
    if config.notify.redmine is not None:
        hint = "Use webhook or command: a program of yours can write to a ticket."
        found.append(("wrong-value", "this version does not deliver to Redmine", ("notify", "redmine"), hint))
    for i, hook in enumerate(config.notify.webhook):
        objection = None if hook.url is None else url_objection(hook.url)
        if objection is not None:
            hint = "What stands there is not repeated here, for it may be a secret; url_env keeps it out of the file."
            found.append(("wrong-value", f"the webhook's url {objection}", ("notify", "webhook", i, "url"), hint))
        if hook.called in called:
            message = f"two webhooks are called {hook.called}, so nobody could tell which one delivered"
            found.append(("wrong-value", message, ("notify", "webhook", i), "Give each a name."))
        called.add(hook.called)
    return found


def conninfo(target: Target) -> str:
    """The libpq connection string of a target; passwords stay libpq's matter (pgpass, service file)."""
    if target.dsn is not None:
        return target.dsn
    fields = ("service", "host", "port", "dbname", "user")
    pairs = ((name, getattr(target, name)) for name in fields)
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in pairs if value is not None)


def _quoted(value: str) -> str:
    """Quote a conninfo value (libpq documentation, 34.1.1.1)."""
    if value and not any(character in " '\\\t\n" for character in value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def target_named(config: Config | None, name: str) -> Target:
    """The configured target, or one made from a libpq URI given in its place (without a policy).

    Raises ConfigError when there is no such target.
    """
    if name.startswith(("postgresql://", "postgres://")):
        return Target(dsn=name)
    if config is None or name not in config.targets:
        known = ", ".join(sorted(config.targets)) if config is not None and config.targets else "none"
        raise ConfigError(
            f"there is no target {name!r} in the configuration",
            hint=f"Targets: {known}. A libpq URI (postgresql://…) may stand in its place.",
        )
    return config.targets[name]
