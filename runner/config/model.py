"""What shisa.yaml says, typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import field


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in shisa.yaml: frozen, and strict about keys."""


class Target(_Part, frozen=True, kw_only=True):
    """A database by the name that runbooks and ``--target`` use; passwords are libpq's matter."""

    dsn: str | None = None
    service: str | None = None
    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    user: str | None = None
    environment: str | None = None
    policy: str | None = None
    disk_free: tuple[str, ...] | None = None
    """A command that prints the free bytes of the data volume."""


class Person(_Part, frozen=True, kw_only=True):
    """Somebody who operates, reviews or answers."""

    teams: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """SSH public keys, ``ssh-ed25519 AAAA…``."""
    os_user: str | None = None
    git: tuple[str, ...] = ()
    """Their e-mail addresses and names in Git, by which authors of a runbook are known."""
    role: str | None = None
    """The PostgreSQL role with which they log in to the team journal; by default their name."""


class Need(_Part, frozen=True, kw_only=True):
    """So many distinct people of one team."""

    team: str
    n: int


class Window(_Part, frozen=True, kw_only=True):
    """How long a signed execution window may be."""

    max: str


class Escalation(_Part, frozen=True, kw_only=True):
    """Who is told when nobody decided in time."""

    after: str
    to: str


class Policy(_Part, frozen=True, kw_only=True):
    """Who must sign, and for how long a signature holds."""

    need: tuple[Need, ...]
    request_ttl: str = "12h"
    approval_ttl: str = "1h"
    window: Window | None = None
    waive: tuple[Need, ...] = ()
    break_glass: tuple[str, ...] = ()
    exclude_authors: bool = False
    lock_while_waiting: Literal["hold", "release"] = "release"
    retries: int = 0
    escalate: tuple[Escalation, ...] = ()


class Functions(_Part, frozen=True, kw_only=True):
    """Functions of this database that are known to be harmless."""

    harmless: tuple[str, ...] = ()


class Accepted(_Part, frozen=True, kw_only=True):
    """A known exception: one finding of one check, for a reason, until a day."""

    check: str
    with_: dict[str, Any] | None = field(default=None, name="with")
    """The guard's own parameters; without them every guard of the check, unless it asks whatever they say."""
    object: str
    reason: str
    by: str
    until: str


class Webhook(_Part, frozen=True, kw_only=True):
    """A URL to which what there is to tell is posted as JSON."""

    url: str | None = None
    url_env: str | None = None
    """The environment variable that holds the URL, where that is a secret itself."""
    key_env: str | None = None
    """The environment variable that holds a key, sent as ``Authorization: Bearer``."""
    name: str | None = None

    @property
    def called(self) -> str:
        """The name in the journal: its own, else the variable's or the host's; never the URL."""
        return self.name or self.url_env or urlsplit(self.url or "").hostname or ""


class Notify(_Part, frozen=True, kw_only=True):
    """Where people are told that they are waited for."""

    command: tuple[str, ...] = ()
    """A program and its arguments; what there is to tell comes as JSON on its standard input."""
    webhook: tuple[Webhook, ...] = ()
    redmine: dict[str, Any] | None = None
    """Not delivered to by this version, and refused."""


class Config(_Part, frozen=True, kw_only=True):
    """One shisa.yaml."""

    shisa: Literal[1]
    journal: str = ".shisa/journal.db"
    journal_local: str | None = None
    targets: dict[str, Target] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    functions: Functions = Functions()
    accept: tuple[Accepted, ...] = ()
    checks: tuple[str, ...] = ()
    """Third-party checks that may be used, by id."""
    notify: Notify = Notify()
    lint: dict[str, Any] = field(default_factory=dict)


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration and where it was read."""

    config: Config
    path: Path
    digest: str
    """sha256 of the policy-relevant content: people, policies and the targets' policies."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent
