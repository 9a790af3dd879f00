"""A run as JSON: the shape of `shisa show`, and the whole report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from runner.config.model import Config
from runner.journal.events import RunOpened
from runner.journal.record import Record
from runner.report.flags import flags, next_steps
from runner.report.summary import RunSummary, StepSummary, summary
from runner.review.afterwards import Then, of_today


def show_json(run: RunSummary) -> dict[str, Any]:
    """Give the shape of DESIGN §5, `show`."""
    opened = run.state.opened
    shown: dict[str, Any] = {
        "run": run.state.run,
        "runbook": opened.runbook,
        "state": run.state.name,
        "targets": targets_json(opened),
        "operator": run.state.operator,
        "started_at": run.state.started_at,
        "ended_at": run.state.ended_at,
        "steps": [_step(step) for step in run.steps],
    }
    optional = {"reason": run.reason, "post_review": run.post_review}
    return shown | {key: value for key, value in optional.items() if value is not None}


def targets_json(opened: RunOpened) -> list[dict[str, Any]]:
    """Give a run's targets, and which database each stood for."""
    return [
        {
            "name": target.name,
            "configured": target.configured,
            "database": target.identity.get("database"),
            "environment": target.environment,
            "fingerprint": target.fingerprint,
        }
        for target in opened.targets
    ]


def report_json(records: Iterable[Record], config: Config, then: Then = of_today) -> dict[str, Any]:
    """Give everything that the other reports tell, with whole evidence and the journal's head."""
    run = summary(records, config, then)
    opened = run.state.opened
    evidence = [[dict(item) for asked in step.asked for item in asked.evidence] for step in run.steps]
    shown = show_json(run)
    steps = [step | {"evidence": found} for step, found in zip(shown["steps"], evidence, strict=True)]
    return shown | {
        "steps": steps,
        "title": opened.title,
        "version": opened.version,
        "host": opened.host,
        "unattended": opened.unattended,
        "params": opened.params,
        "files": [{"path": file.path, "sha256": file.sha256} for file in opened.files],
        "flags": [dataclasses.asdict(flag) for flag in flags(run)],
        "amendments": list(_amendments(run)),
        "next": list(next_steps(run)),
        "timeline": [
            {"at": line.at, "event": line.body.name, "step": line.step, "person": line.person, "text": said.text}
            for line, said in run.timeline
        ],
        "journal": {"seq": run.head.seq, "head": run.head.hash, "events": len(run.timeline)},
    }


def _step(step: StepSummary) -> dict[str, Any]:
    return {
        "id": step.id,
        "title": step.title,
        "kind": step.kind,
        "state": step.state,
        "outcome": step.happened,
        "message": step.message,
        "rows": list(step.ended.rows) if step.ended else [],
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "guards": list(_guards(step)),
        "approvals": [dataclasses.asdict(decision) for decision in step.decisions],
    }


def _guards(step: StepSummary) -> Iterator[dict[str, Any]]:
    for asked in step.asked:
        for item in asked.evidence:
            known = {key: item.get(key) for key in ("check", "verdict", "message", "target", "taken_at")}
            yield {"moment": asked.moment, "at": asked.at} | known


def _amendments(run: RunSummary) -> Iterator[dict[str, Any]]:
    for step, body in run.state.amendments:
        changed = {"set": dict(body.set), "then": [dict(added) for added in body.then]}
        yield {"step": step, "check": body.check, "object": body.object, "why": body.why} | changed
