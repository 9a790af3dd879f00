"""A key that must be there is missing.

## What it does
Reports what a runbook, step, guard or other mapping lacks, such as a step without a kind.

## Why is it bad
Nobody can tell what such a step does.

## Example
```yaml
- id: stop
  title: Stop the workers
```

## Use instead
```yaml
- id: stop
  title: Stop the workers
  manual: Stop them with `systemctl stop worker`.
  expected: No worker is listed any more.
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("missing-key", __doc__)
