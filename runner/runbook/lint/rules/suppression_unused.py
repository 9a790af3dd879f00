"""A comment ignores what is not there.

## What it does
Reports a suppression that no problem needs any more.

## Why is it bad
It would hide the next real problem on that line.

## Example
```yaml
title: Count rows   # shisa: ignore sql-syntax old reason
```

## Use instead
```yaml
title: Count rows
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("suppression-unused", __doc__, severity="warning")
