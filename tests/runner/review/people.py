"""People with real keys, and what they sign in a small run."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from runner.canonical import digest
from runner.config.model import Config, Need, Person, Policy, Window
from runner.journal import events as ev
from runner.journal.record import Head
from runner.review import sshsig
from runner.review.approval import Request
from runner.review.keys import KeyRef, generate_key
from runner.review.statement import approval_statement, closed_statement, opened_statement

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUN, STEP = "261123-abcdef", "restore"
POLICY_DIGEST = digest("policies")
HEAD = Head(7, digest("head"))


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclasses.dataclass(frozen=True)
class Crew:
    """alice operates (ops), bob is dev, carol is ops, dan is dev and ops; stranger is in no shisa.yaml."""

    keys: dict[str, KeyRef]
    config: Config

    @property
    def people(self):
        return self.config.people

    def with_people(self, **changes: Person) -> "Crew":
        people = {**self.people, **changes}
        policies = self.config.policies
        return Crew(self.keys, Config(shisa=1, people=people, policies=policies))

    def sign(self, who: str, statement: str, namespace: str = sshsig.APPROVAL) -> str:
        return sshsig.sign(self.keys[who], namespace, statement.encode())

    def decide(self, who: str, as_team: str, request: ev.ApprovalRequested, **said) -> tuple[str, str]:
        """Make a signed decision as the reviewer's program does."""
        signer = said.pop("signer", who)
        namespace = said.pop("namespace", sshsig.APPROVAL)
        facts = {
            "run": RUN,
            "step": STEP,
            "decision": "approve",
            "at": stamp(NOON + timedelta(minutes=5)),
            "head": HEAD,
            "reviewer_policy_digest": POLICY_DIGEST,
            "attested": {"target": "app", "rows": 12},
            **said,
        }
        statement = approval_statement(request, person=who, as_team=as_team, **facts)
        return statement, self.sign(signer, statement, namespace)


def hire(folder: Path) -> Crew:
    teams = {"alice": ("ops",), "bob": ("dev",), "carol": ("ops",), "dan": ("dev", "ops")}
    keys, people = {}, {}
    for name in (*teams, "stranger"):
        public = generate_key(folder / name, f"{name}@example")
        keys[name] = KeyRef(public, folder / name)
        if name in teams:
            people[name] = Person(teams=teams[name], keys=(f"{public.line} {name}@example",), os_user=f"u-{name}")
    policies = {
        "cross": Policy(need=(Need(team="dev", n=1), Need(team="ops", n=1)), window=Window(max="16h")),
        "quick": Policy(need=(Need(team="dev", n=1),), approval_ttl="10min"),
    }
    return Crew(keys, Config(shisa=1, people=people, policies=policies))


def requested(**changes) -> ev.ApprovalRequested:
    facts = {
        "request": "req-" + "0" * 32,
        "step_digest": digest("step"),
        "plan_digest": digest("plan"),
        "policy_digest": POLICY_DIGEST,
        "policies": ("cross",),
        "operator": "alice",
        "target": "7301/app",
        "envelope": {"rows": {"max": 5}},
        "not_after": stamp(NOON + timedelta(hours=12)),
        **changes,
    }
    return ev.ApprovalRequested(**facts)


def request(**changes) -> Request:
    return Request(RUN, STEP, stamp(NOON), requested(**changes))


def opened(crew: Crew, head: Head, at: str, operator: str = "alice") -> ev.RunOpened:
    plain = ev.RunOpened(
        version="0.1.0",
        runbook="clone",
        title="Clone",
        files=(ev.SourceFile(path="clone.yaml", sha256=digest("file"), text="shisa: 1\n"),),
        params={"n": 1},
        targets=(ev.BoundTarget(name="live", configured="live", fingerprint="7301/app", identity={}),),
        operator=operator,
        host="box",
        plan_digest=digest("plan"),
        policy_digest=POLICY_DIGEST,
    )
    statement = opened_statement(plain, run=RUN, at=at, head=head)
    return msgspec.structs.replace(plain, statement=statement, signature=crew.sign(operator, statement, sshsig.RUN))


def closed(crew: Crew, head: Head, at: str, state: str = "completed") -> ev.RunClosed:
    statement = closed_statement(run=RUN, state=state, reason=None, person="alice", at=at, head=head)
    return ev.RunClosed(state=state, statement=statement, signature=crew.sign("alice", statement, sshsig.RUN))


def play(journal, crew: Crew) -> None:
    """Journal a whole small run: opened, requested, approved by bob and carol, done, closed."""

    def write(body, person="alice", step=STEP):
        return journal.append(body, run=RUN, step=step, person=person)

    now = stamp(datetime.now(UTC))
    end = stamp(datetime.now(UTC) + timedelta(hours=1))
    write(opened(crew, journal.head(), now), step=None)
    body = requested(not_after=end)
    write(body)
    for who, team in (("bob", "dev"), ("carol", "ops")):
        statement, signature = crew.decide(who, team, body, at=stamp(datetime.now(UTC)), head=journal.head())
        write(
            ev.ApprovalGiven(request=body.request, as_team=team, statement=statement, signature=signature), person=who
        )
    write(ev.StepIntended(step_digest=body.step_digest, requests=(body.request,)))
    write(ev.StepEnded(outcome="done", rows=(12,)))
    write(closed(crew, journal.head(), stamp(datetime.now(UTC))), step=None)
