"""A team journal on a real server: its people with logins of their own, and stories that lines tell."""

import copy
import dataclasses
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from runner.canonical import canonical
from runner.config.load import read
from runner.config.model import Loaded
from runner.journal.chain import GENESIS, Line, line_hash
from runner.journal.postgres import script
from runner.journal.postgres.adopt import adopt
from runner.journal.postgres.install import install
from runner.journal.postgres.rules import sync
from tests.fixtures.postgres import Database
from tests.fixtures.servers import AnyServer

PEOPLE = {"alice": ["ops"], "bob": ["dev"], "carol": ["ops"], "dave": ["dev", "ops"], "erin": ["cs"], "frank": ["ops"]}
"""alice operates; erin answers for customers; frank is another operator. Their roles have their names."""
STRANGERS = ("mallory",)
"""Roles that log in and are nobody in shisa.yaml."""
RUN, STEP, REQUEST = "261127-aaaaaa", "purge", "req-" + "0" * 32
CONFIG = """\
shisa: 1
journal: {journal}
targets:
  live: {{dsn: {live}, environment: staging, policy: cross-review}}
  old: {{dsn: {old}, environment: staging}}
people:
{people}
policies:
  cross-review:
    need: [{{team: dev, n: 1}}, {{team: ops, n: 1}}]
    request_ttl: 4h
    approval_ttl: 1h
    window: {{max: 8h}}
    waive: [{{team: dev, n: 1}}]
    break_glass: [frank]
  four-eyes: {{need: [{{team: dev, n: 1}}]}}
"""
ANSWER = '{"predicate":{"asked":{"head":"$QUESTION"}}}'
"""A statement that names the line of the newest question."""
ORDER = ("opened", "entered", "guarded", "requested", "bob", "carol", "again", "started")
"""The lines of the story, by the names that a cheat's ``until`` and ``change`` use."""


@dataclasses.dataclass(frozen=True)
class Ground:
    """One journal, and what its rules call the targets."""

    database: Database
    config: Loaded
    live: str
    old: str
    root: psycopg.Connection

    def login(self, who: str) -> psycopg.Connection:
        return self.database.connect(user="" if who == "postgres" else who)

    def lines(self) -> int:
        return self.root.execute("SELECT seq FROM shisa.head").fetchone()[0]

    def broken(self) -> int | None:
        """The first line that does not follow."""
        return self.root.execute(script("chain_broken")).fetchone()[0]


def roles(root: psycopg.Connection, server: AnyServer) -> None:
    """Give everybody a login; roles are the server's, and other tests may have made them."""
    for name in (*PEOPLE, *STRANGERS):
        if root.execute("SELECT to_regrole(%s)", (name,)).fetchone() == (None,):
            root.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(server.password))
            )


def lay(database: Database, folder: Path, live: str, old: str) -> Ground:
    """Install a journal and load its rules."""
    people = "\n".join(f"  {name}: {{teams: {json.dumps(teams)}}}" for name, teams in PEOPLE.items())
    text = CONFIG.format(journal=json.dumps(database.dsn), live=json.dumps(live), old=json.dumps(old), people=people)
    (folder / "shisa.yaml").write_text(text)
    config = read(folder / "shisa.yaml")
    install(database.dsn)
    sync(database.dsn, config)
    root = psycopg.connect(database.dsn, autocommit=True)
    found = dict(root.execute("SELECT names[1], fingerprint FROM shisa.target").fetchall())
    root.execute("CREATE SCHEMA kept")
    for table in RULES:
        root.execute(f"CREATE TABLE kept.{table} AS TABLE shisa.{table}")
    return Ground(database, config, found["live"], found["old"], root)


RULES = ("policy", "target", "person", "rules", "writer")


def clear(ground: Ground) -> None:
    """Do what nobody may: forget all lines. And load the rules again."""
    rules = "".join(f"DELETE FROM shisa.{table};" for table in reversed(RULES))
    rules += "".join(f"INSERT INTO shisa.{table} TABLE kept.{table};" for table in RULES)
    empty(ground.root, rules)


def empty(root: psycopg.Connection, then: str = "") -> None:
    """Switch the triggers off, forget all lines, and switch them on."""
    root.execute(
        "BEGIN; ALTER TABLE shisa.journal DISABLE TRIGGER USER; TRUNCATE shisa.journal;"
        "ALTER TABLE shisa.attachment DISABLE TRIGGER USER; TRUNCATE shisa.attachment;"
        f"{script('always')}"
        f"UPDATE shisa.head SET (seq, hash, at) = (0, repeat('0', 64), ''); {then} COMMIT"
    )


def told(ground: Ground) -> dict[str, tuple[str, str | None, str, dict[str, Any]]]:
    """The story: by name the person, step, event and body of each line."""
    digest = ground.config.digest
    bound = [
        {"name": "live", "configured": "live", "fingerprint": ground.live, "identity": {}, "environment": "staging",
         "policy": "cross-review"},
        {"name": "old", "configured": "old", "fingerprint": ground.old, "identity": {}, "environment": "staging",
         "policy": None},
    ]  # fmt: skip
    opened = {
        "version": "0", "runbook": "purge", "title": "Purge", "files": [], "params": {}, "labels": {}, "targets": bound,
        "operator": "alice", "host": "ops-1", "plan_digest": "plan", "policy_digest": digest, "unattended": False,
        "plugins": [], "statement": None, "signature": None,
    }  # fmt: skip
    entered = {
        "kind": "sql", "title": "Purge", "step_digest": "text", "destructive": True, "reasons": [], "target": "live",
        "survives_rollback": False, "policies": ["cross-review"], "statements": ["DELETE FROM session"],
        "rendered": {"sql": "DELETE FROM session", "guards": {"before": [{"check": "long-transactions"}]}},
    }  # fmt: skip
    requested = {
        "request": REQUEST, "step_digest": "text", "plan_digest": "plan", "policy_digest": digest,
        "policies": ["cross-review"], "operator": "alice", "target": ground.live, "envelope": {"guards": []},
        "not_after": {"in": "2h"}, "window": None,
    }  # fmt: skip
    approved = {"request": REQUEST, "statement": "{}", "signature": "signed", "assurance": "db+signed"}
    intended = {
        "attempt": 1, "step_digest": "text", "requests": [REQUEST], "xid": None, "system_identifier": None,
        "timeline": None,
    }  # fmt: skip
    passed = {"verdict": "pass", "evidence": []}
    return {
        "opened": ("alice", None, "run.opened", opened),
        "entered": ("alice", STEP, "step.entered", entered),
        "guarded": ("alice", STEP, "guards.asked", {"moment": "before", **passed}),
        "requested": ("alice", STEP, "approval.requested", requested),
        "bob": ("bob", STEP, "approval.given", {**approved, "as_team": "dev"}),
        "carol": ("carol", STEP, "approval.given", {**approved, "as_team": "ops"}),
        "again": ("alice", STEP, "guards.asked", {"moment": "again", **passed}),
        "started": ("alice", STEP, "step.intended", intended),
        # what may come besides
        "after": ("alice", STEP, "guards.asked", {"moment": "after", "verdict": "block", "evidence": []}),
        "rejected": ("bob", STEP, "approval.rejected", {"request": REQUEST, "statement": "{}", "signature": "signed",
                                                      "as_team": "dev", "reason": "wrong tenant"}),
        "withdrawn": ("bob", STEP, "approval.withdrawn", {"request": REQUEST, "reason": "I was wrong"}),
        "taken back": ("alice", STEP, "approval.withdrawn", {"request": REQUEST, "reason": "not tonight"}),
        "expired": ("alice", STEP, "approval.expired", {"request": REQUEST, "reason": "too late"}),
        "stale": ("alice", STEP, "approval.stale", {"request": REQUEST, "reasons": ["worse"]}),
        "amended": ("alice", STEP, "plan.amended", {"check": "c", "object": "o", "why": "w", "set": {}, "then": [],
                                                    "plan_digest": "another"}),
        "taken": ("frank", None, "run.handed_over", {"from_person": "alice", "to_person": "frank"}),
        "resumed": ("alice", None, "run.resumed", {"operator": "alice", "host": "ops-1", "unattended": False,
                                                   "plugins": []}),
        "closed": ("alice", None, "run.closed", {"state": "aborted", "reason": None, "statement": None,
                                                 "signature": None}),
        "asked": ("alice", STEP, "question.asked", {"team": "cs", "question": "Saved?", "choices": {},
                                                 "not_after": None}),
        "answered": ("erin", STEP, "question.answered", {"choice": "none", "as_team": "cs", "statement": ANSWER,
                                                         "signature": "signed", "facts": None}),
        "waived": ("bob", STEP, "waiver.given", {"check": "c", "object": "o", "reason": "r", "until": {"in": "1h"},
                                                 "statement": "{}", "signature": "signed"}),
        "broken": ("frank", STEP, "breakglass.opened", {"reason": "all is down", "ticket": "#1",
                                                        "until": {"in": "30min"},
                                                        "skipped": ["bob"], "request": REQUEST,
                                                        "statement": "{}", "signature": "signed"}),
        "notified": ("frank", STEP, "notified", {"about": "break-glass", "to": ["bob"], "request": REQUEST}),
        "reviewed": ("bob", None, "breakglass.reviewed", {"as_team": "dev", "statement": "{}",
                                                     "signature": "signed"}),
        "expanded": ("alice", STEP, "items.expanded", {"items": [1, 2]}),
        "note": ("alice", None, "note", {"text": "hello", "sql": None}),
        "ended": ("alice", STEP, "step.ended", {"outcome": "done"}),
        "begun back": ("alice", None, "rollback.begun", {"paths": [], "reason": "it failed", "auto": False}),
        "skipped": ("alice", STEP, "step.skipped", {"reason": "it was done yesterday"}),
        "resolved": ("alice", STEP, "step.resolved", {"outcome": "done", "reason": "I saw it"}),
    }  # fmt: skip


def spelled(ground: Ground, body: Mapping[str, Any], now: datetime | None = None) -> str:
    """Write a body; ``{"in": "2h"}`` is a moment from now, ``$LIVE``, ``$OLD`` and ``$DIGEST`` are the ground's."""
    known = {"$LIVE": ground.live, "$OLD": ground.old, "$DIGEST": ground.config.digest}
    if "$QUESTION" in (statement := body.get("statement") or ""):
        query = "SELECT hash FROM shisa.journal WHERE event = 'question.asked' ORDER BY seq DESC LIMIT 1"
        known[statement] = statement.replace("$QUESTION", (ground.root.execute(query).fetchone() or ("",))[0])

    def filled(value: Any) -> Any:
        match value:
            case {"in": span}:
                return stamp((now or datetime.now(UTC)) + seconds(span))
            case Mapping():
                return {key: filled(item) for key, item in value.items()}
            case list():
                return [filled(item) for item in value]
            case str():
                return known.get(value, value)
        return value

    return canonical(filled(body)).decode()


def seconds(span: str) -> timedelta:
    from checks.duration import parse_duration

    return -parse_duration(span[1:]) if span.startswith("-") else parse_duration(span)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def changed(story: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The story with some fields of some lines changed; ``person`` and ``step`` are those of the line."""
    story = copy.deepcopy(dict(story))
    for name, fields in change.items():
        person, step, event, body = story[name]
        rest = {key: value for key, value in fields.items() if key not in {"person", "step"}}
        story[name] = (fields.get("person", person), fields.get("step", step), event, {**body, **rest})
    return story


def write(ground: Ground, names: Iterator[str] | list[str], *, ago: str = "0s", **change: Any) -> None:
    """Put a story into an empty journal as if it had been written so long ago, a millisecond a line."""
    story, began = changed(told(ground), change), datetime.now(UTC) - seconds(ago) - timedelta(seconds=1)
    adopt(ground.database.dsn, _lines(ground, [story[name] for name in names], began))


def _lines(ground: Ground, told_lines: list[Any], began: datetime) -> Iterator[Line]:
    prev = GENESIS.encode()
    for seq, (person, step, event, body) in enumerate(told_lines, 1):
        at = stamp(began + timedelta(milliseconds=seq)).encode()
        text = spelled(ground, body).encode()
        where = None if step is None else step.encode()
        fields = (at, person.encode(), event.encode(), RUN.encode(), where, text, prev)
        own = line_hash(seq, *fields).encode()
        yield Line(seq, *fields, own)
        prev = own


def append(connection: psycopg.Connection, ground: Ground, line: tuple[Any, ...], **where: Any) -> Any:
    """Call the journal's function as a client would, or a cheat."""
    person, step, event, body = line
    given = {"event": event, "run": RUN, "step": step, "person": person, "token": uuid.uuid4(), "seen": None, **where}
    text = body if isinstance(body, str) else spelled(ground, body)
    return connection.execute(
        "SELECT seq FROM shisa.append(%s, %s, %s, %s, %s, %s, %s)",
        (given["event"], given["run"], given["step"], given["person"], text, given["token"], given["seen"]),
    ).fetchone()
