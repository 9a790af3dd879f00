"""Which failed attempt may be made again, and after how long. Pure.

Only a failure that is known: a lock that was not to be had and a deadlock, which PostgreSQL rolled back whole, or what
the step's ``retry`` names. Never an unknown outcome, and no oftener than the approval was given for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from checks.duration import parse_duration
from runner.runbook.model import Retry

if TYPE_CHECKING:
    from runner.engine.fold.state import StepState
    from runner.journal.events import ApprovalRequested, StepEntered

_PASSING = ("55P03", "40P01")
"""A lock that was not to be had in time, and a deadlock: nothing stands, and the next moment may be a better one."""
_UNDECLARED = Retry(times=2)
"""What a step in one transaction gets that says nothing."""
_BY_SQLSTATE = {"sql", "sequences"}
_LONGEST = 60.0
"""Seconds that are never exceeded between two attempts."""


def due(step: StepState, cover: ApprovalRequested | None) -> bool:
    """Whether a failed step is to be tried again; ``cover`` is the request of what it belongs to, where it has none."""
    if step.entered is None or step.ended is None or step.resolved is not None or step.refused is not None:
        return False
    retry = retry_of(step) if step.ended.outcome == "failed" else None
    if retry is None or step.tries > int(retry.times):
        return False
    request = step.request or cover
    return request is None or step.tries < request.max_uses


def retry_of(step: StepState) -> Retry | None:
    """Tell how this failure of a step is retried; None where it is not."""
    if step.entered is None or step.ended is None:
        return None
    declared = step.entered.rendered.get("retry")
    retry = None if declared is None else msgspec.convert(declared, Retry)
    if step.entered.kind not in _BY_SQLSTATE:
        return None if retry is None or retry.on else retry
    if retry is None and not _rolled_back_whole(step.entered):
        return None
    retry = retry or _UNDECLARED
    return retry if step.ended.sqlstate in (retry.on or _PASSING) else None


def delay(retry: Retry, tries: int, share: float) -> float:
    """Tell how many seconds to wait before the next attempt: twice as long each time, ``share`` (0 to 1) taken off."""
    whole = parse_duration(retry.backoff).total_seconds() * 2.0 ** (tries - 1)
    return min(whole, _LONGEST) * (1 - share / 2)


def _rolled_back_whole(entered: StepEntered) -> bool:
    return entered.kind == "sql" and entered.rendered.get("transaction", True) and not entered.survives_rollback
