"""One sequence against the ids in use: the numbers, and the sentences about them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from checks.base import Finding, Json, SequenceSet, Verdict
from checks.facts.drawers import Drawer, SequenceRow
from checks.facts.wording import counted, listed


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """One sequence with everything that was learned about it."""

    object: str
    sequence: SequenceRow | None
    """None where the target has no such sequence."""
    carried: SequenceSet | None = None
    """What a restore would set."""
    live_next: int | None = None
    """The next number now; None where the role may not look."""
    drawers: tuple[Drawer, ...] = ()
    in_use: int | None = None
    """The highest id in use, or the lowest where the sequence counts down; None where no row has one."""
    unseen: tuple[tuple[Drawer, str], ...] = ()
    """Drawers whose ids could not be looked at, and why."""

    @property
    def step(self) -> int:
        """The increment; 1 where only the backup knows the sequence."""
        return 1 if self.sequence is None else self.sequence.increment

    @property
    def backup_next(self) -> int | None:
        """The first number after a restore."""
        if self.carried is None:
            return None
        return self.carried.value + (self.step if self.carried.is_called else 0)

    def reissued(self, first: int | None) -> int | None:
        """How many numbers from ``first`` on, in steps of the increment, end at or before the last one in use.

        None where no row was seen and some could not be.
        """
        if self.in_use is None:
            return None if self.unseen or first is None else 0
        if first is None:
            return None
        return max(0, (self.in_use - first) // self.step + 1)

    def goes_back(self) -> bool:
        """Whether a restore would hand numbers out again that were handed out already."""
        if self.backup_next is None or self.live_next is None:
            return False
        return (self.live_next - self.backup_next) * self.step > 0

    def measured(self) -> dict[str, Json]:
        """The evidence, in the keys of DESIGN §5."""
        first = self.live_next if self.backup_next is None else self.backup_next
        return {
            "backup_next": self.backup_next,
            "live_next": self.live_next,
            "max_in_use": self.in_use,
            "ids_to_be_reissued": self.reissued(first),
            "drawn_by": [drawer.as_json() for drawer in self.drawers],
        }

    def finding(self, verdict: Verdict, message: str) -> Finding:
        """Say something about this sequence."""
        bound = {} if self.in_use is None else {"lowest_safe_next" if self.step > 0 else "highest_safe_next": self.safe}
        return Finding(self.object, verdict, message, self.measured(), bound)

    @property
    def safe(self) -> int:
        """The nearest next number that is not in use."""
        return (self.in_use or 0) + (1 if self.step > 0 else -1)


def judge_restore(subject: Subject) -> Finding:
    """Judge what a restore of this sequence's SEQUENCE SET would do."""
    row, back, name = subject.sequence, subject.backup_next, subject.object
    if row is None:
        return subject.finding(
            Verdict.PASS, f"{name} does not exist on the target: a restore makes it new and rewinds nothing."
        )
    if row.cycles and back != subject.live_next:
        return subject.finding(Verdict.UNKNOWN, f"{name} {_CIRCLE}, and a restore would set it to {back}.")
    doubled = subject.reissued(back)
    if doubled and not row.cycles:
        return subject.finding(
            Verdict.BLOCK,
            f"A restore would put {name} {_back(subject)}, while ids {_up_to(subject)} are in use: "
            f"{counted(doubled, 'id')} would be issued twice. Drawn by {columns(subject.drawers)}.{_cached(row)}",
        )
    if subject.live_next is None:
        return subject.finding(
            Verdict.UNKNOWN, f"{_unreadable(name)}, so nobody can tell whether a restore would put it back."
        )
    return _judge_unused(subject, row)


def _judge_unused(subject: Subject, row: SequenceRow) -> Finding:
    """Judge a restore that was not seen to give out an id in use."""
    back, name = subject.backup_next, subject.object
    if not subject.goes_back():
        return subject.finding(
            Verdict.PASS, f"A restore sets {name} to {back}, and no number that was handed out comes again."
        )
    if subject.unseen or not subject.drawers:
        return subject.finding(
            Verdict.UNKNOWN,
            f"A restore would put {name} {_back(subject)}, and {_blind(subject)}, "
            "so nobody can tell whether ids in use would be issued twice.",
        )
    again = counted(_handed_out(subject), "id")
    return subject.finding(
        Verdict.WARN,
        f"A restore would put {name} {_back(subject)}: {again} handed out since the backup, in "
        f"no row that can be seen now (deleted, or not yet committed), would be handed out again.{_cached(row)}",
    )


def judge_kept(subject: Subject, mode: str) -> Finding:
    """Tell what a restore avoids by carrying no SEQUENCE SET."""
    name = subject.object
    if subject.sequence is None and mode == "keep":
        return subject.finding(
            Verdict.WARN,
            f"{name} does not exist on the target: with sequences: keep it starts at its first number, below the rows "
            f"that are restored with it. Use sequences: raise.",
        )
    avoided = ""
    if subject.goes_back():
        doubled = subject.reissued(subject.backup_next)
        ids = f", and {counted(doubled, 'id')} in use would have been issued twice" if doubled else ""
        avoided = f" With from-backup it would have gone {_back(subject)}{ids}."
    return subject.finding(Verdict.PASS, f"{name} is not set by this restore (sequences: {mode}).{avoided}")


def judge_live(subject: Subject) -> Finding:
    """Judge the sequence as it is now against the ids in use now."""
    row, name = subject.sequence, subject.object
    if row is None or subject.live_next is None:
        return subject.finding(Verdict.UNKNOWN, f"{_unreadable(name)}, so its next number is not known.")
    if row.cycles:
        return subject.finding(Verdict.UNKNOWN, f"{name} {_CIRCLE}.")
    doubled = subject.reissued(subject.live_next)
    if doubled:
        return subject.finding(
            Verdict.BLOCK,
            f"The next number of {name} is {subject.live_next}, while ids {_up_to(subject)} are in use: "
            f"{counted(doubled, 'id')} will be issued twice. Drawn by {columns(subject.drawers)}.{_cached(row)}",
        )
    if subject.unseen:
        return subject.finding(
            Verdict.UNKNOWN,
            f"The next number of {name} is {subject.live_next}, but {_blind(subject)}, so nobody can tell whether it "
            "is in use.",
        )
    if not subject.drawers:
        return subject.finding(
            Verdict.WARN,
            f"Nothing in this database is known to draw from {name}, so its next number {subject.live_next} was "
            "compared with nothing.",
        )
    return subject.finding(Verdict.PASS, f"The next number of {name} is {subject.live_next}, beyond every id in use.")


_CIRCLE = "begins again at its end (CYCLE), so a comparison with the ids in use means nothing"


def columns(drawers: Sequence[Drawer]) -> str:
    """Name the drawers in a sentence, the first few of many."""
    return listed([drawer.label for drawer in drawers])


def _blind(subject: Subject) -> str:
    if not subject.drawers:
        return "nothing in this database is known to draw from it"
    told = "; ".join(f"{drawer.label} {why}" for drawer, why in subject.unseen[:3])
    more = len(subject.unseen) - 3
    return told + (f"; and {more} more could not be looked at" if more > 0 else "")


def _back(subject: Subject) -> str:
    now = "" if subject.live_next is None else f" (it is at {subject.live_next})"
    return f"back to {subject.backup_next}{now}"


def _up_to(subject: Subject) -> str:
    return f"{'up' if subject.step > 0 else 'down'} to {subject.in_use}"


def _handed_out(subject: Subject) -> int:
    return ((subject.live_next or 0) - (subject.backup_next or 0)) // subject.step


def _unreadable(name: str) -> str:
    return f"This role may not read {name}"


def _cached(row: SequenceRow) -> str:
    if row.cache == 1:
        return ""
    return f" CACHE {row.cache}: open sessions go on with the numbers they hold until they are recycled."
