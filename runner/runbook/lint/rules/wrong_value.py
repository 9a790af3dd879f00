"""A value is not among those that its key takes.

## What it does
Reports misspelled choices, durations without a unit, numbers out of range.

## Why is it bad
A bare `lock_timeout: 5` is five milliseconds to PostgreSQL and five seconds to its author.

## Example
```yaml
lock_timeout: "5"
```

## Use instead
```yaml
lock_timeout: 5s
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("wrong-value", __doc__)
