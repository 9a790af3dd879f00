"""A run as one HTML file that asks the network for nothing, reads well and prints well."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.model import Config
from runner.figures import clock, duration, figures, findings_shown, moment, plain, told_by_finding
from runner.journal.record import Record
from runner.journal.sentences import VERDICT_TONES, target_lines
from runner.report.as_markdown import counts, took
from runner.report.flags import flags, next_steps
from runner.report.markup import no_formula
from runner.report.summary import MOMENTS, summary
from runner.review.afterwards import Then, of_today
from runner.safe_text import escape, escape_code

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE = Path(__file__).with_name("report.html.j2")


def html(records: Iterable[Record], config: Config, then: Then = of_today) -> str:
    """Write the report of one run; every value passes `escape`, then HTML's own escaping, in one place."""
    run = summary(records, config, then)
    return _template().render(
        run=run, flags=flags(run), next_steps=next_steps(run), took=took(run), counts=counts(run), moments=MOMENTS
    )


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_finalize, trim_blocks=True)
    environment.lstrip_blocks = True
    environment.filters |= {
        "clock": clock,
        "code_lines": lambda text: escape_code(text).removesuffix("\n").split("\n"),
        "duration": duration,
        "cell": lambda value: no_formula(str(value)),
        "moment": moment,
        "one_line": escape,
        "plain": plain,
        "tone": lambda verdict: VERDICT_TONES.get(str(verdict), "unknown"),
    }
    environment.globals |= {
        "figures": lambda finding: figures(finding.get("measured") or {}, finding.get("bound") or {}),
        "findings_shown": findings_shown,
        "target_lines": target_lines,
        "told_by_finding": told_by_finding,
    }
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _finalize(value: Any) -> Any:
    """Escape whatever the template prints, line by line; jinja's own markup stays."""
    from markupsafe import Markup

    if hasattr(value, "__html__"):
        return value
    return Markup("<br>").join(escape(str(value), multiline=True).split("\n"))
