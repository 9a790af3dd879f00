"""A guard names a check that does not exist.

## What it does
Looks the id up in the catalogue (`shisa checks`) and says the nearest spelling.

## Why is it bad
A guard that cannot be asked guards nothing.

## Example
```yaml
guards: {before: [{check: sequence-drfit}]}
```

## Use instead
```yaml
guards: {before: [{check: sequence-drift}]}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("unknown-check", __doc__)
