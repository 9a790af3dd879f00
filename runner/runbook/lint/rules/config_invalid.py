"""shisa.yaml is not valid.

## What it does
Reports what the configuration's schema refuses.

## Why is it bad
Policies that cannot be read protect nothing.

## Example
```yaml
policies: {cross-review: {need: dev}}
```

## Use instead
```yaml
policies: {cross-review: {need: [{team: dev, n: 1}]}}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("config-invalid", __doc__)
