"""Two people of shisa.yaml share one SSH key, or one role of the team journal.

## What it does
Compares the keys of all people, and the roles with which they log in to a team journal (`role:`, else their name).

## Why is it bad
One person could sign as two, and four eyes would be two.

## Example
```yaml
people:
  alice: {keys: [ssh-ed25519 AAAAC3Nz…]}
  bob: {keys: [ssh-ed25519 AAAAC3Nz…]}
```

## Use instead
```yaml
people:
  alice: {keys: [ssh-ed25519 AAAAC3Nz…]}
  bob: {keys: [ssh-ed25519 AAAAC3Oz…]}
```
"""

from __future__ import annotations

from runner.runbook.lint.rule import Rule

RULE = Rule("shared-key", __doc__)
