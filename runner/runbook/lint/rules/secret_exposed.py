"""A secret stands where it would be seen.

## What it does
A secret may stand only in `:'name'`, `:scram'name'`, `env:` or `stdin:`. Also finds passwords written into the
file: in SQL, URIs, PGPASSWORD, and arguments.

## Why is it bad
Arguments are visible to every user of the machine, texts go to the journal, and files go to Git.

## Example
```yaml
command: [psql, "postgresql://app:geheim@db/app", -f, x.sql]
```

## Use instead
```yaml
command: {argv: [psql, -f, x.sql], env: {PGPASSWORD: "{{ password }}"}}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import UNSET

from runner.document import Path
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.names import Use
from runner.runbook.lint.rule import Rule
from runner.runbook.places import is_sql, takes_secrets
from runner.runbook.template import is_template

_URI = re.compile(r"\b\w+://[^\s:/@'\"{]+:[^\s@'\"{/][^\s@'\"{]*@")
_SQL_PASSWORD = re.compile(r"\bPASSWORD\s+'(?!\s*')", re.IGNORECASE)
_CONNINFO = re.compile(r"\bpassword\s*=\s*(?!\s|\{\{|:')\S", re.IGNORECASE)
_ENV = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY", re.IGNORECASE)


def judge(book: Book) -> Iterator[Flag]:
    """Report secrets outside their places, and literals that look like one."""
    secrets = book.secrets()
    for view in book.steps:
        yield from _misplaced(view, secrets)
        for path, text in view.texts:
            yield from _literal((*view.path, *path), path, text)
    for name, param in book.runbook.params.items():
        if param.default is not UNSET and isinstance(param.default, str) and _URI.search(param.default):
            yield Flag(("params", name, "default"), "a password stands in this URI", "Leave it to pgpass.")


def _misplaced(view: StepView, secrets: frozenset[str]) -> Iterator[Flag]:
    for use in view.uses:
        if not isinstance(use, Use) or use.name not in secrets:
            continue
        path = use.path[len(view.path) :]
        if not use.sql and not takes_secrets(path) and path[:2] != ("include", "with"):
            where = (
                "an argument is seen by every user of the machine" if "command" in path else "this text is journaled"
            )
            hint = f"A secret may stand in env: or stdin: of a command, or in SQL as :'{use.name}'."
            yield Flag(use.path, f"the secret {use.name!r} would be seen here: {where}", hint, offset=use.offset)
    for text in view.sql:
        for each in text.variables:
            if each.name in secrets and (each.style not in {"literal", "scram"} or text.role in {"look", "condition"}):
                hint = f"Write :'{each.name}' or :scram'{each.name}', in a step's own sql."
                yield Flag(text.path, f"the secret {each.name!r} would be seen here", hint, offset=each.start)


def _literal(place: Path, path: Path, text: str) -> Iterator[Flag]:
    hint = "Declare a parameter of type: secret and give it by env: or :'name'."
    found = _URI.search(text) if "://" in text else None
    if found is None and "=" in text and (path[0] == "command" or is_sql(path)):
        found = _CONNINFO.search(text)
    if is_sql(path):
        found = _SQL_PASSWORD.search(text) or found
    if found:
        yield Flag(place, "a password is written into the runbook", hint, offset=found.start())
    elif takes_secrets(path) and path[-2] == "env" and _ENV.search(str(path[-1])) and text and not is_template(text):
        yield Flag(place, f"the value of {path[-1]} is written into the runbook", hint)


RULE = Rule("secret-exposed", __doc__, judge)
