"""A folder with people, policies, a journal and a target, in which the engine runs without a terminal."""

import dataclasses
import json
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from runner.config.load import read
from runner.config.model import Loaded
from runner.engine.begin.opening import open_run, resume_run
from runner.engine.begin.seat import Seat
from runner.engine.ports import wall_clock
from runner.engine.session import Session
from runner.engine.stepping import Ending, step_through
from runner.journal import is_team, open_journal
from runner.journal.postgres.rules import sync
from runner.journal.record import Journal, Record
from runner.journal.verify import verify_journal
from runner.review import keygen
from runner.review.audit import signature_check
from runner.review.decide import decide
from runner.review.exceptions import Exceptional, signed
from runner.review.keys import KeyRef, generate_key, key_at
from runner.review.requests import requests_of
from runner.runbook.expand import plan_of
from runner.runbook.load import load
from runner.runbook.params import resolve


def sign_without_programs() -> tuple[object, str, object]:
    """Tell what to set where, so that signatures are made and checked in this process and not by ssh-keygen.

    Both ways are compared in tests/runner/review; here hundreds of runs would start thousands of programs.
    """
    return keygen, "program", lambda: None


TEAMS = {"alice": ["ops"], "bob": ["dev"], "carol": ["ops"]}
"""alice operates in the tests, bob and carol review."""


def as_user(uri: str, person: str) -> str:
    """A libpq URI with somebody else's name in it."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=f"{person}@{parts.netloc.rpartition('@')[2]}"))


@dataclasses.dataclass
class Player:
    """An operator who answers at once; what to answer stands by step, ``go`` where nothing does."""

    answers: dict[str, str] = dataclasses.field(default_factory=dict)
    remedy: bool = False
    back: bool = False
    """Whether a run that failed shall be taken back."""
    on_wait: Callable[[Any, Any], None] | None = None
    """What happens while the run waits for a second person, such as ``stage.sign``."""
    on_closed: Callable[[Any], str] | None = None
    """What happens at a closed gate, and what is answered there."""
    on_go: Callable[[Any], None] | None = None
    """What happens while the operator is asked whether a step shall run."""
    on_question: Callable[[str, Any], None] | None = None
    """What happens while the run waits for an answer, such as ``stage.answer``."""
    seen: list[Any] = dataclasses.field(default_factory=list)
    said: list[str] = dataclasses.field(default_factory=list)
    progressed: list[str] = dataclasses.field(default_factory=list)

    def go(self, view):
        self.seen.append(view)
        if self.on_go is not None:
            self.on_go(view)
        return self.answers.get(view.path, "go")

    def done(self, view):
        self.seen.append(view)
        return self.answers.get(view.path, "done")

    def reason(self, view):
        return f"{view.path} was done yesterday"

    def closed(self, gate):
        if self.on_closed is not None:
            return self.on_closed(gate)
        return gate.offers[0] if self.remedy and gate.offers else "stop"

    def take_back(self, view):
        self.seen.append(view)
        return self.back

    def waiting(self, view, request):
        if self.on_wait is not None:
            self.on_wait(view, request)

    def asked(self, run, path, question):
        if self.on_question is not None:
            self.on_question(path, question)
        return self.answers.get(path)

    def carry_on(self, path, breach):
        self.said.append(breach)
        return self.answers.get(path) == "carry on"

    def break_off(self, path, seconds, running):
        self.seen.append((path, running))
        return self.answers.get(f"break off {path}", "stop") == "stop"

    def changed(self, diff):
        self.said.append(diff)

    def tell(self, text):
        self.said.append(text)

    def progress(self, text):
        self.progressed.append(text)


@dataclasses.dataclass
class Play:
    """How one process went."""

    session: Session
    ending: Ending

    @property
    def run(self) -> str:
        return self.session.run

    @property
    def state(self) -> str:
        return self.ending.state

    @property
    def reason(self) -> str:
        return self.ending.reason

    @property
    def names(self) -> list[str]:
        return [record.body.name for record in self.session.records]

    def bodies(self, name: str, step: str | None = None) -> list[Any]:
        return [
            each.body for each in self.session.records if each.body.name == name and (step is None or each.step == step)
        ]

    def ended(self, step: str) -> Any:
        return self.bodies("step.ended", step)[-1]


@dataclasses.dataclass
class Stage:
    """Everything that stays between two processes of one run."""

    folder: Path
    settings: dict[str, Any]

    @classmethod
    def of(cls, folder: Path, dsn: str, *, journal: str = "journal.db") -> "Stage":
        """Make the people's keys and the usual configuration: target live needs one approval of dev."""
        folder.mkdir(parents=True, exist_ok=True)
        keys = {name: generate_key(folder / f"{name}.key", f"{name}@test").line for name in TEAMS}
        stage = cls(
            folder,
            {
                "shisa": 1,
                "journal": journal,
                "targets": {"live": {"dsn": dsn, "environment": "test", "policy": "cross"}},
                "people": {name: {"teams": teams, "keys": [keys[name]]} for name, teams in TEAMS.items()},
                "policies": {
                    "cross": {"need": [{"team": "dev", "n": 1}], "request_ttl": "1h", "approval_ttl": "15min"}
                },
            },
        )
        stage.save()
        return stage

    @classmethod
    def at(cls, folder: Path) -> "Stage":
        """Find a stage that another process has made."""
        return cls(folder, json.loads((folder / "shisa.yaml").read_text()))

    def save(self) -> None:
        """Write shisa.yaml: YAML takes JSON as it is. A team journal takes its rules over."""
        (self.folder / "shisa.yaml").write_text(json.dumps(self.settings))
        if is_team(self.settings["journal"]):
            sync(self.settings["journal"], self.config)

    def journal(self, person: str = "alice") -> Journal:
        """Open the journal as a person: a team journal by their own login."""
        place = self.settings["journal"]
        return open_journal(as_user(place, person) if is_team(place) else place, self.folder)

    @property
    def config(self) -> Loaded:
        return read(self.folder / "shisa.yaml")

    @property
    def runbook(self) -> Path:
        return self.folder / "runbook.yaml"

    def write(self, steps: str, *, head: str = "") -> None:
        """Write the runbook; ``steps`` are the list's items, ``head`` are further keys above them."""
        top = f"shisa: 1\nid: practice\ntitle: A run in a test\ntargets: {{live: {{}}}}\n{head}"
        self.runbook.write_text(f"{top}steps:\n{steps}")

    def key(self, person: str) -> KeyRef:
        return key_at(self.folder / f"{person}.key")

    def open(self, player: Player | None = None, *, params: dict[str, str] | None = None, **options: Any) -> Session:
        loaded = load(self.runbook)
        given = {"target_map": {}, "plan": plan_of(loaded, resolve(loaded.runbook.params, params or {}))}
        own = {name: options.pop(name) for name in ("plan", "target_map", "break_glass") if name in options}
        return open_run(self.seat(player, **options), **given | own)

    def play(self, player: Player | None = None, **options: Any) -> Play:
        """Open a run and step through it as one process does."""
        return self._through(self.open(player, **options))

    def resume(self, run: str, player: Player | None = None, **options: Any) -> Play:
        """Take a run up again as another process does."""
        back = options.pop("back", False)
        own = {name: options.pop(name) for name in ("secrets_given", "accept_changes") if name in options}
        return self._through(resume_run(run, self.seat(player, **options), **own), back=back)

    def seat(self, player: Player | None = None, *, person: str = "alice", **options: Any) -> Seat:
        """Sit somebody down at the journal."""
        given = {
            "person": person,
            "key": self.key(person),
            "clock": wall_clock,
            "operator": player or Player(),
            "config": self.config,
        }
        journal = options.pop("journal", None) or self.journal(person)
        return Seat(journal=journal, **given | options)

    def roll_back(self, run: str, player: Player | None = None, **options: Any) -> Play:
        """Take a run back as `shisa rollback` does."""
        return self.resume(run, player or Player(back=True), back=True, **options)

    def sign(
        self,
        _view: object = None,
        request: Any = None,
        *,
        person: str = "bob",
        team: str = "dev",
        decision: str = "approve",
        reason: str | None = None,
        now: datetime | None = None,
    ) -> None:
        """Decide the newest request, or the one given, as ``shisa approve`` does in another process."""
        journal = self.journal(person)
        at = now or wall_clock()
        standing = [
            each
            for each in requests_of(journal.records(), self.config.config, at)
            if request is None or each.id == request.request
        ][-1]
        decide(
            journal,
            self.config,
            standing,
            decision=decision,
            person=person,
            key=self.key(person),
            as_team=team,
            attested={"target": "live"},
            now=at,
            reason=reason,
        )
        journal.close()

    def make_exception(
        self, body: Exceptional, run: str, step: str | None, person: str, *, keys: Collection[str] = ()
    ) -> None:
        """Sign and journal a waiver, a broken glass or a look at it, as its command does at its end."""
        journal, people = self.journal(person), self.config.config.people
        try:
            made = signed(
                body,
                run=run,
                step=step,
                person=person,
                key=self.key(person),
                people=people,
                head=journal.head(),
                now=wall_clock(),
                excluded_keys=keys,
            )
            journal.append(made, run=run, step=step, person=person)
        finally:
            journal.close()

    def records(self, run: str | None = None) -> list[Record]:
        journal = self.journal()
        found = list(journal.records(run=run))
        journal.close()
        return found

    def problems(self) -> list[str]:
        """Say what is wrong with the journal: its chain, and the signatures in it."""
        journal = self.journal()
        result = verify_journal(journal, check=signature_check(self.config.config.people))
        journal.close()
        return [each.message for each in result.problems]

    def _through(self, session: Session, *, back: bool = False) -> Play:
        try:
            ending = step_through(session, back=back)
        finally:
            session.journal.close()
        return Play(session, ending)
