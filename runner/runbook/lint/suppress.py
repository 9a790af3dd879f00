"""``# shisa: ignore RULE reason``: a known exception, in the open, with its reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from runner.document import Document, Suppression
from runner.runbook.lint.catalog import BY_ID
from runner.runbook.lint.found import Found, severity_of
from runner.runbook.lint.rule import Severity
from runner.schema import spelling


def suppress(found: Sequence[Found], document: Document, file: str, severities: Mapping[str, Severity]) -> list[Found]:
    """Mark the problems that a comment speaks of, and report the comments that are wrong or needless."""

    def told(rule: str, comment: Suppression, message: str, hint: str | None) -> Found:
        return Found(file, comment.line, 1, rule, severity_of(rule, severities), message, hint, above=comment.line)

    result, used = list(found), set()
    comments = document.suppressions
    good = [each for each in comments if each.rule in BY_ID and each.reason]
    for i, problem in enumerate(result):
        for comment in good:
            if comment.rule == problem.rule and _speaks_of(comment, problem) and BY_ID[comment.rule].judge is not None:
                result[i] = dataclasses.replace(problem, suppressed=comment.reason)
                used.add(comment)
    for comment in comments:
        if comment.rule not in BY_ID:
            hint = spelling(comment.rule, BY_ID, what="Rules") if comment.rule else "# shisa: ignore RULE reason"
            result.append(told("suppression-invalid", comment, f"there is no rule {comment.rule!r} to ignore", hint))
        elif not comment.reason:
            hint = f"# shisa: ignore {comment.rule} why it is right here"
            result.append(told("suppression-invalid", comment, f"{comment.rule} is ignored without a reason", hint))
        elif comment not in used:
            message = f"nothing here breaks {comment.rule}, so there is nothing to ignore"
            result.append(told("suppression-unused", comment, message, "Remove the comment."))
    return sorted(result, key=lambda each: (each.line, each.column))


def _speaks_of(comment: Suppression, problem: Found) -> bool:
    """The comment's own line, or, where it has that line for itself, the line below."""
    line = comment.line + 1 if comment.alone else comment.line
    return line in {problem.line, problem.above}
