"""A YAML tag stands in the file.

## What it does
Refuses `!tag` and `!!type`.

## Why is it bad
Tags make some readers build objects; this one reads plain data only.

## Example
```yaml
id: !!str restore
```

## Use instead
```yaml
id: restore
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-tag", __doc__)
