"""A comment ignores a rule without a reason, or a rule that does not exist.

## What it does
Reads every `# shisa: ignore RULE reason` and demands both words.

## Why is it bad
An exception nobody can explain outlives the person who made it.

## Example
```yaml
sql: DELETE FROM t   # shisa: ignore dml-without-where
```

## Use instead
```yaml
sql: DELETE FROM t   # shisa: ignore dml-without-where the staging table is emptied whole
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("suppression-invalid", __doc__)
