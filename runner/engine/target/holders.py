"""Who holds a target: a session's name gives the run, the run's lines give the person, the machine and the time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.figures import moment
from runner.journal.events import RunHandedOver, RunOpened, RunResumed

if TYPE_CHECKING:
    from runner.journal.record import Journal
    from runner.postgres.lock import Holder, Lock

_NAME = re.compile(r"shisa/(?P<run>\d{6}-[0-9a-f]{6})(?:[ /].*)?")


def run_in(application_name: str) -> str | None:
    """Tell the run that a session's name names; None where it is no session of a run."""
    found = _NAME.fullmatch(application_name)
    return None if found is None else found["run"]


def told(run: str, target: str, lock: Lock, holders: Sequence[Holder], journal: Journal | None) -> tuple[str, str]:
    """Say in a sentence who has a target, and in a hint what ``run`` can do about it."""
    what = f"target {target}" if not lock.key else f"lock {lock.key} on target {target}"
    if not holders:
        return f"{what} is taken by a session that was gone a moment later", "try again"
    holder = holders[0]
    by = run_in(holder.application_name)
    since = "" if holder.since is None else f" since {moment(holder.since)}"
    if by is None:
        name = holder.application_name or "a session without a name"
        return f"{what} is taken by {name} (process {holder.pid}){since}", "it is no run of shisa; ask who it is"
    where = f" from {holder.address}" if holder.address else ""
    who = who_took_up(by, journal) or f"a run that is not in this journal, as role {holder.role}{where}"
    if by == run:
        sentence = f"run {run} goes on in another program: {who}, which holds {what}{since}"
        return sentence, "go on there; where that program is lost, end it, then resume"
    hint = f"wait until it ends or waits for people; where its operator is lost: `shisa takeover {by}`"
    return f"{what} is taken by run {by}{since}: {who}", hint


def who_took_up(run: str, journal: Journal | None) -> str | None:
    """Say which runbook a run carries out, and by whom, where and since when it was taken up last."""
    if journal is None:
        return None
    runbook, taken = None, ""
    for record in journal.records(run=run):
        match record.body:
            case RunOpened() as opened:
                runbook, taken = opened.runbook, f"{opened.operator} on {opened.host} at {moment(record.at)}"
            case RunResumed() as resumed:
                taken = f"{resumed.operator} on {resumed.host} at {moment(record.at)}"
            case RunHandedOver() as handed:
                taken = f"{handed.to_person} at {moment(record.at)}"
            case _:
                pass
    return None if runbook is None else f"{runbook}, taken up by {taken}"
