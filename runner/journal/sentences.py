"""Every event as a word and a sentence: the terminal's line and the report's timeline say the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal, assert_never

from checks.base import Verdict
from runner.figures import VERDICTS, as_written, duration, moment, plain
from runner.journal import events as ev
from runner.journal.attested import told
from runner.journal.record import Record

Tone = Literal["plain", "dim", "strong", "good", "warn", "unknown", "bad", "ask"]
"""How a text is meant; a colour only ever repeats what its word says."""

VERDICT_TONES: Mapping[str, Tone] = {"pass": "good", "warn": "warn", "unknown": "unknown", "block": "bad"}
_STATE_TONES: Mapping[str, Tone] = {"completed": "good", "unknown": "unknown", "waiting": "ask", "stopped": "warn"}
_OUTCOME_TONES: Mapping[ev.Outcome, Tone] = {"done": "good", "failed": "bad", "cancelled": "warn", "unknown": "unknown"}


@dataclasses.dataclass(frozen=True, slots=True)
class Sentence:
    """What one event says; the text is raw, and must be escaped where it is shown."""

    word: str
    text: str
    tone: Tone = "plain"


def sentence(record: Record) -> Sentence:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one branch an event
    """Say what one record means, in one word and one sentence."""
    body, step, who = record.body, record.step or "the run", record.person
    match body:
        case ev.RunOpened():
            text = f"{record.run} of {body.runbook} opened by {body.operator} on {body.host} with shisa {body.version}"
            return Sentence("RUN", f"{text}{_unattended(unattended=body.unattended)}{_plugins(body.plugins)}", "strong")
        case ev.PlanAmended():
            return Sentence("PLAN CHANGED", f"{step}: {body.why} ({_change(body)}; remedy of {body.check})", "ask")
        case ev.RunResumed():
            text = f"by {body.operator} on {body.host}{_unattended(unattended=body.unattended)}{_plugins(body.plugins)}"
            changed = ", with changed files: " + ", ".join(each.path for each in body.files) if body.files else ""
            return Sentence("RESUMED", f"{text}{changed}", "warn" if changed else "strong")
        case ev.RunPaused():
            return Sentence(body.state.upper(), body.reason, _STATE_TONES.get(body.state, "bad"))
        case ev.RunHandedOver():
            return Sentence("HANDED OVER", _handed(body), "warn")
        case ev.RollbackBegun():
            how = ", as the steps say, without asking" if body.auto else f" by {who}"
            return Sentence("ROLLING BACK", f"{_some(body.paths)}{how}: {body.reason}", "warn")
        case ev.TargetChanged():
            why = f"by {step}" if step else f"accepted by {who}"
            return Sentence("TARGET", f"{plain(body.targets)} was {body.was}, is {body.became} now ({why})", "warn")
        case ev.StepEntered():
            destructive = "; destructive" if body.destructive else ""
            return Sentence("STEP", f"{step}: {body.title} ({body.kind}{destructive})", "strong")
        case ev.StepSkipped():
            return Sentence("SKIPPED", f"{step} by {who}: {body.reason}", "warn")
        case ev.ItemsExpanded():
            return Sentence("ITEMS", f"{step}: {len(body.items):,} to go through: {_some(body.items)}")
        case ev.ValueCaptured():
            return Sentence("VALUE", f"{body.variable} = {plain(body.value)}", "dim")
        case ev.GuardsAsked(evidence=()):
            return Sentence("GUARDS", f"none to ask {asked_when(body.moment)} {step}", "dim")
        case ev.GuardsAsked():
            return Sentence(_verdict(body.verdict), _tally(body, step), _tone(body))
        case ev.GuardSampled():
            return _sampled(body, step)
        case ev.QuestionAsked():
            until = f", until {moment(body.not_after)}" if body.not_after else ""
            return Sentence("QUESTION", f"to {body.team}{until}: {body.question}", "ask")
        case ev.QuestionAnswered():
            facts = f"; the database says {body.facts}" if body.facts is not None else ""
            return Sentence("ANSWER", f"{body.choice}, by {who} as {body.as_team}{facts}")
        case ev.ApprovalRequested():
            with_ = f" and {plain([part.step for part in body.parts[1:]])}" if body.parts else ""
            until = moment(body.not_after)
            text = f"of {step}{with_} asked for under {plain(body.policies)}, until {until} ({body.request})"
            return Sentence("APPROVAL", text, "ask")
        case ev.ApprovalGiven():
            return Sentence(
                "APPROVED", f"{step} by {who} as {body.as_team} ({body.assurance}{told(body.statement)})", "good"
            )
        case ev.ApprovalRejected():
            return Sentence("REJECTED", f"{step} by {who} as {body.as_team}: {body.reason}", "bad")
        case ev.ApprovalWithdrawn():
            return Sentence("WITHDRAWN", f"approval of {step} by {who}: {body.reason}", "bad")
        case ev.ApprovalExpired():
            return Sentence("EXPIRED", f"approval of {step}: {body.reason}", "bad")
        case ev.ApprovalStale():
            return Sentence("STALE", f"approval of {step}: {'; '.join(body.reasons)}", "bad")
        case ev.WaiverGiven():
            text = f"{body.check} on {body.object} by {who} until {moment(body.until)}: {body.reason}"
            return Sentence("WAIVER", text, "bad")
        case ev.BreakglassOpened():
            text = f"by {who} until {moment(body.until)}, without {plain(body.skipped)}, {body.ticket}: {body.reason}"
            return Sentence("BREAK-GLASS", text, "bad")
        case ev.BreakglassReviewed():
            return Sentence(
                "REVIEWED", f"the break-glass run was looked at by {who}: {body.note or 'no remark'}", "good"
            )
        case ev.Notified():
            return _notified(body, record.step or "")
        case ev.StepIntended():
            again = f", attempt {body.attempt}" if body.attempt > 1 else ""
            return Sentence("START", f"{step}{again}", "strong")
        case ev.StepEnded():
            return Sentence(body.outcome.upper(), _ended(body, step), _OUTCOME_TONES[body.outcome])
        case ev.StepResolved():
            done = body.outcome == "done"
            text = f"{step} {'happened' if done else 'did not happen'}, says {who}: {body.reason}"
            return Sentence("RESOLVED", text, "good" if done else "warn")
        case ev.Note():
            return Sentence("NOTE", f"{body.text} ({who})", "dim")
        case ev.Anchor():
            return Sentence("ANCHOR", f"head {body.head_seq} {body.head[:16]} kept: {body.kept}", "dim")
        case ev.RunClosed():
            reason = f": {body.reason}" if body.reason else ""
            return Sentence("CLOSED", f"{record.run} {body.state}{reason}", _STATE_TONES.get(body.state, "bad"))
        case _ as never:
            assert_never(never)


def _handed(body: ev.RunHandedOver) -> str:
    on = f" on {body.host}" if body.host else ""
    ghosts = f"; sessions still on its targets: {len(body.ghosts)}" if body.ghosts else ""
    return f"from {body.from_person} to {body.to_person}{on}{ghosts}{f': {body.reason}' if body.reason else ''}"


def target_lines(target: ev.BoundTarget) -> tuple[str, ...]:
    """Say which database a target's name stood for: what tells databases apart first, then what else is known."""
    known = target.identity
    server = f"{known.get('server_addr') or 'local socket'}:{known.get('server_port') or '?'}"
    role = "a standby" if known.get("in_recovery") else "a primary" if known.get("in_recovery") is False else "unknown"
    version = known.get("version")
    release = f"{version // 10000}.{version % 10000}" if isinstance(version, int) else "of unknown version"
    return (
        f"database {known.get('database', 'unknown')} on {server}, {role}, PostgreSQL {release}",
        f"environment {target.environment or 'unknown'}, policy {target.policy or 'none'}, as {target.configured}",
        f"system identifier {known.get('system_identifier', 'unknown')}, fingerprint {target.fingerprint[:16]}",
        f"asked as role {known.get('role', 'unknown')}",
    )


def _plugins(plugins: tuple[ev.PluginSource, ...]) -> str:
    told = ", ".join(f"{each.id} of {each.distribution} {each.version}" for each in plugins)
    return f"; checks of others: {told}" if told else ""


def _unattended(*, unattended: bool) -> str:
    return ", unattended: the answers come from a file" if unattended else ""


def _notified(body: ev.Notified, step: str) -> Sentence:
    news = {
        "request": f"{step} waits to be approved",
        "question": f"{step} waits for an answer",
        "escalation": f"{step} still waits to be approved ({body.rule})",
        "break-glass": f"the glass of {step} was broken",
        "ended": "the run has ended",
    }
    text = f"{plain(body.to)} that {news[body.about]}{f', by {body.sink}' if body.sink else ''}"
    return (
        Sentence("NOTIFIED", text, "ask")
        if body.failed is None
        else Sentence("NOT NOTIFIED", f"{text}: {body.failed}", "bad")
    )


def _change(body: ev.PlanAmended) -> str:
    changes = [f"{key}: {as_written(value)}" for key, value in body.set.items()]
    added = f"{len(body.then)} step{'s' * (len(body.then) != 1)} added behind it"
    return ", ".join([*changes, added] if body.then else changes) or "no field changed"


def _verdict(verdict: str) -> str:
    return VERDICTS.get(verdict, "UNKNOWN")


def _tone(body: ev.GuardsAsked) -> Tone:
    return VERDICT_TONES.get(body.verdict, "unknown")


def asked(body: ev.GuardsAsked, step: str) -> str:
    """Name the guards that were asked and their verdicts, where what they say stands below."""
    answers = (
        f"{item.get('check')} {'still ' if 'holds' in item else ''}{item.get('verdict')}" for item in body.evidence
    )
    return f"guards {asked_when(body.moment)} {step}: {', '.join(answers)}"


def asked_when(moment_: ev.Moment) -> str:
    """Say when guards were asked, to stand before the step's name."""
    return {"before": "before", "again": "right before the start of", "after": "after"}[moment_]


def _tally(body: ev.GuardsAsked, step: str) -> str:
    closing = [item for item in body.evidence if Verdict.of(item.get("verdict")).closes]
    if not closing:
        return asked(body, step)
    said = "; ".join(f"{item.get('check')}: {item.get('message')}" for item in closing)
    return f"guards {asked_when(body.moment)} {step}: {said}"


def _sampled(body: ev.GuardSampled, step: str) -> Sentence:
    verdict = str(body.evidence.get("verdict"))
    text = f"{body.evidence.get('check')} during {step}: {body.evidence.get('message')}"
    return Sentence(_verdict(verdict), text, VERDICT_TONES.get(verdict, "unknown"))


def _ended(body: ev.StepEnded, step: str) -> str:
    rows = f", rows {' + '.join(f'{count:,}' for count in body.rows)}" if body.rows else ""
    state = f" (SQLSTATE {body.sqlstate})" if body.sqlstate else ""
    took = f" in {duration(body.duration_ms)}" if body.duration_ms else ""  # nothing is measured of what a person does
    return f"{step}{took}{rows}{state}{': ' + body.message if body.message else ''}"


def _some(items: Iterable[Any], most: int = 10) -> str:
    listed = [plain(item) for item in items]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most:,} more" if len(listed) > most else "")
