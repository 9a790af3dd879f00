"""The file is not UTF-8 text.

## What it does
Refuses UTF-16, UTF-32 and bytes that are not UTF-8.

## Why is it bad
Two tools that guess the encoding differently show two different runbooks to operator and reviewer.

## Example
```yaml
(a file saved as UTF-16)
```

## Use instead
```yaml
(the same file saved as UTF-8)
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-encoding", __doc__)
