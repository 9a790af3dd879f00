"""An alias has no anchor, or refers to itself.

## What it does
Reports `*name` without `&name` before it, and an anchor that contains its own alias.

## Why is it bad
Such a file has no content that one could show.

## Example
```yaml
rollback: *undo
```

## Use instead
```yaml
rollback: {sql: "DROP TABLE t"}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-alias", __doc__)
