"""One run as the reports tell it; the engine's fold is the truth about states, the records about what was seen."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from checks.base import Verdict
from runner.config.model import Config
from runner.engine.fold.state import State, StepState, fold
from runner.figures import duration, in_lines
from runner.journal import events as ev
from runner.journal.record import Head, Record
from runner.journal.sentences import Sentence, sentence
from runner.report.decisions import Decision, Vouched, approved_by, decided, decision
from runner.review.afterwards import LookedAt, Then, of_today, post_review
from runner.strict_yaml import parse

_BASE = re.compile(r"[/\[.]")
"""Where a path goes on below a step of the file: include/step, step[2], step.remedy1."""

MOMENTS: Mapping[ev.Moment, str] = {"before": "before", "again": "at the start", "after": "after"}
"""When guards were asked, in words."""


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """The guards of a step at one moment."""

    at: str
    moment: ev.Moment
    verdict: str
    evidence: tuple[Mapping[str, Any], ...]

    @property
    def closed(self) -> bool:
        """Whether they stopped the step."""
        return Verdict.of(self.verdict).closes


@dataclasses.dataclass(frozen=True, slots=True)
class StepSummary:
    """One step: what it was, what the guards said, who approved it, what became of it."""

    id: str
    title: str
    kind: str | None
    state: str
    """``not reached``, ``entered``, ``blocked``, ``waiting``, ``refused``, ``running`` or an outcome."""
    happened: str
    """``happened``, ``did not happen`` or ``unknown``."""
    message: str = ""
    entered: ev.StepEntered | None = None
    ended: ev.StepEnded | None = None
    started_at: str | None = None
    ended_at: str | None = None
    asked: tuple[Asked, ...] = ()
    decisions: tuple[Decision, ...] = ()
    approved_by: tuple[Vouched, ...] = ()

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The exact texts with their language: the statements, or else the words of the step itself."""
        if self.entered is None:
            return ()
        if self.entered.statements:
            return tuple((text, "text" if self.kind == "command" else "sql") for text in self.entered.statements)
        return ((self._body, "text"),) if isinstance(self._body, str) else ()

    @property
    def facts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What the step was told key by key, where it has no text: of a restore where from, which tables, and so on."""
        expected = (self.entered.rendered.get("expected") if self.entered else None) or ()
        told = {"expected": expected} if expected else {}
        body = self._body if isinstance(self._body, Mapping) and not self.texts else told
        return tuple(in_lines(body))

    @property
    def took(self) -> str:
        """How long the effect took; nothing is measured of what a person does."""
        return duration(self.ended.duration_ms) if self.ended and self.ended.duration_ms else ""

    @property
    def _body(self) -> Any:
        body = self.entered.rendered.get(self.entered.kind) if self.entered else None
        return shlex.join(map(str, body)) if isinstance(body, list | tuple) else body


@dataclasses.dataclass(frozen=True, slots=True)
class RunSummary:
    """One run."""

    state: State
    steps: tuple[StepSummary, ...]
    timeline: tuple[tuple[Record, Sentence], ...]
    looked_at: LookedAt | None
    """Whether somebody has looked at a broken glass; None where none was broken."""
    head: Head
    """The run's last journal line."""

    @property
    def post_review(self) -> str | None:
        """``open`` or ``done`` where the glass was broken."""
        return None if self.looked_at is None else self.looked_at.state

    @property
    def reason(self) -> str | None:
        """Why the run is where it is."""
        closed, paused = self.state.closed, self.state.paused
        return closed.reason if closed else paused.reason if paused else None

    @property
    def stopped(self) -> Iterator[tuple[StepSummary, Asked, Mapping[str, Any]]]:
        """Every guard that closed the gate, whether or not the run went on later."""
        for step in self.steps:
            for asked in step.asked:
                for item in asked.evidence:
                    if asked.closed and Verdict.of(item.get("verdict")).closes:
                        yield step, asked, item


def summary(records: Iterable[Record], config: Config, then: Then = of_today) -> RunSummary:
    """Summarise the records of one run, in order; raises ValueError where they do not begin with ``run.opened``.

    ``config`` says who the people are that could look at a broken glass, ``then`` who they were when somebody did.
    """
    lines = tuple(records)
    state = fold(lines)
    own, decisions = _by_step(lines, lambda line: (line.step,)), _by_step(lines, decided(lines))
    steps = tuple(
        _step(path, title, state.step(path), own.get(path, []), decisions.get(path, []))
        for path, title in _order(state.opened, own)
    )
    timeline = tuple((line, sentence(line)) for line in lines)
    return RunSummary(state, steps, timeline, post_review(lines, config, then), Head(lines[-1].seq, lines[-1].hash))


def _by_step(
    lines: Iterable[Record], about: Callable[[Record], Iterable[str | None]]
) -> Mapping[str, Sequence[Record]]:
    """Sort lines by the steps that they are about; those of the whole run are left out."""
    found: dict[str, list[Record]] = {}
    for line in lines:
        for path in about(line):
            if path is not None:
                found.setdefault(path, []).append(line)
    return found


def _order(opened: ev.RunOpened, seen: Iterable[str]) -> Iterator[tuple[str, str]]:
    """List path and title of every step: in the file's order, those added or expanded behind their origin."""
    planned = dict(_planned(opened))
    below: dict[str, list[str]] = {}
    for path in seen:
        base = _BASE.split(path, maxsplit=1)[0]
        below.setdefault(base if base in planned else "", []).append(path)
    for name, title in planned.items():
        yield from ((path, title) for path in below.get(name, [name]))
    yield from ((path, path) for path in below.get("", ()))


def _planned(opened: ev.RunOpened) -> Iterator[tuple[str, str]]:
    """Read the ids and titles of the runbook's own steps, to tell those that were not reached."""
    data = parse(opened.files[0].text).data if opened.files else None
    steps = data.get("steps") if isinstance(data, dict) else None
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and isinstance(step.get("id"), str):
            yield step["id"], str(step.get("title", step["id"]))


def _step(path: str, title: str, known: StepState, own: Sequence[Record], decisions: Iterable[Record]) -> StepSummary:
    entered = next((line.body for line in reversed(own) if isinstance(line.body, ev.StepEntered)), None)
    ended = next((line.body for line in reversed(own) if isinstance(line.body, ev.StepEnded)), None)
    word, told = _word(known, reached=bool(own)), tuple(map(decision, decisions))
    return StepSummary(
        id=path,
        title=entered.title if entered else title,
        kind=entered.kind if entered else None,
        state=word,
        happened=_happened(known),
        message=_message(known, ended),
        entered=entered,
        ended=ended,
        started_at=own[0].at if own else None,
        ended_at=known.ended_at,
        asked=tuple(
            Asked(line.at, line.body.moment, line.body.verdict, line.body.evidence)
            for line in own
            if isinstance(line.body, ev.GuardsAsked) and line.body.evidence
        ),
        decisions=told,
        approved_by=tuple(approved_by(told, own)),
    )


def _word(step: StepState, *, reached: bool) -> str:
    if step.closed_by_guards:
        return "blocked"
    if step.outcome is not None:
        return "running" if step.outcome == "unknown" and not step.doubtful else step.outcome
    if step.refused is not None:
        return "refused"
    return "waiting" if step.request else "entered" if reached else "not reached"


def _happened(step: StepState) -> str:
    return "unknown" if step.doubtful else "happened" if step.outcome == "done" else "did not happen"


def _message(step: StepState, ended: ev.StepEnded | None) -> str:
    if step.skipped is not None:
        return step.skipped
    if step.resolved is not None:
        return f"settled by hand: {step.resolved.reason}"
    return step.refused or (ended.message if ended else "")
