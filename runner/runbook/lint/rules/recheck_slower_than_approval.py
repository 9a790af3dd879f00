"""A guard takes longer to ask again than the approval lives.

## What it does
Compares `max_age` and the step's `timeout` of a `recheck: full` guard with the policy's `approval_ttl` in
shisa.yaml.

## Why is it bad
The approval would expire while the guard is asked again, every time.

## Example
```yaml
guards: {before: [{check: sequence-drift, recheck: full, max_age: 2h}]}   # approval_ttl: 1h
```

## Use instead
```yaml
guards: {before: [{check: sequence-drift, recheck: cheap, max_age: 2h}]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.duration import parse_duration
from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.template import is_template


def judge(book: Book) -> Iterator[Flag]:
    """Report full rechecks that outlive the approval."""
    for view in book.steps:
        policy = book.config.policies.get(view.step.approval or "") if book.config is not None else None
        if policy is None or policy.window is not None:
            continue
        life = parse_duration(policy.approval_ttl)
        for i, guard in enumerate(view.step.guards.before):
            bound = guard.max_age
            if guard.recheck == "full" and bound and not is_template(bound) and parse_duration(bound) > life:
                message = f"{guard.check} may take {bound}, and the approval lives {policy.approval_ttl}"
                hint = "Use recheck: cheap, a shorter max_age, or a window in the policy."
                yield Flag((*view.path, "guards", "before", i), message, hint)


RULE = Rule("recheck-slower-than-approval", __doc__, judge)
