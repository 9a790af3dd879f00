"""The file is not YAML.

## What it does
Reports where the YAML parser could not go on.

## Why is it bad
A file that cannot be read cannot be reviewed, planned or run.

## Example
```yaml
title: [unclosed
```

## Use instead
```yaml
title: closed
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-syntax", __doc__)
