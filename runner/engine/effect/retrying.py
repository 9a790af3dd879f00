"""Make a failed attempt again: wait, and prove once more that it may start."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from runner.engine.effect import act
from runner.engine.effect.last_look import approved
from runner.engine.fold.retries import delay, retry_of

if TYPE_CHECKING:
    from runner.engine.session import Session


def again(session: Session, path: str) -> bool:
    """Make the next attempt at a step, under the approval it has; False where that does not allow it any more.

    Guards are asked again before it, and it is journaled like the first. Raises what ``act.attempt`` raises.
    """
    step = session.state.step(path)
    retry = retry_of(step)
    if retry is None or step.ended is None or not approved(session, path):
        return False
    seconds = delay(retry, step.tries, secrets.SystemRandom().random())
    session.operator.tell(
        f"{path} is tried again in {seconds:.1f} s, attempt {step.tries + 1} of {int(retry.times) + 1} at most: "
        f"{step.ended.message}"
    )
    time.sleep(seconds)
    act.attempt(session, path)
    return True
