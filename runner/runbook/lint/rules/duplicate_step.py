"""Two steps have one id.

## What it does
Reports the second step, inside `for_each` too.

## Why is it bad
The journal, approvals and `shisa resolve` name steps by their id.

## Example
```yaml
- {id: a, title: A, manual: x}
- {id: a, title: B, manual: y}
```

## Use instead
```yaml
- {id: a, title: A, manual: x}
- {id: b, title: B, manual: y}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("duplicate-step", __doc__)
