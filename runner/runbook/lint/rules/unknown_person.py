"""shisa.yaml names a person who is not in people.

## What it does
Looks up who may break the glass, who is told when nobody signs, and who accepted an exception.

## Why is it bad
A rule about nobody holds for nobody.

## Example
```yaml
accept: [{check: hidden-nextval, object: f(), reason: old, by: bbo, until: 2027-03-31}]
```

## Use instead
```yaml
accept: [{check: hidden-nextval, object: f(), reason: old, by: bob, until: 2027-03-31}]
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("unknown-person", __doc__)
