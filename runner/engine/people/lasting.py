"""How long the approval that a loop began with covers the rest of it: it is begun once, and may go on for days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.engine.people.windows import Window
from runner.engine.ports import stamp

if TYPE_CHECKING:
    from runner.engine.session import Session
    from runner.review.requests import Standing

POLICIES_CHANGED = "the policies in shisa.yaml are others than at the request"


def lapsed(session: Session, standing: Standing) -> str | None:
    """Say why an approval that was used covers no more of what was begun by it; None where it does.

    Another plan, other policies and another operator end it, as they end one that was not used. Its time ends it when
    the run is gone on with after that (a resume, the go behind the canaries), and the end of its window at once.
    """
    asked = standing.request.body
    if standing.lapsed is not None:
        return standing.lapsed
    if asked.policy_digest != session.config.digest:
        return POLICIES_CHANGED
    if asked.window is not None and session.clock() > Window.of(asked.window).not_after:
        return f"its window ended at {asked.window['not_after']}"
    if session.gone_on > standing.deadline:
        return f"the run was gone on with after {stamp(standing.deadline)}, until when it could begin"
    return None
