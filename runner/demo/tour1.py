"""Incident 1, lived through twice: without shisa it happens, with shisa it is stopped and done right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.facts.wording import counted
from runner.demo import incident1
from runner.demo.play import Cast, Show, Told
from runner.demo.stage import set_up
from runner.engine.stepping import Ending, step_through
from runner.journal.events import ApprovalGiven, GuardsAsked, PlanAmended

if TYPE_CHECKING:
    from runner.demo.server import Server
    from runner.journal.record import Record

RUNBOOK = "clone-environment.yaml"
CHECK = "sequence-drift"
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


def tour(server: Server, folder: Path, cast: Cast, *, rows_after_backup: int) -> Told:
    """Build the incident twice on one server and live through it, without shisa and with it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cast.tell(_SETTING.format(rows=_ROWS, more=counted(rows_after_backup, "more customer")), "What stands there")
    by_hand = incident1.build(server, "by_hand", folder, rows=_ROWS, rows_after_backup=rows_after_backup)
    cast.tell(_BY_HAND, "Without shisa")
    without = incident1.without(by_hand)
    cast.tell(_story(without))
    cast.pause("do the same with shisa")
    incident = incident1.build(server, "guarded", folder, rows=_ROWS, rows_after_backup=rows_after_backup)
    cast.tell(_GUARDED, "With shisa")
    stage = set_up(folder, incident.conninfo)
    with incident1.Customers(incident) as customers:
        ending, run, records = _guarded(Show(server, stage, cast), incident, customers)
    if ending.state == "completed":
        incident1.move_in(incident, _CASCADE)
    figures = _figures(records) | {
        "duplicate_ids": incident.duplicates(),
        "customer_errors": customers.errors,
        "outcome": ending.state,
    }
    return Told(
        without.as_json(), figures, _compared(without, figures), stage.journal, stage.report, run, ending, CHECK
    )


def _compared(without: incident1.Without, with_: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    stopped = f"{with_['stopped_by']} ({with_['verdict']})" if with_["stopped_by"] else "nothing had to"
    signed = f"{', '.join(with_['approved_by'])}, signed" if with_["approved_by"] else "nobody"
    return (
        ("stopped the restore", "nothing", stopped),
        ("ids that stand twice", str(without.duplicate_ids), str(with_["duplicate_ids"])),
        ("customers refused", without.sqlstate or "none", str(len(with_["customer_errors"]) or "none")),
        ("looked at it", "nobody", signed),
        ("how it ended", "silently", with_["outcome"]),
    )


def _story(without: incident1.Without) -> str:
    if without.sequence_after == without.sequence_before:
        return "This time nothing went wrong: nobody had signed up since the backup, so its number was still right."
    said = (
        f"But it put the shared sequence back from {without.sequence_before} to {without.sequence_after}. "
        f"{counted(without.silent_inserts, 'customer')} signed up in env_b, and nobody saw an error; "
        f"{counted(without.duplicate_ids, 'id')} now stand{'s' * (without.duplicate_ids == 1)} twice in the tree. "
    )
    if without.sqlstate is None:
        return said + "The next customer of env_a was not refused, by luck."
    return said + f"The next customer of env_a was refused: {without.error} (SQLSTATE {without.sqlstate})."


def _guarded(
    show: Show, incident: incident1.Incident, customers: incident1.Customers
) -> tuple[Ending, str, list[Record]]:
    """Run the shipped runbook the way the operator wanted it; customers come while the remedy is carried out."""

    def rush(record: Record) -> None:
        if isinstance(record.body, PlanAmended):
            show.cast.tell(
                "From now on four clients keep signing up customers in env_a, while the remedy is carried out."
            )
            customers.begin()

    session = show.begin(RUNBOOK, {"backup": str(incident.backup), "sequences": "from-backup"}, rush)
    ending = step_through(session)
    return ending, session.run, show.end(session)


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
