"""A run as JUnit XML, for the page of a CI system: a case a step, a case a guard."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from checks.base import Verdict
from runner.config.model import Config
from runner.figures import parse_time
from runner.journal.record import Record
from runner.report.flags import BREAK_GLASS, flags
from runner.report.summary import Asked, StepSummary, summary
from runner.review.afterwards import Then, of_today
from runner.safe_text import escape

_KINDS = {
    "unknown": "error",
    "failed": "failure",
    "cancelled": "failure",
    "blocked": "failure",
    "refused": "failure",
    "done": None,
}
"""Step state → the element that says so; what is not listed did not run and is skipped."""


def junit(records: Iterable[Record], config: Config, then: Then = of_today) -> str:
    """Write one test suite; ``error`` is what nobody knows, ``failure`` what did not happen or was stopped."""
    run = summary(records, config, then)
    name = f"{run.state.opened.runbook} {run.state.run}"
    suite = ET.Element("testsuite", name=escape(name), timestamp=escape(run.state.started_at))
    for flag in flags(run):
        if flag.word == BREAK_GLASS:
            case = ET.SubElement(suite, "testcase", classname="run", name="a second person has signed", time="0.000")
            ET.SubElement(case, "failure", message=escape(flag.text), type=flag.word)
    for step in run.steps:
        for asked in step.asked:
            for item in asked.evidence:
                suite.append(_guard(step, asked, item))
        suite.append(_step(step))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    ET.SubElement(suite, "system-out").text = f"journal head {run.head.seq} {run.head.hash}"
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _step(step: StepSummary) -> ET.Element:
    case = ET.Element("testcase", classname=escape(step.id), name=escape(step.title), time=_seconds(step))
    kind = _KINDS.get(step.state, "skipped")
    if kind:
        ET.SubElement(case, kind, message=escape(step.message or step.state), type=escape(step.state))
    return case


def _guard(step: StepSummary, asked: Asked, item: Mapping[str, Any]) -> ET.Element:
    name = escape(f"{asked.moment}: {item.get('check')}")
    case = ET.Element("testcase", classname=escape(step.id), name=name, time=f"{item.get('duration_ms', 0) / 1000:.3f}")
    verdict, message = str(item.get("verdict")), escape(str(item.get("message")))
    if Verdict.of(verdict).closes:
        tag = "failure" if verdict == "block" else "error"
        ET.SubElement(case, tag, message=message, type=escape(verdict))
    elif verdict != "pass":
        ET.SubElement(case, "system-out").text = f"{escape(verdict.upper())} {message}"
    return case


def _seconds(step: StepSummary) -> str:
    begin, end = parse_time(step.started_at or ""), parse_time(step.ended_at or "")
    return f"{(end - begin).total_seconds():.3f}" if begin and end else "0.000"
