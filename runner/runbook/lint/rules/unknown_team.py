"""A team is named that nobody is in.

## What it does
Looks up the team of `ask`, of `owner`, and of policies in shisa.yaml.

## Why is it bad
The question would wait for ever.

## Example
```yaml
ask: {team: costumer-success, question: …}
```

## Use instead
```yaml
ask: {team: customer-success, question: …}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.document import Path
from runner.runbook.lint.book import Book
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.schema import spelling


def judge(book: Book) -> Iterator[Flag]:
    """Report teams without people."""
    if book.config is None or not book.config.people:
        return
    teams = {team for person in book.config.people.values() for team in person.teams}
    if book.runbook.owner and book.runbook.owner not in teams:
        yield _flag(book.runbook.owner, ("owner",), teams)
    for view in book.steps:
        if view.step.ask is not None and view.step.ask.team not in teams:
            yield _flag(view.step.ask.team, (*view.path, "ask", "team"), teams)


def _flag(team: str, path: Path, teams: set[str]) -> Flag:
    return Flag(path, f"nobody is in the team {team!r}", spelling(team, teams, what="Teams in shisa.yaml"))


RULE = Rule("unknown-team", __doc__, judge)
