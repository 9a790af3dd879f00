"""A plain word means something else to another YAML reader.

## What it does
Refuses what YAML 1.1 and 1.2 read differently: `no`, `010`, `1:30`, dates, `1_000`, `.5`, merge keys, keys that are
not text.

## Why is it bad
`no` is Norway to a person and false to a parser; `010` is eight to some. A runbook must mean one thing.

## Example
```yaml
choices: {no: Not used, yes: Used}
```

## Use instead
```yaml
choices: {"no": Not used, "yes": Used}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("yaml-surprise", __doc__)
