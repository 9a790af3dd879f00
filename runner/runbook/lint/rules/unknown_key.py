"""A key is not part of the language.

## What it does
Reports keys that the schema does not know, with the nearest spelling.

## Why is it bad
A misspelled `aproval:` would be no approval at all.

## Example
```yaml
aproval: cross-review
```

## Use instead
```yaml
approval: cross-review
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("unknown-key", __doc__)
