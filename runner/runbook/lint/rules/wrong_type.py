"""A value is of another type than its key takes.

## What it does
Reports a number where a text is due, a text where a list is due, and so on.

## Why is it bad
It would be guessed at, or fail in the middle of a run.

## Example
```yaml
expect: {rows: "5"}
```

## Use instead
```yaml
expect: {rows: 5}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("wrong-type", __doc__)
