"""Incident 1, lived through twice: without shisa it happens, with shisa it is stopped and done right."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runner.demo import incident1
from runner.demo.stage import OPERATOR, REVIEWER, Stage, set_up
from runner.engine.loop import Ending, step_through
from runner.engine.opening import open_run
from runner.engine.ports import wall_clock
from runner.journal import open_journal
from runner.journal.events import ApprovalGiven, GuardsAsked, PlanAmended
from runner.report.as_markdown import markdown
from runner.review.decide import capacity, decide
from runner.review.requests import Standing, requests_of
from runner.runbook.expand import plan_of
from runner.runbook.load import load_text
from runner.runbook.params import resolve

if TYPE_CHECKING:
    from runner.demo.server import Server
    from runner.engine.ports import Observer, Operator
    from runner.journal.events import ApprovalRequested
    from runner.journal.record import Record

RUNBOOK = "clone-environment.yaml"
_ROWS = 100
_CASCADE = 5
"""Customers that sign up in each environment after the clone."""

_SETTING = (
    "Two tables of a service: base.customer, which environments share, and its child env_a.customer, which customers "
    "use. The ids of both come from one sequence, base.customer_id_seq. A backup was taken at {rows} customers; after "
    "it {more} signed up."
)
_BY_HAND = (
    "Somebody clones env_a to env_b while customers go on working: one more child of the shared table, then pg_restore "
    "of the shared schema. It ends without any error."
)
_GUARDED = (
    "The same tables and the same backup, made anew. alice, of ops, is the operator: she steps through the runbook "
    "clone-environment.yaml and asks for the sequences of the backup, as somebody would who does not know better. Each "
    "step is shown whole before it runs."
)


class Cast(Protocol):
    """Plays the two people: the operator, and the reviewer who is asked while the operator waits."""

    def operator(self, review: Callable[[ApprovalRequested], None]) -> Operator:
        """Give the operator; their ``waiting`` calls ``review``."""

    def attest(self, standing: Standing, records: list[Record], stage: Stage) -> dict[str, Any]:
        """Let the reviewer look at a request, and give what they read back."""

    def observers(self) -> tuple[Observer, ...]:
        """Give who is told of every journal line."""

    def tell(self, text: str, scene: str = "") -> None:
        """Say what happens now, and where a scene of the tour begins."""

    def pause(self, what: str) -> None:
        """Let the user read before something happens."""


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What the tour showed, every figure measured."""

    without: incident1.Without
    with_: dict[str, Any]
    journal: Path
    report: Path
    run: str
    ending: Ending

    def as_json(self) -> dict[str, Any]:
        """Give the object that ``shisa demo --auto --format json`` prints."""
        return {
            "without": self.without.as_json(),
            "with": self.with_,
            "journal": str(self.journal),
            "report": str(self.report),
            "run": self.run,
        }


def tour(server: Server, folder: Path, cast: Cast, *, rows_after_backup: int) -> Told:
    """Build the incident twice on one server and live through it, without shisa and with it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cast.tell(_SETTING.format(rows=_ROWS, more=_count(rows_after_backup, "more customer")), "What stands there")
    by_hand = incident1.build(server, "by_hand", folder, rows=_ROWS, rows_after_backup=rows_after_backup)
    cast.tell(_BY_HAND, "Without shisa")
    without = incident1.without(by_hand)
    cast.tell(_story(without))
    cast.pause("do the same with shisa")
    incident = incident1.build(server, "guarded", folder, rows=_ROWS, rows_after_backup=rows_after_backup)
    cast.tell(_GUARDED, "With shisa")
    stage = set_up(folder, incident.conninfo)
    with incident1.Customers(incident) as customers:
        ending, run, records = _guarded(server, incident, stage, cast, customers)
    if ending.state == "completed":
        incident1.move_in(incident, _CASCADE)
    figures = _figures(records) | {
        "duplicate_ids": incident.duplicates(),
        "customer_errors": customers.errors,
        "outcome": ending.state,
    }
    return Told(without, figures, stage.journal, stage.report, run, ending)


def _story(without: incident1.Without) -> str:
    if without.sequence_after == without.sequence_before:
        return "This time nothing went wrong: nobody had signed up since the backup, so its number was still right."
    said = (
        f"But it put the shared sequence back from {without.sequence_before} to {without.sequence_after}. "
        f"{_count(without.silent_inserts, 'customer')} signed up in env_b, and nobody saw an error; "
        f"{_count(without.duplicate_ids, 'id')} now stand{'s' * (without.duplicate_ids == 1)} twice in the tree. "
    )
    if without.sqlstate is None:
        return said + "The next customer of env_a was not refused, by luck."
    return said + f"The next customer of env_a was refused: {without.error} (SQLSTATE {without.sqlstate})."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _guarded(
    server: Server, incident: incident1.Incident, stage: Stage, cast: Cast, customers: incident1.Customers
) -> tuple[Ending, str, list[Record]]:
    """Run the shipped runbook the way the operator wanted it; customers come while the remedy is carried out."""

    def rush(record: Record) -> None:
        if isinstance(record.body, PlanAmended):
            cast.tell("From now on four clients keep signing up customers in env_a, while the remedy is carried out.")
            customers.begin()

    os.environ["PATH"] = f"{server.binaries.bin}{os.pathsep}{os.environ.get('PATH', '')}"
    journal = open_journal(stage.config.config.journal, stage.folder)
    text = resources.files("runbooks").joinpath(RUNBOOK).read_bytes()
    runbook = stage.folder / RUNBOOK
    runbook.write_bytes(text)
    loaded = load_text(text, runbook)
    given = {"backup": str(incident.backup), "sequences": "from-backup"}
    session = open_run(
        journal=journal,
        config=stage.config,
        plan=plan_of(loaded, resolve(loaded.runbook.params, given)),
        target_map={},
        person=OPERATOR,
        key=stage.key(OPERATOR),
        operator=cast.operator(lambda request: _review(stage, cast, request)),
        clock=wall_clock,
        observers=(*cast.observers(), rush),
    )
    ending = step_through(session)
    stage.report.write_text(markdown(session.records), encoding="utf-8")
    records = session.records
    journal.close()
    return ending, session.run, records


def _review(stage: Stage, cast: Cast, request: ApprovalRequested) -> None:
    """Let the second person decide, in the way that ``shisa review`` does in another terminal."""
    own = open_journal(stage.config.config.journal, stage.folder)
    records = list(own.records())
    standing = next(one for one in requests_of(records, stage.config.config, wall_clock()) if one.id == request.request)
    decide(
        own,
        stage.config,
        standing,
        decision="approve",
        person=REVIEWER,
        key=stage.key(REVIEWER),
        as_team=capacity(standing, stage.config, REVIEWER, None),
        attested=cast.attest(standing, records, stage),
        now=wall_clock(),
    )
    own.close()


def _figures(records: list[Record]) -> dict[str, Any]:
    """Read what stopped the run, and who signed, out of the journal."""
    found: dict[str, Any] = {
        "stopped_by": None,
        "verdict": None,
        "ids_to_be_reissued": 0,
        "approved_by": [],
        "remedy": None,
    }
    for record in records:
        body = record.body
        if isinstance(body, GuardsAsked) and body.verdict in {"block", "unknown"} and found["stopped_by"] is None:
            closed = next(one for one in body.evidence if one["verdict"] == body.verdict)
            found["stopped_by"], found["verdict"] = closed["check"], closed["verdict"]
            measured = [finding["measured"].get("ids_to_be_reissued", 0) for finding in closed["findings"]]
            found["ids_to_be_reissued"] = sum(measured)
        elif isinstance(body, PlanAmended):
            found["remedy"] = body.why
        elif isinstance(body, ApprovalGiven) and record.person not in found["approved_by"]:
            found["approved_by"].append(record.person)
    return found
