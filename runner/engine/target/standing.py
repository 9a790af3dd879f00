"""Which of a cluster's servers a target leads to: its role and timeline, then and now. Pure.

A promotion changes neither the system identifier nor the database's oid: the fingerprint stays, and what was committed
last may be gone. So role and timeline are compared by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.runbook.model import ChangesTarget

STANDING = ("in_recovery", "read_only", "timeline")
"""What of an identity a run stays bound to, although the target may be another server when it is asked again."""


def standing(identity: Mapping[str, Any]) -> str:
    """Say what a server is, as ``primary on timeline 2``."""
    kept = "read-only " * (_role(identity) == "primary" and bool(identity.get("read_only")))
    return f"{kept}{_role(identity)} on timeline {identity.get('timeline', 'unknown')}"


def moved(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a target is another server, has another history, or takes no writes any more, as it was bound to.

    A standby follows its primary to a new timeline, and tells that only at its next restart point.
    """
    if _role(was) != _role(now):
        return True
    if _role(now) == "standby":
        return False
    return was.get("timeline") != now.get("timeline") or bool(now.get("read_only") and not was.get("read_only"))


def unlike(was: Mapping[str, Any], now: Mapping[str, Any], declared: ChangesTarget) -> str | None:
    """Say in what a target is not what a step declared that it would be; None where it is that.

    What the step does not name stays as it was.
    """
    role = declared.role or _role(was)
    if _role(now) != role:
        return f"it is a {_role(now)}, not a {role}"
    before, after = int(was.get("timeline") or 0), int(now.get("timeline") or 0)
    if declared.timeline == "next" and after <= before:
        return f"it is on timeline {after}, and was on {before} before"
    if declared.timeline != "next" and role == "primary" and after != before:
        return f"it is on timeline {after}, which the step does not declare: it was on {before} before"
    return None


def _role(identity: Mapping[str, Any]) -> str:
    return "standby" if identity.get("in_recovery") else "primary"
