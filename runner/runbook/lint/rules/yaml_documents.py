"""The file holds more than one document.

## What it does
Reports the second `---`.

## Why is it bad
Only one of them would be run; a reader cannot tell which.

## Example
```yaml
shisa: 1
---
shisa: 1
```

## Use instead
```yaml
shisa: 1
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-documents", __doc__)
