"""Begin and end a loop: what it goes through is found out before anybody approves it, and its end is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.engine.fold.loops import ended_of, iterations, paths_of, repeat_of, satisfied
from runner.engine.guard.looking import look
from runner.errors import GateClosedError
from runner.journal.events import ItemsExpanded, StepEnded
from runner.runbook.bounds import bounds_of
from runner.runbook.render import render_data

if TYPE_CHECKING:
    from runner.engine.session import Session


def expand(session: Session, path: str) -> None:
    """Find out what a ``for_each`` goes through, and journal it before anybody is asked to approve it."""
    step = session.planned(path)
    loop = render_data(dict(step.data), session.known(path))["for_each"]
    if "targets" in loop:
        items = tuple(loop["targets"])
    elif "items" in loop:
        items = tuple(loop["items"])
    else:
        table = look(session, path, session.state.step(path).target, loop["query"])
        if len(table.columns) != 1:
            raise GateClosedError(
                f"{path}: the query gives {len(table.columns)} columns", hint="one column, an item a row"
            )
        items = tuple(_item(row[0]) for row in table.rows)
    session.append(ItemsExpanded(items=items), path)


def end(session: Session, path: str) -> None:
    """Journal the end of a loop whose iterations are done, and judge a ``repeat`` that never came to its end."""
    step = session.planned(path)
    made = sum(len(paths_of(step, number)) for number in iterations(step, session.state))
    outcome, message = "done", f"{made} iterations"
    repeat = repeat_of(session.state.step(path))
    if repeat is not None:
        ended, bounds = ended_of(path, session.state), bounds_of(repeat.total_rows)
        total = sum(sum(each.rows) for each in ended)
        message = f"{len(ended)} iterations, {total} rows in all"
        if not bounds.hold(total):
            outcome, message = "failed", f"{message}, expected {bounds}; the iterations stand"
        elif not satisfied(repeat, ended):
            outcome, message = "failed", f"not at its end after {message}; the iterations stand"
    session.append(StepEnded(outcome=outcome, message=message), path)  # type: ignore[arg-type]


def _item(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str)) else str(value)
