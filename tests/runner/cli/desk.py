"""A desk: a folder with shisa.yaml and three people with real keys, and the command line called in this process."""

import dataclasses
import json
import sqlite3
from pathlib import Path

import jsonschema
import pytest

from runner.cli.main import main
from runner.journal.sqlite import SqliteJournal
from runner.review.keys import KeyRef, generate_key
from tests.fixtures.servers import ROOT

TEAMS = {"alice": "ops", "bob": "dev", "carol": "ops"}
BY_HAND = """\
shisa: 1
id: by-hand
title: Two things done by hand
steps:
  - id: announce
    title: Tell the tenants
    manual: Write in the channel.
    expected: A message stands there.
  - id: look
    title: Look whether it is quiet
    manual: Open the page.
    expected: Nobody is logged in.
"""
PURGE = """\
shisa: 1
id: purge
title: Remove the sessions that have ended
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


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclasses.dataclass(frozen=True)
class Desk:
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def shisa(self, *words: str, who: str | None = None) -> Ran:
        """Call the program as a person, who signs with their own key."""
        self.capsys.readouterr()
        as_person = () if who is None else ("--key", str(self.folder / who))
        try:
            code = main([*words, *as_person])
        except SystemExit as left:
            code = left.code
        out, err = self.capsys.readouterr()
        return Ran(code, out, err)

    def configure(self, dsn: str = "host=127.0.0.1 port=1", keys: dict[str, str] | None = None) -> None:
        """Write shisa.yaml."""
        public = keys or {name: (self.folder / f"{name}.pub").read_text().strip() for name in TEAMS}
        people = "".join(f"  {name}: {{teams: [{TEAMS[name]}], keys: [{key!r}]}}\n" for name, key in public.items())
        (self.folder / "shisa.yaml").write_text(
            "shisa: 1\njournal: journal.db\n"
            f"targets:\n  live: {{dsn: {json.dumps(dsn)}, environment: staging, policy: cross-review}}\n"
            f"people:\n{people}"
            "policies:\n  cross-review: {need: [{team: dev, n: 1}, {team: ops, n: 1}], request_ttl: 1h}\n"
        )

    def key(self, who: str) -> KeyRef:
        from runner.review.keys import key_at

        return key_at(self.folder / who)

    def run(self, runbook: str, answers: dict[str, str], *words: str, who: str = "alice") -> tuple[str, int]:
        """Step through a runbook with answers from a file; give the run's id and how it was left."""
        (self.folder / "book.yaml").write_text(runbook)
        (self.folder / "answers.yaml").write_text(json.dumps(answers))
        ran = self.shisa("run", "book.yaml", "--answers", "answers.yaml", "--format", "json", *words, who=who)
        assert ran.out, ran.err
        return json.loads(ran.out.splitlines()[0])["run"], ran.code

    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.folder / "journal.db")

    def tamper(self, statement: str) -> None:
        """Change the journal as somebody with the file in hand could: the triggers off, then on again."""
        with sqlite3.connect(self.folder / "journal.db") as connection:
            guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(statement)
            for _, sql in guards:
                connection.execute(sql)
        connection.close()


def desk_at(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    made = Desk(folder, capsys)
    for name in TEAMS:
        generate_key(folder / name, f"{name}@desk")
    made.configure()
    return made


def fits(name: str, value: object) -> None:
    """Make sure that a command's JSON is of its published shape."""
    schema = json.loads((ROOT / "schemas" / "output" / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(value)
