"""Incident 2, lived through twice: without shisa settings are reset, with it the answer meets the facts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.facts.wording import counted
from runner.demo import incident2
from runner.demo.play import Cast, Part, Show, Told
from runner.demo.stage import set_up
from runner.engine.people.questions import measured
from runner.engine.stepping import Ending, step_through
from runner.journal.events import ApprovalGiven, GuardsAsked, StepEnded
from runner.runbook.model import step_of

if TYPE_CHECKING:
    from runner.demo.server import Server
    from runner.engine.session import Session
    from runner.journal.record import Record

RUNBOOK = "restore-tenant-rows.yaml"
CHECK = "restore-overwrite"
_QUESTION = "ask-cs"

_SETTING = (
    "A service for many tenants. Tenant 42, ACME K.K., has deleted expenses by mistake and wants them back from last "
    "night's backup. Since the backup customers have saved {saved}, some for a feature that they will begin to use."
)
_BY_HAND = (
    "A developer asks customer success: does ACME use the feature? They plan to, but have not started. He takes that "
    "for nothing configured, and restores the tables expenses and settings. It ends without any error."
)
_GUARDED = (
    "The same tables and the same backup, made anew. alice, of ops, steps through restore-tenant-rows.yaml. It asks "
    "customer success in writing, in words that can be understood in one way only, and asks the database too."
)
_THEN = (
    "On a real day this is another department, at another terminal. What they said then, by word of mouth, was: they "
    "plan to use it, but have not started. Answer `none`, as it was understood, and see what the database says; or "
    "answer what you believe is true."
)
_NOW = "You have looked into the customer's settings together: they are there. Answer what is true."
_PARTS = (Part("none", _THEN), Part("saved", _NOW))
_DISAGREE = (
    "carol of customer success answered {answer}; the database says {facts}. Nobody has to be blamed, and nothing was "
    "restored: the run has stopped, both stand in the journal. They look together, carol answers again, alice goes on."
)


def tour(server: Server, folder: Path, cast: Cast, *, rows_after_backup: int) -> Told:
    """Build the incident twice on one server and live through it, without shisa and with it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cast.tell(_SETTING.format(saved=counted(rows_after_backup, "setting")), "What stands there")
    by_hand = incident2.build(server, "by_hand", folder, saved_after_backup=rows_after_backup)
    cast.tell(_BY_HAND, "Without shisa")
    without = incident2.without(by_hand)
    cast.tell(story(without))
    cast.pause("do the same with shisa")
    incident = incident2.build(server, "guarded", folder, saved_after_backup=rows_after_backup)
    cast.tell(_GUARDED, "With shisa")
    stage = set_up(folder, incident.conninfo)
    show = Show(server, stage, cast, list(_PARTS))
    before, had = incident.saved(), incident.expenses()
    session, ending, met = _run(show, incident)
    records = show.end(session)
    figures = {
        **met,
        "tenants_at_risk": [each | {"name": incident.name_of(each["tenant"])} for each in _at_risk(records)],
        "approved_by": sorted({str(each.person) for each in records if isinstance(each.body, ApprovalGiven)}),
        "rows_restored": incident.expenses() - had,
        "rows_counted": sum(sum(each.body.rows) for each in records if isinstance(each.body, StepEnded)),
        "settings_reset": len(before - incident.saved()),
        "outcome": ending.state,
    }
    told = dataclasses.asdict(without)
    return Told(told, figures, _compared(without, figures), stage.journal, stage.report, session.run, ending, CHECK)


def story(without: incident2.Without) -> str:
    """Say what the restore by hand did."""
    back = f"{counted(without.rows_restored, 'expense')} of ACME K.K. came back."
    if not without.settings_reset:
        return f"{back} This time nothing went wrong: nobody had saved a setting since the backup."
    lost = counted(without.settings_reset, "setting")
    return (
        f"{back} {lost} of {counted(without.tenants_hit, 'tenant')} are gone, ACME's among them. Nobody saw an error."
    )


def _run(show: Show, incident: incident2.Incident) -> tuple[Session, Ending, dict[str, Any]]:
    """Run the shipped runbook; where the answer and the facts disagree, resume with the second answer.

    Gives also what stopped the run: the step, and what the database said at that moment.
    """
    session = show.begin(RUNBOOK, {"backup": str(incident.backup), "tenant": str(incident2.TENANT)})
    ending = step_through(session)
    asked = session.state.step(_QUESTION)
    met: dict[str, Any] = {"stopped_by": None, "answer": None, "facts": None}
    if asked.answer is None or asked.question is None:
        return session, ending, met
    met |= {"answer": asked.answer.choice, "facts": _facts(session)}
    if ending.state != "blocked" or asked.outcome == "done":
        return session, ending, met
    met["stopped_by"] = _QUESTION
    show.cast.tell(_DISAGREE.format(**met), "What stopped it")
    show.cast.pause("be carol again, and answer")
    show.answer(session.run, _QUESTION, asked.question)
    session.journal.close()
    again = show.again(session.run)
    return again, step_through(again), met


def _facts(session: Session) -> str | None:
    """Ask the database what the question's facts are, by the runbook's own query."""
    entered = session.state.step(_QUESTION).entered
    question = None if entered is None else step_of(entered.rendered).ask
    return None if question is None else measured(session, _QUESTION, question)


def _at_risk(records: list[Record]) -> list[dict[str, Any]]:
    """Read out of the journal what the guard measured before anybody was asked: who would lose how many settings."""
    asked = [each.body for each in records if isinstance(each.body, GuardsAsked) and each.step == _QUESTION]
    evidence = [one for each in asked[:1] for one in each.evidence if one["check"] == CHECK]
    measured_ = [finding["measured"] for one in evidence for finding in one["findings"]]
    return [
        {"tenant": each["group"], "settings": each["changed_since"] + each["inserted_since"] + each["deleted_since"]}
        for each in measured_
        if each.get("group") is not None
    ]


def _compared(without: incident2.Without, with_: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    stopped = (
        f"{with_['stopped_by']}: answered {with_['answer']}, is {with_['facts']}"
        if with_["stopped_by"]
        else "nothing had to"
    )
    named = ", ".join(f"{each['name']} ({each['settings']})" for each in with_["tenants_at_risk"]) or "nobody"
    signed = f"{', '.join(with_['approved_by'])}, signed" if with_["approved_by"] else "nobody"
    return (
        ("stopped the restore", "nothing", stopped),
        ("settings reset", str(without.settings_reset), str(with_["settings_reset"])),
        ("would lose settings", "nobody asked", named),
        ("expenses brought back", str(without.rows_restored), str(with_["rows_restored"])),
        ("looked at it", "nobody", signed),
        ("how it ended", "silently", with_["outcome"]),
    )
