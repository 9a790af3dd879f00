"""A check is given a parameter it does not have, or a value that does not fit.

## What it does
Compares `with:` with what the check declares: names, types, units, bounds; and what it demands.

## Why is it bad
A bound that is silently ignored is no bound.

## Example
```yaml
- {check: long-transactions, with: {max_age: 5}}
```

## Use instead
```yaml
- {check: long-transactions, with: {max_age: 5min}}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("check-parameter", __doc__)
