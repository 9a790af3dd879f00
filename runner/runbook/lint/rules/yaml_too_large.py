"""The file is larger or deeper than a person would write.

## What it does
Bounds the size (2 MB), the nesting (60 levels), and the number of values once aliases are expanded (100,000).

## Why is it bad
A runbook is read by people; a file that grows without bound when it is expanded is an attack or an accident.

## Example
```yaml
a: &a [x, x]
b: &b [*a, *a]   # and so on, thirty times
```

## Use instead
```yaml
a: [x, x]
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-too-large", __doc__)
