"""A target of shisa.yaml names two places to connect to.

## What it does
Reports a `dsn` beside `service`, `host`, `port` or `dbname`.

## Why is it bad
The operator and the reviewer would each think of another database.

## Example
```yaml
live: {dsn: "postgresql://a/x", host: b}
```

## Use instead
```yaml
live: {dsn: "postgresql://a/x"}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("target-ambiguous", __doc__)
