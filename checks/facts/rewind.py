"""Where sequences stood at an earlier moment, and which of them stand behind it now. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from checks.base import Finding, Verdict
from checks.facts.drift import Subject
from checks.facts.wording import counted


@dataclasses.dataclass(frozen=True, slots=True)
class Stood:
    """One sequence's next number at a moment."""

    object: str
    following: int | None


def stood(subjects: Iterable[Subject]) -> list[Stood]:
    """Take down where each sequence stands."""
    return [Stood(each.object, each.live_next) for each in subjects]


def rewound(before: Iterable[Stood], now: Iterable[Subject], side: str) -> Iterator[Finding]:
    """Block each sequence that is gone, or that hands out numbers again which it handed out before that moment."""
    here = {each.object: each for each in now}
    for then in before:
        subject = here.get(then.object)
        if subject is None:
            message = f"{then.object} was there in {side}, and is gone: what drew from it has no numbers any more."
            yield Finding(then.object, Verdict.BLOCK, message, {"next_before": then.following})
        elif then.following is None:
            message = f"{then.object} could not be read for {side}, so nobody can tell whether it went back."
            yield Finding(then.object, Verdict.UNKNOWN, message)
        elif subject.live_next is not None and subject.sequence is not None and not subject.sequence.cycles:
            numbers = (then.following - subject.live_next) // subject.step
            if numbers > 0:
                message = (
                    f"{then.object} was put back from {then.following} to {subject.live_next} since {side}: "
                    f"{counted(numbers, 'number')} that {'was' if numbers == 1 else 'were'} handed out come again."
                )
                measured = {"next_before": then.following, "next": subject.live_next, "numbers_again": numbers}
                yield Finding(then.object, Verdict.BLOCK, message, measured, {"next": then.following})
