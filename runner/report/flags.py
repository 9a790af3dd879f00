"""What a reader must not miss, worst first; and what to do next."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from runner.engine.course import odd_lines
from runner.figures import moment, plain
from runner.journal import events as ev
from runner.journal.sentences import Tone, asked_when
from runner.report.summary import RunSummary

_RANK: dict[Tone, int] = {"bad": 0, "unknown": 1, "warn": 2}
BREAK_GLASS = "BREAK-GLASS"
UNKNOWN = "OUTCOME UNKNOWN"
_FIRST = frozenset({BREAK_GLASS, "WAIVER"})
"""What somebody let pass stands above what went wrong."""
_TRUSTED = frozenset({"signed", "db+signed"})

_RESOLVE = "shisa resolve {} {} done|not-done --reason …"
_NEXT = {
    "waiting": "When it is signed: shisa resume {}",
    "blocked": "Settle what the guards found, or take over the remedy they name, then: shisa resume {}",
    "stopped": "The operator stopped; to go on: shisa resume {}",
    "failed": "Mend the cause, then: shisa resume {0}; or take back what was done: shisa rollback {0}",
    "rejected": "Talk to the person who refused; a changed step is asked for again by: shisa resume {}",
    "unknown": "When every outcome is settled: shisa resume {}",
    "running": "Under way, it seems. If its program is gone: shisa resume {0}; its operator cannot: shisa takeover {0}",
    "rolling-back": "The journal shows a rollback under way; if its program is gone: shisa rollback {}",
    "rollback-failed": "Look by hand at what is in place before anything else runs: shisa show {}.",
}
"""Run state → what to do, with the run's id put in; a closed run needs nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Flag:
    """A deviation: one word, one sentence."""

    word: str
    text: str
    tone: Tone


def flags(run: RunSummary) -> tuple[Flag, ...]:
    """List every deviation of a run, the gravest first."""
    found = (*_of_events(run), *_of_steps(run))
    return tuple(sorted(found, key=lambda flag: (flag.word not in _FIRST, _RANK.get(flag.tone, len(_RANK)))))


def next_steps(run: RunSummary) -> tuple[str, ...]:
    """Say what a person has to do now."""
    name = run.state.run
    found = list(_by_state(run, name))
    if run.post_review == "open":
        found.append(f"A second person must look at this break-glass run and sign: shisa post-review {name}")
    return tuple(found) or ("Nothing: the run is closed.",)


def _by_state(run: RunSummary, name: str) -> Iterator[str]:
    state = run.state.name
    for step in run.steps:
        if state == "waiting" and step.state == "waiting":
            yield f"{step.id} waits for a second person: shisa review {name}"
        if step.happened == "unknown":
            look = f"where it cannot tell, look at the database and say so: {_RESOLVE.format(name, step.id)}"
            yield f"Ask the server whether {step.id} happened: shisa resume {name}; {look}"
    if state in _NEXT:
        yield _NEXT[state].format(name)


def _of_events(run: RunSummary) -> Iterator[Flag]:
    for person, reason in run.looked_at.refused if run.looked_at else ():
        yield Flag("POST-REVIEW REFUSED", f"that of {person} does not count: {reason}", "bad")
    for odd in odd_lines(line for line, _ in run.timeline):
        yield Flag("BY HAND", odd.reason, "bad")
    if run.state.opened.unattended:
        yield Flag("UNATTENDED", "the answers came from a file, not from a person", "warn")
    told = (line.body for line, _ in run.timeline if isinstance(line.body, ev.Notified))
    last = {(each.line, each.rule, each.sink): each for each in told}
    for line, said in run.timeline:
        match line.body:
            case ev.BreakglassOpened(reason=why, ticket=ticket, skipped=skipped, until=until):
                review = f"post-review {run.post_review}"
                text = f"{line.person}, {ticket}: {why}; without {plain(skipped)}, until {moment(until)}; {review}"
                yield Flag(BREAK_GLASS, text, "bad")
            case ev.Notified() as body if body.failed and last[body.line, body.rule, body.sink] is body:
                yield Flag(said.word, said.text, "bad")
            case ev.WaiverGiven() | ev.ApprovalRejected() | ev.ApprovalStale() | ev.ApprovalWithdrawn():
                yield Flag(said.word, said.text, "bad")
            case ev.RunHandedOver() | ev.StepResolved():
                yield Flag(said.word, said.text, "warn")
            case _:
                pass


def _of_steps(run: RunSummary) -> Iterator[Flag]:
    for step in run.steps:
        if step.happened == "unknown":
            yield Flag(UNKNOWN, f"nobody can tell yet whether {step.id} happened", "bad")
        if step.state == "skipped":
            yield Flag("SKIPPED", f"{step.id}: {step.message}", "warn")
        weak = [each for each in step.decisions if each.decision == "approved" and each.assurance not in _TRUSTED]
        for each in weak:
            yield Flag("NOT SIGNED", f"approval of {step.id} by {each.person} is only {each.assurance}", "bad")
        accepted = sum(int(item.get("accepted") or 0) for asked in step.asked[-1:] for item in asked.evidence)
        if accepted:
            yield Flag("KNOWN EXCEPTIONS", f"{accepted:,} findings at {step.id} are settled by shisa.yaml", "warn")
    for step, asked, item in run.stopped:
        unknown = item.get("verdict") != "block"
        text = f"{item.get('check')} {asked_when(asked.moment)} {step.id}: {item.get('message')}"
        yield Flag("COULD NOT MEASURE" if unknown else "STOPPED BY A GUARD", text, "unknown" if unknown else "warn")
