"""Two moments of one run: the parameter ``baseline``, and what a guard says that only captured."""

from __future__ import annotations

from checks.base import Finding, Verdict
from checks.facts.wording import counted

BASELINE = "Whether this moment is captured, or compared with what an earlier guard of the run captured."
"""What the parameter ``baseline`` is, in every check that has it."""
CAPTURE, COMPARE = MODES = ("capture", "compare")


def kept(number: int, what: str) -> Finding:
    """Say how much was captured."""
    message = f"{counted(number, what)} {'is' if number == 1 else 'are'} kept as the baseline of this run."
    return Finding("baseline", Verdict.PASS, message, {"captured": number})
