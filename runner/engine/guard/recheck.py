"""The guards before a step, once more right before its effect: asked again, or their evidence proven to hold still."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.duration import parse_duration
from runner.basis import same
from runner.errors import ShisaError
from runner.postgres.connect import short_name
from runner.postgres.readonly import ReadOnlySession

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.engine.session import Session
    from runner.runbook.model import GuardUse


def holding(
    session: Session, path: str, uses: Sequence[GuardUse], *, proven: bool = False
) -> list[dict[str, Any] | None]:
    """Tell of each guard the evidence that still holds, with the reason under ``holds``; None where it must be asked.

    ``recheck: full`` is always asked again; ``cheap`` where anything was written to the cluster or the file since;
    ``none`` where the evidence is older than ``max_age``, which bounds the others too. Where the target was let go
    meanwhile only what is ``proven`` holds.
    """
    known = _evidence(session, path)
    if len(known) != len(uses):  # of a journal that an older version began
        return [None] * len(uses)
    return [_still(session, path, use, each, proven=proven) for use, each in zip(uses, known, strict=True)]


def _evidence(session: Session, path: str) -> Sequence[dict[str, Any]]:
    state = session.state.step(path)
    newest = state.again or state.before
    return () if newest is None else newest.evidence


def _still(
    session: Session, path: str, use: GuardUse, known: Mapping[str, Any], *, proven: bool
) -> dict[str, Any] | None:
    age = session.clock() - datetime.fromisoformat(known["taken_at"])
    if age < timedelta() or (use.max_age is not None and age > parse_duration(use.max_age)):
        return None
    if known["accepted"] or known.get("waived"):  # either may have expired, or another shisa.yaml be in force
        return None
    if use.recheck == "none" and use.max_age is not None and not proven:
        return {**known, "holds": f"it is {age.total_seconds():.0f} s old, and may be {use.max_age}"}
    if _unchanged(session, path, known):
        return {**known, "holds": "nothing that it rests on was written since"}
    return None


def _unchanged(session: Session, path: str, known: Mapping[str, Any]) -> bool:
    if known.get("basis") is None:
        return False
    try:
        target = session.targets.of(known["target"])
        if target is None:
            return False
        with target.connect(short_name(f"shisa/{session.run}/{path}/guard")) as connection:
            return same(known["basis"], ReadOnlySession(connection))
    except ShisaError:
        return False
