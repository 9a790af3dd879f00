"""Nobody could ever satisfy the policy of a step.

## What it does
Matches the people of shisa.yaml with what the policy needs: distinct people, and the operator never counts.

## Why is it bad
The run would stop in the middle and wait for people who do not exist.

## Example
```yaml
policies: {cross-review: {need: [{team: dev, n: 2}]}}   # and only bob is in dev
```

## Use instead
```yaml
policies: {cross-review: {need: [{team: dev, n: 1}]}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.config.model import Config, Policy
from runner.policy import satisfiable
from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule


def judge(book: Book) -> Iterator[Flag]:
    """Report policies that fail for every possible operator."""
    if book.config is None:
        return
    for view in book.steps:
        name = view.step.approval
        policy = book.config.policies.get(name) if name is not None else None
        if policy is not None and (why := _unsatisfiable(policy, book.config)):
            hint = "Change the policy, or add people to the teams, in shisa.yaml."
            yield Flag((*view.path, "approval"), f"nobody can satisfy the policy {name!r}: {why}", hint)


def _unsatisfiable(policy: Policy, config: Config) -> str:
    """Say why no operator finds enough reviewers; empty when one does."""
    roster = {name: person.teams for name, person in config.people.items()}
    whys = [satisfiable(policy.need, roster, {operator}) for operator in roster]
    if any(not why for why in whys):
        return ""
    return (satisfiable(policy.need, roster) or next(iter(whys), ("there are no people",)))[0]


RULE = Rule("policy-unsatisfiable", __doc__, judge)
