"""The rules for people: one page each, and the list of all."""

from __future__ import annotations

from collections.abc import Iterable

from runner.runbook.lint.rule import Rule


def page(rule: Rule) -> str:
    """Write the page of one rule, in Markdown; ``shisa explain`` shows the same."""
    title, _, rest = rule.page.strip().partition("\n")
    return f"# {rule.id}\n\n{title}\n\nSeverity: {rule.severity}\n\n{rest.strip()}\n"


def index(rules: Iterable[Rule]) -> str:
    """Write the list of rules."""
    lines = ["# Lint rules", "", "What `shisa validate` looks for. Written by `make gen` from the rules.", ""]
    lines += ["| rule | severity | |", "|---|---|---|"]
    lines += [f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |" for rule in sorted(rules, key=_id)]
    return "\n".join(lines) + "\n"


def _id(rule: Rule) -> str:
    return rule.id
