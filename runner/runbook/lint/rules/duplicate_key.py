"""A key stands twice in one mapping.

## What it does
Reports the second one.

## Why is it bad
Most YAML readers silently keep the last one: what was reviewed is not what runs.

## Example
```yaml
timeout: 5min
timeout: 5h
```

## Use instead
```yaml
timeout: 5min
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("duplicate-key", __doc__)
