"""An included runbook cannot be used.

## What it does
Reads the file that `include` names: it must exist, be valid, not run in a circle, match its `sha256`, and take the
parameters that `with` gives.

## Why is it bad
The plan could not be made, or would contain something else than was reviewed.

## Example
```yaml
include: {runbook: common/backup.yml}
```

## Use instead
```yaml
include: {runbook: common/backup.yaml, with: {to: "{{ folder }}"}}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from msgspec import UNSET

from runner.document import Path
from runner.errors import ShisaError
from runner.runbook.lint.book import Book, StepView
from runner.runbook.lint.flag import Flag
from runner.runbook.lint.rule import Rule
from runner.runbook.load import LoadedRunbook, load, repository
from runner.schema import spelling


def judge(book: Book) -> Iterator[Flag]:
    """Follow each include and report what hinders it."""
    home = repository(book.file)
    for view in book.steps:
        if view.step.include is not None:
            yield from _followed(view, book, home)


def _followed(view: StepView, book: Book, home: FilePath) -> Iterator[Flag]:
    include = view.step.include
    if include is None:
        return
    place = (*view.path, "include", "runbook")
    file = book.file.parent / include.runbook
    try:
        loaded = load(file)
        circle = _circle(loaded, (book.file.resolve(), file.resolve()))
    except ShisaError as error:
        yield Flag(place, f"the included runbook cannot be used: {error.message}", error.hint)
        return
    if circle:
        yield Flag(place, f"the include runs in a circle: {circle}", "Take the common steps into a third runbook.")
    if include.sha256 is not None and include.sha256 != loaded.sha256:
        message = "the included runbook has another content than the pinned one"
        yield Flag((*place[:-1], "sha256"), message, f"Read it again, then pin {loaded.sha256}")
    if include.sha256 is None and not file.resolve().is_relative_to(home):
        yield Flag(place, "the included runbook lies outside of the repository and is not pinned", "Add its sha256.")
    yield from _bindings(view, loaded, place)


def _bindings(view: StepView, loaded: LoadedRunbook, place: Path) -> Iterator[Flag]:
    given = view.step.include.with_ if view.step.include else {}
    params = loaded.runbook.params
    for name in given:
        if name not in params:
            hint = spelling(name, params, what="Its parameters")
            yield Flag(
                (*place[:-1], "with", name), f"the included runbook has no parameter {name!r}", hint, of_key=True
            )
    for name, param in params.items():
        if name not in given and param.default is UNSET:
            yield Flag(place, f"the included runbook needs the parameter {name!r}", "Give it under with:")


def _circle(loaded: LoadedRunbook, trail: tuple[FilePath, ...]) -> str:
    """Say how includes come back to a file they came from; empty when they do not."""
    if trail[-1] in trail[:-1]:
        return " → ".join(each.name for each in trail)
    for data in loaded.runbook.steps:
        if "include" in data:
            file = (loaded.path.parent / data["include"]["runbook"]).resolve()
            found = _circle(loaded, (*trail, file)) if file in trail else _circle(load(file), (*trail, file))
            if found:
                return found
    return ""


RULE = Rule("include-broken", __doc__, judge)
