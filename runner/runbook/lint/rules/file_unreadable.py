"""A file cannot be read.

## What it does
Reports a file of the given folders that the operating system does not give: no permission, a broken link, a loop of
links.

## Why is it bad
A file that nobody could look at is not a file without problems.

## Example
```yaml
runbooks/restore.yaml -> ../../elsewhere/gone.yaml
```

## Use instead
```yaml
runbooks/restore.yaml   # the file itself
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("file-unreadable", __doc__)
