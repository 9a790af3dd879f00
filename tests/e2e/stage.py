"""A desk on which people work with the real program: a configuration, a key and a home for each, one database."""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from runner.config.load import load
from runner.demo.binaries import Binaries
from runner.journal import open_journal
from runner.journal.record import Record
from runner.review.decide import capacity, decide
from runner.review.keys import generate_key, key_at
from runner.review.requests import requests_of
from runner.review.statement import Decision
from tests.e2e.terminal import Terminal
from tests.fixtures.needs import program
from tests.fixtures.postgres import Database

SHISA = str(Path(sys.executable).with_name("shisa"))
"""The program as it is installed beside the Python that runs the tests."""
TEAMS = {"alice": ["ops"], "bob": ["dev"], "carol": ["ops"], "dan": ["dev", "ops"], "eve": ["cs"]}
STRANGER = "mallory"
"""Has a key that is in no configuration."""

PURGE = """\
shisa: 1
id: purge
title: Remove the sessions that have ended
owner: ops
rank: B
targets:
  live: {description: the database customers use}
steps:
  - id: purge
    title: Remove the sessions that have ended
    target: live
    sql: DELETE FROM session WHERE ended
    expect: {rows: 3}
    approval: cross-review
    no_rollback: a session that has ended is of no use to anybody
"""
SESSIONS = """
CREATE TABLE session (id int PRIMARY KEY, ended boolean NOT NULL);
INSERT INTO session SELECT n, n <= 3 FROM generate_series(1, 10) AS n;
"""


@dataclasses.dataclass(frozen=True)
class Ran:
    """A call of the program that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclasses.dataclass
class Stage:
    """The folder of one test; ``alice`` operates (ops), ``bob`` is dev, ``dan`` both, ``eve`` neither."""

    folder: Path
    database: Database
    path: str = os.environ["PATH"]
    extra_env: dict[str, str] = dataclasses.field(default_factory=dict)
    terminals: list[Terminal] = dataclasses.field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "shisa.yaml"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.db"

    def key(self, person: str) -> Path:
        return self.home(person) / ".ssh" / "id_ed25519"

    def home(self, person: str) -> Path:
        return self.folder / "homes" / person

    def public(self, person: str) -> str:
        """A person's public key, as shisa.yaml lists it."""
        return self.key(person).with_suffix(".pub").read_text().strip()

    def configure(self, *, dsn: str | None = None, **changes: object) -> None:
        """Write shisa.yaml (JSON is YAML); ``changes`` replace whole keys of it."""
        whole = {
            "shisa": 1,
            "journal": "journal.db",
            "targets": {"live": {"dsn": dsn or self.database.dsn, "environment": "test", "policy": "cross-review"}},
            "people": {name: {"teams": teams, "keys": [self.public(name)]} for name, teams in TEAMS.items()},
            "policies": {"cross-review": {"need": [{"team": "dev", "n": 1}]}},
            **changes,
        }
        self.config.write_text(json.dumps(whole, indent=1))

    def runbook(self, text: str = PURGE, name: str = "purge.yaml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def answers(self, **by_step: str) -> Path:
        """A file for ``--answers``; a step that is not in it stops the run."""
        path = self.folder / "answers.json"
        path.write_text(json.dumps(by_step))
        return path

    def sign(self, person: str = "bob", decision: Decision = "approve", reason: str | None = None) -> None:
        """Decide the request that waits, with a real signature; test_two_terminals does it at a screen."""
        config, now = load(config=self.config), datetime.now(UTC)
        with contextlib.closing(open_journal("journal.db", self.folder)) as journal:
            waits = [one for one in requests_of(journal.records(), config.config, now) if one.state == "waiting"]
            decide(
                journal,
                config,
                waits[-1],
                decision=decision,
                person=person,
                key=key_at(self.key(person)),
                as_team=capacity(waits[-1], config, person, None),
                attested={},
                now=now,
                reason=reason,
            )

    def read_back(self, reviewer: Terminal) -> None:
        """Approve at the reviewer's screen: choose it, and read the target and its database's name back."""
        reviewer.see("what do you decide?", "> approve, reject, leave:")
        reviewer.type("approve")
        reviewer.see("Which target does this run on?")
        reviewer.type("live")
        reviewer.see("What is the name of the target's database?")
        reviewer.type(self.database.name)

    def env(self, person: str) -> dict[str, str]:
        """A person's environment: their own home, and nothing of whoever runs the tests."""
        kept = {name: os.environ[name] for name in ("SHISA_PG_BIN", "TMPDIR") if name in os.environ}
        usual = {"PATH": self.path, "HOME": str(self.home(person)), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        return kept | usual | self.extra_env

    def shisa(
        self,
        person: str,
        *arguments: str | Path,
        stdin: str | None = None,
        before: Sequence[str] = (),
        cwd: Path | None = None,
    ) -> Ran:
        """Call the program without a terminal; ``before`` are words that start another program with it."""
        done = subprocess.run(
            [*before, SHISA, *map(str, arguments)],
            env=self.env(person),
            cwd=cwd or self.folder,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def sit_down(
        self, person: str, *arguments: str | Path, columns: int = 100, lines: int = 40, cwd: Path | None = None
    ) -> Terminal:
        """Call the program at a terminal."""
        terminal = Terminal(
            [SHISA, *map(str, arguments)],
            env=self.env(person),
            cwd=cwd or self.folder,
            columns=columns,
            lines=lines,
        )
        self.terminals.append(terminal)
        return terminal

    def sign_with(self, tool: str) -> None:
        """Choose one of the two ways to sign: without ssh-keygen on the PATH there is only ``cryptography``."""
        if tool == "ssh-keygen":
            program(tool)
        else:
            self.path = search_path_without("ssh-keygen", self.folder / "bin")

    def records(self) -> list[Record]:
        if not self.journal.exists():
            return []
        with contextlib.closing(open_journal("journal.db", self.folder, readonly=True)) as journal:
            return list(journal.records())

    def run_id(self) -> str:
        return self.records()[-1].run

    def events(self) -> list[str]:
        """The names of all events, oldest first."""
        return [record.body.name for record in self.records()]

    def sessions(self) -> int:
        """How many sessions there are; ten, until the step took three of them away."""
        row = self.database.connect().execute("SELECT count(*) FROM session").fetchone()
        assert row is not None
        return row[0]

    def contents(self) -> dict[str, list[str]]:
        """Everything that stands in the database's tables and sequences, to prove that nothing changed."""
        connection = self.database.connect()
        names = [name for (name,) in connection.execute(_RELATIONS)]
        return {name: sorted(map(str, connection.execute(f"SELECT * FROM {name}"))) for name in names}


def open_waiting(stage: Stage) -> str:
    """Let alice's run come as far as its request, and give its id; there is one run at most."""
    if not stage.records():
        left = stage.shisa("alice", "run", "purge.yaml", "--detach", "--answers", stage.answers(purge="go"))
        assert left.code == 6, left.said
    return stage.run_id()


def dump(tools: Binaries, dsn: str, path: Path, *options: str) -> None:
    """Back a database up with the real pg_dump."""
    subprocess.run([tools.path("pg_dump"), "-Fc", *options, "-f", path, dsn], check=True, capture_output=True)


def search_path_without(tool: str, folder: Path) -> str:
    """Make a PATH on which every program is found but one, as on a machine that does not have it."""
    folder.mkdir()
    for place in filter(os.path.isdir, reversed(os.environ["PATH"].split(os.pathsep))):
        for each in Path(place).iterdir():
            link = folder / each.name
            link.unlink(missing_ok=True)
            if each.name != tool:
                link.symlink_to(each)
    assert shutil.which(tool, path=str(folder)) is None
    return str(folder)


_RELATIONS = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^(pg_|information_schema$)'
"""


@contextlib.contextmanager
def stage_at(folder: Path, database: Database) -> Iterator[Stage]:
    """Set the desk up; every terminal that is still open is closed at the end."""
    stage = Stage(folder, database)
    for name in (*TEAMS, STRANGER):
        generate_key(stage.key(name), f"{name}@example")
    database.execute(SESSIONS)
    stage.configure()
    stage.runbook()
    yield stage
    for terminal in stage.terminals:
        terminal.close()
