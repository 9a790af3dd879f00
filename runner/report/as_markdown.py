"""A run as Markdown, for a ticket or a repository: what happened at a glance, then every step with its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.config.model import Config
from runner.figures import clock, duration_of, figures, findings_shown, moment, parse_time, plain, told_by_finding
from runner.journal.record import Record
from runner.journal.sentences import target_lines
from runner.report.decisions import Decision
from runner.report.flags import flags, next_steps
from runner.report.markup import code, code_in_table, fence, in_table, prose
from runner.report.summary import MOMENTS, RunSummary, StepSummary, summary
from runner.review.afterwards import Then, of_today


def markdown(records: Iterable[Record], config: Config, then: Then = of_today) -> str:
    """Write the report of one run."""
    run = summary(records, config, then)
    parts = (_head, _glance, _steps, _plan, _details, _timeline, _record)
    return "\n".join(line for part in parts for line in part(run)).rstrip() + "\n"


def _head(run: RunSummary) -> Iterator[str]:
    yield f"# {prose(run.state.opened.title)}: {prose(run.state.name.upper())}"
    yield ""
    for flag in flags(run):
        yield f"> **{flag.word}** {prose(flag.text)}  "
    yield ""


def _glance(run: RunSummary) -> Iterator[str]:
    opened = run.state.opened
    yield "## At a glance"
    yield ""
    yield f"- **Run** {code(run.state.run)} of {code(opened.runbook)}, {prose(took(run))}"
    yield f"- **Operator** {prose(run.state.operator)} on {prose(opened.host)}, with shisa {prose(opened.version)}"
    for target in opened.targets:
        first, *rest = target_lines(target)
        yield f"- **Target** {code(target.name)}: {prose(first)}"
        yield from (f"  - {prose(line)}" for line in rest)
    for name, value in opened.params.items():
        label = f", which is {prose(opened.labels[name] or 'unknown')}" if name in opened.labels else ""
        yield f"- **Parameter** {code(name)} = {code(plain(value))}{label}"
    if run.reason:
        yield f"- **Why** {prose(run.reason)}"
    yield f"- **Steps** {counts(run)}"
    yield from (f"- **Next** {prose(line)}" for line in next_steps(run))
    yield ""


def _steps(run: RunSummary) -> Iterator[str]:
    yield "## Steps"
    yield ""
    yield "| step | what | outcome | guards | approved by | took |"
    yield "|---|---|---|---|---|---|"
    for step in run.steps:
        cells = (in_table(step.title), _outcome(step), _verdicts(step), _approvers(step), step.took)
        yield f"| {code_in_table(step.id)} | {' | '.join(cells)} |"
    yield ""


def _outcome(step: StepSummary) -> str:
    said = f"**{step.happened}** ({step.state})"
    return f"{said}: {in_table(step.message)}" if step.message else said


def _verdicts(step: StepSummary) -> str:
    said = (f"{item.get('check')} {str(item.get('verdict')).upper()}" for ask in step.asked for item in ask.evidence)
    return in_table(", then ".join(said)) or "none"


def _approvers(step: StepSummary) -> str:
    said = (f"**{in_table(each.text)}**" if each.tone == "bad" else in_table(each.text) for each in step.approved_by)
    return ", ".join(said)


def _plan(run: RunSummary) -> Iterator[str]:
    if not run.state.amendments:
        return
    yield "## What was changed in the plan"
    yield ""
    for step, body in run.state.amendments:
        changes = "; ".join(f"{code(key)} = {code(plain(value))}" for key, value in body.set.items())
        added = "; ".join(f"added: {prose(str(each.get('title', plain(dict(each)))))}" for each in body.then)
        yield f"- {code(step)}, because of {code(body.check)} on {code(body.object)}: {prose(body.why)}"
        yield f"  {'; '.join(part for part in (changes, added) if part) or 'no field changed'}"
    yield ""


def _details(run: RunSummary) -> Iterator[str]:
    yield "## Each step"
    for step in run.steps:
        if step.entered is None:
            continue
        yield from ("", f"### {code(step.id)} {prose(step.title)}", "")
        destructive = f"; destructive: {', '.join(step.entered.reasons)}" if step.entered.destructive else ""
        on = f" on {step.entered.target}" if step.entered.target else ""
        yield f"{code(step.kind or 'step')}{prose(f'{on}{destructive}')}"
        for text, language in step.texts:
            yield from ("", fence(text, language))
        yield from _facts(step)
        yield from _findings(step)
        yield from (f"- {_decision(each)}" for each in step.decisions)
    yield ""


def _facts(step: StepSummary) -> Iterator[str]:
    if step.facts:
        yield ""
    for key, lines in step.facts:
        if len(lines) == 1:
            yield f"- **{prose(key)}** {prose(lines[0])}"
        else:
            yield from (f"- **{prose(key)}**", *(f"  - {prose(line)}" for line in lines))


def _findings(step: StepSummary) -> Iterator[str]:
    rows = [
        row for asked in step.asked for item in asked.evidence for row in _rows(asked.at, MOMENTS[asked.moment], item)
    ]
    if rows:
        yield from ("", "| when | guard | verdict | object | measured | says |", "|---|---|---|---|---|---|", *rows, "")


def _rows(at: str, when: str, item: Mapping[str, Any]) -> Iterator[str]:
    head = f"| {clock(at)} {when} | {code_in_table(str(item.get('check')))}"
    shown, hidden = findings_shown(item)
    if not told_by_finding(item):
        looked = f"{plain(item.get('looked_at'))} looked at"
        yield _row(head, str(item.get("verdict")), "", looked, str(item.get("message")))
    for finding in shown:
        lines = [
            f"{figure.label}: {', '.join(figure.values)}{f' (limit {figure.limit})' if figure.limit else ''}"
            for figure in figures(finding.get("measured") or {}, finding.get("bound") or {})
        ]
        known = finding.get("accepted")
        waived = finding.get("waived")
        says = f"{finding.get('message')}{f' Known exception: {plain(known)}' if known else ''}"
        says += f" WAIVED: {plain(waived)}" if waived else ""
        yield _row(head, str(finding.get("verdict")), str(finding.get("object")), *("\n".join(lines), says))
    if hidden:
        yield _row(head, "pass", f"{hidden:,} more objects", "", "")
    if item.get("omitted"):
        yield _row(head, str(item["omitted"].get("verdict")), "", "", f"kept aside: {plain(item['omitted'])}")


def _row(head: str, verdict: str, *cells: str) -> str:
    shown = ("<br>".join(in_table(line) for line in text.split("\n")) for text in cells)
    return f"{head} | {in_table(verdict.upper())} | {' | '.join(shown)} |"


def _decision(each: Decision) -> str:
    team = f" as {each.team}" if each.team else ""
    reason = f": {each.reason}" if each.reason else ""
    read = f"; as signed: {each.signed_with}" if each.attested else ""
    how = f" ({each.assurance})" if each.assurance else ""
    return f"**{each.decision}** {prose(f'{moment(each.at)} by {each.person}{team}{how}{reason}{read}')}"


def _timeline(run: RunSummary) -> Iterator[str]:
    yield from ("## Timeline (UTC)", "", "| time | | what |", "|---|---|---|")
    for line, said in run.timeline:
        yield f"| {clock(line.at)} | {said.word} | {in_table(said.text)} |"
    yield ""


def _record(run: RunSummary) -> Iterator[str]:
    yield "## The record"
    yield ""
    for file in run.state.opened.files:
        yield f"- file {code(file.path)} sha256 {code(file.sha256)}"
    yield f"- journal line {run.head.seq}, head {code(run.head.hash)}; `shisa verify` proves it"


def took(run: RunSummary) -> str:
    """Say from when to when a run went."""
    begin, last = run.state.started_at, run.timeline[-1][0].at
    start, end = parse_time(begin), parse_time(last)
    length = f" ({duration_of(end - start)})" if start and end else ""
    return f"{moment(begin)} to {moment(last)}{length}"


def counts(run: RunSummary) -> str:
    """Count the steps by whether they happened."""
    words = ("happened", "did not happen", "unknown")
    return ", ".join(f"{sum(step.happened == word for step in run.steps)} {word}" for word in words)
